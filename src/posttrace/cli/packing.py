"""Commands that write the paper pack: figures and tables as files, with what is behind them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from posttrace.cli.checking import checked, refuse_others
from posttrace.cli.options import Paths, audit_options, paths_argument
from posttrace.cli.progress import Tell, telling

if TYPE_CHECKING:
    from posttrace.reports.pack.entry import Made
    from posttrace.reports.pack.material import Material

STYLES = ("wide", "neurips", "icml", "acl")
FORMATS = ("csv", "json", "markdown", "latex", "parquet")
CHECKED = ("paths", "check", "only", "names")
"""Parameters that go with ``--check``."""

check_option = click.option("--check", is_flag=True, help="Compute the pack PATH again and compare.")


@click.command()
@paths_argument
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Folder of the pack.")
@click.option(
    "--style",
    "page",
    default="wide",
    show_default=True,
    type=click.Choice(STYLES),
    help="Width and text of the figures.",
)
@click.option(
    "--only",
    default="",
    metavar="NAME[,NAME]",
    help="These figures alone; an unknown name lists them all.",
)
@check_option
@audit_options
def figures(paths: Paths, out: Path | None, page: str, only: str, check: bool, **settings: Any) -> int:
    """Draw the figures of a paper, each with the numbers behind it.

    A figure is PDF, SVG and PNG, and a JSON of its numbers and of the runs they are of. PATH is traces or
    folders of them, or tables of reported results: CSV files, or published:NAME. What the data do not support
    is not drawn, and the reason is said.

    With --check the first PATH is a pack: its numbers are computed again, with its own settings, from the
    PATHs that follow or where the traces lay, and its files compared with their hashes; nothing is written.

    Exit 1 when a figure named by --only was not drawn, or when --check finds that something changed.
    """
    from posttrace.reports.pack.write import chosen, write_figures
    from posttrace.reports.style import PAGES

    names = only.split(",")
    if check:
        return _check("figures", paths, names)
    chosen(names)  # a name that no figure has is said before the long work
    folder = _folder(out)
    size = PAGES[page]

    def work(tell: Tell) -> list[Made]:
        material = _material(paths, settings, tell)
        return write_figures(material, folder, page=size, names=names, told=_done(tell))

    made = telling("figures", work)
    _say(made)
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
    return checked(
        Path(pack), "pack", lambda told: check(Path(pack), what, traces, names, each=each, progress=told)
    )


def _material(paths: Paths, settings: dict[str, Any], tell: Tell) -> Material:
    import posttrace as pt
    from posttrace.reports.memory import Memory
    from posttrace.reports.pack.material import Material

    return Material.read(paths, pt.AuditSettings(**settings), Memory.of_user(), tell)


def _done(tell: Tell) -> Callable[[Made], object]:
    return lambda made: tell(f"{made.name} done")


def _say(made: Iterable[Made]) -> None:
    for one in made:
        said = f"none: {one.reason}" if one.reason is not None else ", ".join(one.files)
        click.echo(f"{one.name}: {said}")


@click.command()
@paths_argument
@click.option(
    "--format",
    "form",
    default="csv",
    show_default=True,
    type=click.Choice(FORMATS),
    help="Format of the tables.",
)
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Folder of the pack.")
@click.option("--table", "names", multiple=True, metavar="NAME", help="This table alone; may be given again.")
@check_option
@audit_options
def tables(
    paths: Paths, form: str, out: Path | None, names: tuple[str, ...], check: bool, **settings: Any
) -> int:
    """Write tables of the runs, their audit and the study.

    -o writes files, each with a JSON of the runs behind it; --table without -o prints one table; with neither
    it says which tables there are. LaTeX (booktabs) and Markdown are for people, with rounded numbers; CSV,
    JSON and Parquet have all digits. PATH and --check are as in posttrace figures.

    Exit 1 when a table named by --table cannot be made of these data, or --check finds that one changed.
    """
    from posttrace.reports.pack.sheets import chosen
    from posttrace.reports.pack.write_tables import write_tables
    from posttrace.traces.errors import InputError

    if check:
        return _check("tables", paths, names)
    chosen(names)  # a name that no table has is said before the long work
    if out is None and not names:
        return _list_tables()
    if out is None and (len(names) > 1 or form == "parquet"):
        raise InputError("several tables, and Parquet, are files: give -o DIR")
    if out is None:
        return _print_table(paths, settings, names[0], form)
    folder = out

    def work(tell: Tell) -> list[Made]:
        return write_tables(_material(paths, settings, tell), folder, form, names, told=_done(tell))

    made = telling("tables", work)
    _say(made)
    missing = [one for one in made if one.reason is not None]
    click.echo(f"tables: {folder} ({len(made) - len(missing)} written, {len(missing)} not)")
    return int(bool(names) and bool(missing))


def _print_table(paths: Paths, settings: dict[str, Any], name: str, form: str) -> int:
    from posttrace.reports.pack.entry import Unsupported
    from posttrace.reports.pack.write_tables import table

    try:
        printed = telling("tables", lambda tell: table(_material(paths, settings, tell), name, form))
    except Unsupported as error:
        click.echo(f"{name}: {error}", err=True)
        return 1
    click.echo(printed.decode(), nl=False)
    return 0


def _list_tables() -> int:
    import pandas as pd

    from posttrace.reports.pack.sheets import SHEETS
    from posttrace.reports.terminal.screen import print_frame

    rows = [(sheet.name, sheet.row) for sheet in SHEETS]
    frame = pd.DataFrame(rows, columns=pd.Index(["table", "one row is"]))
    print_frame(frame, "Tables: --table NAME prints one, -o DIR writes all")
    return 0


def packed(out: Path) -> str:
    """Write the paper pack of the runs below ``out``, and say where it is."""
    from posttrace.reports.pack.write import write_figures
    from posttrace.reports.pack.write_tables import write_tables

    folder = out / "pack"

    def work(tell: Tell) -> tuple[int, int]:
        material = _material((str(out),), {}, tell)
        drawn = write_figures(material, folder, told=_done(tell))
        written = write_tables(material, folder, "latex", told=_done(tell))
        return sum(one.reason is None for one in drawn), sum(one.reason is None for one in written)

    n_figures, n_tables = telling("pack", work)
    return f"pack: {folder} ({n_figures} figures as PDF, SVG and PNG; {n_tables} tables in LaTeX)"
