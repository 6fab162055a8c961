"""Measure the routes of code against a labelled list: ``python -m benchmarks.routes LABELS CLONES``."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Final

import click
from rich.console import Console

from benchmarks.routes.evaluation import Evaluation
from benchmarks.routes.fit import Fitted
from benchmarks.routes.tables import errors, markdown, tables
from benchmarks.routes.units import read_units
from benchmarks.routes.verdicts import Judge
from posttrace.analysis.routes.confidence import SHIPPED, THRESHOLD, shipped
from posttrace.traces.errors import PosttraceError

WIDTH: Final = 150
"""Columns that the widest table needs; also in a file or pipe."""
MARK: Final = "<!-- what follows is written by make routes-eval -->"
FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("labels", type=FILE)
@click.argument("clones", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.option("--json", "as_json", type=FILE, help="Write all figures and verdicts to this file.")
@click.option("--markdown", "page", type=FILE, help="Replace the figures of this page.")
@click.option(
    "--errors", "show_errors", is_flag=True, help="List wrong verdicts, and right ones that cite other lines."
)
@click.option("--only", default="", help="Units whose repository, path or framework contains this text.")
@click.option("--seconds", default=60.0, show_default=True, help="At most for one unit.")
@click.option("--threshold", default=THRESHOLD, show_default=True, help="Confidence below it is unknown.")
@click.option("--fit", is_flag=True, help="Fit the confidences on this list, and ship them.")
def main(
    labels: Path,
    clones: Path,
    as_json: Path | None,
    page: Path | None,
    show_errors: bool,
    only: str,
    seconds: float,
    threshold: float,
    fit: bool,
) -> None:
    """LABELS: CSV with repo, commit, path, unit, framework, label, handwritten, evidence. CLONES: git
    directories CLONES/owner+name/repo or CLONES/owner+name. Nothing of them is executed."""
    started = time.perf_counter()
    try:
        units = [unit for unit in read_units(labels) if only in f"{unit.name} {unit.framework}"]
        verdicts = Judge(clones, seconds)(units)
    except PosttraceError as error:
        raise click.ClickException(str(error)) from error
    fitted = Fitted.of(verdicts)
    evaluation = Evaluation(tuple(verdicts), fitted.calibration if fit else shipped(), threshold)
    console = Console()
    console.width = max(console.width, WIDTH)
    for table in tables(evaluation):
        console.print(table)
    if show_errors:
        console.print(errors(evaluation), soft_wrap=True, highlight=False, markup=False)
    if fit:
        SHIPPED.write_text(fitted.toml())
        console.print(f"{SHIPPED}:\n{fitted.toml()}", soft_wrap=True, highlight=False, markup=False)
    console.print(f"{len(units)} units in {time.perf_counter() - started:.0f} s")
    if page is not None:
        figures = f"{MARK}\n\n{markdown(evaluation)}\n"
        page.write_text(page.read_text().partition(MARK)[0] + figures)
    if as_json is not None:
        as_json.write_text(json.dumps(evaluation.to_json(), indent=1, allow_nan=False) + "\n")


if __name__ == "__main__":
    main()
