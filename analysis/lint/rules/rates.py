"""Is a rate of runs a multiple of one run?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from posttrace.analysis.lint.book import Book
from posttrace.analysis.lint.finding import Finding
from posttrace.analysis.lint.printed import number
from posttrace.analysis.lint.rules.base import found
from posttrace.analysis.lint.rules.granularity import fits
from posttrace.analysis.lint.sheet import Cell, Line, Sheet

MOST = 1000
"""Largest number of runs that is tried for a rate."""


@dataclass(frozen=True)
class Rates:
    """A share of N runs is k/N; otherwise the smallest N that would give it, alone and for the whole row."""

    name: str = "rates"
    question: str = "is a rate k/N for the stated number of runs N?"

    def __call__(self, book: Book) -> Iterator[Finding]:
        """Rates that N runs cannot have."""
        for sheet in book.sheets:
            for line in sheet.data:
                runs = line.count("n_runs")
                for cell in line.all("rate") if runs else ():
                    scale = sheet.scale(cell.column)
                    if runs and cell.number and not fits(cell.number, scale, runs):
                        yield self._found(sheet, (line, cell), runs)

    def _found(self, sheet: Sheet, at: tuple[Line, Cell], runs: int) -> Finding:
        line, cell = at
        scale = sheet.scale(cell.column)
        value = cell.number.value if cell.number else 0.0
        k = int(value / scale * runs)
        near = " or ".join(f"{number(each / runs * scale)} ({each}/{runs})" for each in (k, k + 1))
        explained = [
            f"another number of runs: {', '.join(_smallest(sheet, line, cell))}",
            "a share of something else than runs (tries, steps, executions)",
            "a mean over groups of runs",
        ]
        return found(self, at, f"k/{runs}: {near}", explained)


def _smallest(sheet: Sheet, line: Line, cell: Cell) -> Iterator[str]:
    """Smallest N that gives the rate, and all rates of the row."""
    row = line.all("rate")
    choices = [((cell,), "fits this rate"), (row, "all rates of the row")]
    for cells, words in choices[: len(row)]:
        numbers = [(each.number, sheet.scale(each.column)) for each in cells if each.number]
        for runs in range(1, MOST + 1):
            if all(fits(printed, scale, runs) for printed, scale in numbers):
                yield f"N = {runs} {words}"
                break
