"""Measure the routes of code against a labelled list: ``python -m benchmarks.routes LABELS CLONES``."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Final

import click
from rich.console import Console

from benchmarks.routes.evaluation import Evaluation
from benchmarks.routes.tables import errors, tables
from benchmarks.routes.units import read_units
from benchmarks.routes.verdicts import Judge
from posttrace.traces.errors import PosttraceError

WIDTH: Final = 132
"""Columns that the widest table needs; also in a file or pipe."""
FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("labels", type=FILE)
@click.argument("clones", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.option("--json", "as_json", type=FILE, help="Write all figures and verdicts to this file.")
@click.option("--errors", "show_errors", is_flag=True, help="List each unit that was judged wrongly.")
@click.option("--only", default="", help="Units whose repository, path or framework contains this text.")
@click.option("--processes", default=2, show_default=True, type=click.IntRange(1, 2))
@click.option("--seconds", default=60.0, show_default=True, help="At most for one unit.")
@click.option("--seed", default=0, show_default=True, help="Of the bootstrap.")
def main(
    labels: Path,
    clones: Path,
    as_json: Path | None,
    show_errors: bool,
    only: str,
    processes: int,
    seconds: float,
    seed: int,
) -> None:
    """LABELS: CSV with repo, commit, path, unit, framework, label, handwritten, evidence. CLONES: git
    directories CLONES/owner+name/repo or CLONES/owner+name. Nothing of them is executed."""
    started = time.perf_counter()
    try:
        units = [unit for unit in read_units(labels) if only in f"{unit.name} {unit.framework}"]
        verdicts = Judge(clones, seconds, processes)(units)
    except PosttraceError as error:
        raise click.ClickException(str(error)) from error
    evaluation = Evaluation(tuple(verdicts), seed)
    console = Console()
    console.width = max(console.width, WIDTH)
    for table in tables(evaluation):
        console.print(table)
    if show_errors:
        console.print(errors(evaluation), soft_wrap=True, highlight=False, markup=False)
    console.print(f"{len(units)} units in {time.perf_counter() - started:.0f} s")
    if as_json is not None:
        as_json.write_text(json.dumps(evaluation.to_json(), indent=1, allow_nan=False) + "\n")


if __name__ == "__main__":
    main()
