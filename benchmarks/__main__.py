"""Run the benchmarks and print their figures: ``python -m benchmarks [--quick] [NAME...]``."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from benchmarks.row import Row

HELPERS = {"__init__", "__main__", "row"}
NAMES = sorted(
    path.stem
    for path in Path(__file__).parent.glob("*.py")
    if path.stem not in HELPERS and not path.stem.startswith("_")
)


@click.command()
@click.option("--quick", is_flag=True, help="Smaller inputs: seconds instead of minutes.")
@click.argument("names", nargs=-1, type=click.Choice(NAMES))
def main(quick: bool, names: tuple[str, ...]) -> None:
    """Measure and print; a goal that is missed is shown, not hidden."""
    table = Table("benchmark", "value", "ratio", "goal", "met", title="posttrace benchmarks")
    for name in names or NAMES:
        for row in import_module(f"benchmarks.{name}").run(quick):
            table.add_row(*cells(row))
    Console().print(table)


def cells(row: Row) -> list[str]:
    ratio = "" if row.ratio is None else f"{row.ratio:.1f}x {row.baseline or ''}"
    met = "" if row.met is None else ("yes" if row.met else "NO")
    return [row.name, f"{row.value:.3g} {row.unit}", ratio, row.goal or "", met]


if __name__ == "__main__":
    main()
