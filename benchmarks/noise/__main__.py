"""Simulate how often the audit errs: ``python -m benchmarks.noise [--full] [--only NAME] [-o FILE]``."""

from __future__ import annotations

import os
import time
from pathlib import Path

import click

from benchmarks.noise.estimate import Row, generator
from benchmarks.noise.figure import SHOWN, draw, save
from benchmarks.noise.practice import best_gains
from benchmarks.noise.tables import SIMULATIONS, section, simulate
from posttrace.reports import style

FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.option("--full", is_flag=True, help="Every case of every grid: hours.")
@click.option("--only", multiple=True, type=click.Choice(list(SIMULATIONS)), help="Some of the tables.")
@click.option("--seed", default=0, show_default=True)
@click.option("--processes", default=1, show_default=True, help="Changes no number.")
@click.option("-o", "--out", type=FILE, help="Markdown file to write.")
@click.option("--figure", type=FILE, help="PNG of the best of k without a gain, with what is claimed of it.")
def main(
    full: bool, only: tuple[str, ...], seed: int, processes: int, out: Path | None, figure: Path | None
) -> None:
    """Print the tables, each number with its Monte-Carlo standard error in parentheses."""
    for library in ("OPENBLAS", "OMP", "MKL"):
        os.environ[f"{library}_NUM_THREADS"] = "1"
    found: dict[str, list[Row]] = {}
    for name in only or SIMULATIONS:
        started, found[name] = time.perf_counter(), []
        for row in simulate(name, full, seed, processes):
            found[name].append(row)
            click.echo(" ".join(map(str, row.values())), err=True)
        click.echo(f"\n{section(name, found[name])}\n")
        click.echo(f"{name}: {time.perf_counter() - started:.0f} s", err=True)
    if out is not None:
        sections = [_head(full, only, seed), *(section(name, rows) for name, rows in found.items())]
        out.write_text("\n\n".join(sections) + "\n")
    if figure is not None and "practice" in found:
        draw_figure(found["practice"], seed, figure)


def draw_figure(rates: list[Row], seed: int, path: Path) -> None:
    """Beside the rates of the common practices: the distribution of the best gain itself."""
    gains = best_gains(generator(seed, "best gains"), SHOWN, 20_000)
    with style.applied():
        save(draw(gains, rates), path)


def _head(full: bool, only: tuple[str, ...], seed: int) -> str:
    """What made the file."""
    words = ["--full"] * full + [f"--only {name}" for name in only] + [f"--seed {seed}"]
    return (
        "# Simulated error rates of the audit\n\n"
        f"Made by `python -m benchmarks.noise {' '.join(words)}`; the same command gives the same numbers. "
        "A number in parentheses is the Monte-Carlo standard error of the one before it. Scores are on 0..1, "
        "gains in percentage points; p0 is the true score of the baseline, ICC the correlation of two "
        "scorings of one item, k the number of submissions, m that of scorings of the baseline. "
        "[What they mean](noise.md)."
    )


if __name__ == "__main__":
    main()
