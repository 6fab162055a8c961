"""Commands that write the paper pack: figures and tables as files, with what is behind them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from posttrace.cli.checking import refuse_others, tell
from posttrace.cli.options import Paths, audit_options, paths_argument

if TYPE_CHECKING:
    from posttrace.reports.pack.entry import Made

STYLES = ("wide", "neurips", "icml", "acl")
FORMATS = ("csv", "json", "markdown", "latex", "parquet")
CHECKED = ("paths", "check", "only", "names")
"""Parameters that go with ``--check``."""

check_option = click.option("--check", is_flag=True, help="Compute the pack PATH again and compare.")


@click.command()
@paths_argument
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Folder of the pack.")
@click.option("--style", "page", default="wide", show_default=True, type=click.Choice(STYLES))
@click.option("--only", default="", metavar="NAME[,NAME]", help="These figures alone.")
@check_option
@audit_options
def figures(paths: Paths, out: Path | None, page: str, only: str, check: bool, **settings: Any) -> int:
    """Draw the figures of a paper: PDF, SVG and PNG, each with its numbers and their runs as JSON.

    PATH is traces or folders of them, or tables of reported results: CSV files, or published:NAME. What the
    data do not support is not drawn, and the reason is said.

    With --check the first PATH is a pack: its numbers are computed again, with its own settings, from the
    PATHs that follow or where the traces lay, and its files compared with their hashes; nothing is written.

    Exit 1 when a figure named by --only was not drawn, or when --check finds that something changed.
    """
    import posttrace as pt
    from posttrace.reports.memory import Memory
    from posttrace.reports.pack.material import Material
    from posttrace.reports.pack.write import chosen, write_figures
    from posttrace.reports.style import PAGES

    names = only.split(",")
    if check:
        return _check("figures", paths, names)
    chosen(names)  # a name that no figure has is said before the long work
    folder = _folder(out)
    material = Material.read(paths, pt.AuditSettings(**settings), Memory.of_user())
    made = write_figures(material, folder, page=PAGES[page], names=names, told=_say)
    missing = [one for one in made if one.reason is not None]
    click.echo(f"pack: {folder} ({len(made) - len(missing)} drawn, {len(missing)} not)")
    return int(bool(only.strip(", ")) and bool(missing))


def _folder(out: Path | None) -> Path:
    from posttrace.traces.errors import InputError

    if out is None:
        raise InputError("where to? give -o DIR; or --check, to compute the pack PATH again")
    return out


def _check(what: Literal["figures", "tables"], paths: Paths, names: Iterable[str]) -> int:
    from posttrace.reports.memory import Memory
    from posttrace.reports.pack.check import check

    refuse_others("pack", CHECKED)
    pack, *traces = paths
    each = Memory.of_user().forgetful()
    return tell(
        Path(pack), "pack", lambda told: check(Path(pack), what, traces, names, each=each, progress=told)
    )


def _say(made: Made) -> None:
    said = f"none: {made.reason}" if made.reason is not None else ", ".join(made.files)
    click.echo(f"{made.name}: {said}")


@click.command()
@paths_argument
@click.option("--format", "form", default="csv", show_default=True, type=click.Choice(FORMATS))
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Folder for the files.")
@click.option("--table", "names", multiple=True, metavar="NAME", help="This table; may be given again.")
@check_option
@audit_options
def tables(
    paths: Paths, form: str, out: Path | None, names: tuple[str, ...], check: bool, **settings: Any
) -> int:
    """Write tidy tables of the runs, of their audit and of the study: files with -o, one table to stdout.

    Without --table and -o it says which tables there are. Tables are for paper and machine: LaTeX (booktabs)
    and Markdown shorten numbers, CSV, JSON and Parquet have all digits. --check is as in posttrace figures.

    Exit 1 when a table named by --table cannot be made of these data, or --check finds that one changed.
    """
    import posttrace as pt
    from posttrace.reports.memory import Memory
    from posttrace.reports.pack.entry import Unsupported
    from posttrace.reports.pack.material import Material
    from posttrace.reports.pack.sheets import chosen
    from posttrace.reports.pack.write_tables import table, write_tables
    from posttrace.traces.errors import InputError

    if check:
        return _check("tables", paths, names)
    chosen(names)  # a name that no table has is said before the long work
    if out is None and not names:
        return _list_tables()
    if out is None and (len(names) > 1 or form == "parquet"):
        raise InputError("several tables, and Parquet, are files: give -o DIR")
    material = Material.read(paths, pt.AuditSettings(**settings), Memory.of_user())
    if out is None:
        try:
            click.echo(table(material, names[0], form).decode(), nl=False)
        except Unsupported as error:
            click.echo(f"{names[0]}: {error}", err=True)
            return 1
        return 0
    made = write_tables(material, out, form, names, told=_say)
    missing = [one for one in made if one.reason is not None]
    click.echo(f"tables: {out} ({len(made) - len(missing)} written, {len(missing)} not)")
    return int(bool(names) and bool(missing))


def _list_tables() -> int:
    import pandas as pd

    from posttrace.reports.pack.sheets import SHEETS
    from posttrace.reports.terminal.screen import print_frame

    rows = [(sheet.name, sheet.row) for sheet in SHEETS]
    frame = pd.DataFrame(rows, columns=pd.Index(["table", "one row is"]))
    print_frame(frame, "Tables: --table NAME prints one, -o DIR writes all")
    return 0
