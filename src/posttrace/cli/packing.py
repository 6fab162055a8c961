"""Commands that write the paper pack: figures and tables as files, with what is behind them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from posttrace.cli.options import Paths, audit_options, paths_argument

if TYPE_CHECKING:
    from posttrace.reports.pack.entry import Made

STYLES = ("wide", "neurips", "icml", "acl")


@click.command()
@paths_argument
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path), help="Folder of the pack.")
@click.option("--style", "page", default="wide", show_default=True, type=click.Choice(STYLES))
@click.option("--only", default="", metavar="NAME[,NAME]", help="These figures alone.")
@audit_options
def figures(paths: Paths, out: Path, page: str, only: str, **settings: Any) -> int:
    """Draw the figures of a paper: PDF, SVG and PNG, each with its numbers and their runs as JSON.

    PATH is traces or folders of them, or tables of reported results: CSV files, or published:NAME. What the
    data do not support is not drawn, and the reason is said.

    Exit 1 when a figure named by --only was not drawn.
    """
    import posttrace as pt
    from posttrace.reports.pack.material import Material
    from posttrace.reports.pack.write import chosen, write_figures
    from posttrace.reports.style import PAGES

    names = only.split(",")
    chosen(names)  # a name that no figure has is said before the long work
    material = Material.read(paths, pt.AuditSettings(**settings))
    made = write_figures(material, out, page=PAGES[page], names=names, told=_say)
    missing = [one for one in made if one.reason is not None]
    click.echo(f"pack: {out} ({len(made) - len(missing)} drawn, {len(missing)} not)")
    return int(bool(only.strip(", ")) and bool(missing))


def _say(made: Made) -> None:
    said = f"not drawn: {made.reason}" if made.reason is not None else ", ".join(made.files)
    click.echo(f"{made.name}: {said}")
