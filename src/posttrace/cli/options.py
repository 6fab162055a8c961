"""Arguments and options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import click

POLICIES = ("drop", "zero", "baseline")
AUDIT: Final[dict[str, tuple[Any, Any, str]]] = {
    "--alpha": (0.05, float, "One-sided level of significance."),
    "--delta-min": (0.0, float, "A gain must exceed this, 0..1."),
    "--delta-eq": (0.02, float, "A gain that is surely below this counts as none, 0..1."),
    "--resamples": (10_000, int, "Draws of each null distribution."),
    "--seed": (0, int, "Seed of the resampling."),
    "--exclude-policy": (
        "drop",
        click.Choice(POLICIES),
        "In means over runs, one without a score is left out (drop), scores 0 (zero) or gains 0 (baseline).",
    ),
}
"""Options of the audit: default, type and help."""

Paths = tuple[str, ...]
paths_argument = click.argument("paths", nargs=-1, required=True, metavar="PATH...")
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
csv_option = click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")


def one_form(as_json: bool, as_csv: bool) -> None:
    """Raise ``InputError`` where both are asked for."""
    from posttrace.traces.errors import InputError

    if as_json and as_csv:
        raise InputError("--json and --csv: choose one")


def audit_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The settings of the audit, by the names of ``AuditSettings``."""
    for name, (default, kind, said) in reversed(AUDIT.items()):
        command = click.option(name, default=default, show_default=True, type=kind, help=said)(command)
    return command


def audit_overrides(command: Callable[..., Any]) -> Callable[..., Any]:
    """The same where a configuration has the defaults: what is not typed is ``None``."""
    for name, (default, kind, said) in reversed(AUDIT.items()):
        command = click.option(name, type=kind, help=f"{said}  [default: {default}]")(command)
    return command
