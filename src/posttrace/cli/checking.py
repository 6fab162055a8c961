"""What the commands with ``--check`` say of numbers that were computed again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from click.core import ParameterSource

from posttrace.cli.progress import Tell, telling

if TYPE_CHECKING:
    from posttrace.reports.compare import Checked

SHOWN: Final = 20
"""Differences that are printed; of more the number."""


def refuse_others(what: str, taken: Collection[str], words: Sequence[str] = ()) -> None:
    """Complain of parameters that were typed beside ``--check`` and are not ``taken``, and of ``words``."""
    from posttrace.traces.errors import InputError

    context = click.get_current_context()
    spelt = {parameter.name: parameter.opts[-1] for parameter in context.command.params}
    typed = [
        spelt[name]
        for name in context.params  # in the order in which they were typed
        if name not in taken and context.get_parameter_source(name) == ParameterSource.COMMANDLINE
    ]
    if others := [*typed, *words]:
        raise InputError(f"--check takes this from the {what}: leave out {', '.join(others)}")


def checked(path: Path, what: str, work: Callable[[Tell], Checked]) -> int:
    """Do ``work``, which is given what to tell its progress to, and print what differs: 1 if anything."""
    from importlib.metadata import version

    from posttrace.reports.display import plural

    found = telling("check", work)
    if found.version != version("posttrace"):
        click.echo(f"{path} was made by posttrace {found.version}; this is {version('posttrace')}", err=True)
    for line in found.differences[:SHOWN]:
        click.echo(line)
    if found.differences:
        click.echo(f"{path}: {plural(len(found.differences), 'difference')}; the {what} does not reproduce")
        return 1
    shown = "figure or table" if found.n_shown == 1 else "figures and tables"
    of = f" of {plural(found.n_runs, 'run')}" if found.n_runs else ""  # reported tables have no runs
    numbers = f"{found.n_numbers:,} numbers{of} reproduce"
    click.echo(f"{path}: {numbers} ({found.n_shown} {shown})")
    return 0
