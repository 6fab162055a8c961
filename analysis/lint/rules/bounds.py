"""Is every number in its range?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from posttrace.analysis.lint.book import Book
from posttrace.analysis.lint.finding import Finding, Severity
from posttrace.analysis.lint.printed import Printed, below
from posttrace.analysis.lint.rules.base import found
from posttrace.analysis.lint.sheet import Cell, Line, Sheet
from posttrace.analysis.lint.vocabulary import is_change, is_percent, is_share

LEVELS = ("score", "best", "baseline", "improvement", "mean", "max", "min", "rate", "percent")
ORDERED = (("best_at", "submissions"), ("min", "mean"), ("mean", "max"), ("min", "max"))
"""Pairs of roles of which the first is never the larger one."""


@dataclass(frozen=True)
class Bounds:
    """Shares lie in 0..100 %, counts are whole and not negative, SDs not negative, means at most maxima."""

    name: str = "bounds"
    question: str = "is every number in the range that its column allows?"

    def __call__(self, book: Book) -> Iterator[Finding]:
        """Cells out of range, and pairs in the wrong order."""
        for sheet in book.sheets:
            for line in sheet.lines:
                yield from self._shares(book, sheet, line)
                yield from self._counts(line)
                yield from self._order(line)

    def _shares(self, book: Book, sheet: Sheet, line: Line) -> Iterator[Finding]:
        share = is_share(book.metric(line))
        unnamed = share is None and bool(book.n_items(line))
        for role in LEVELS:
            for cell in line.all(role):
                change = is_change(cell.column) and role != "rate"
                labelled = not change and (role in ("rate", "percent") or is_percent(cell.column))
                top = sheet.scale(cell.column)
                least = -top if change else 0.0
                inside = cell.number is None or (cell.number.high >= least and cell.number.low <= top)
                if inside or not (labelled or share or unnamed):
                    continue
                kind = "a relative difference" if change else "a difference instead of a level"
                certain = labelled or (share and not change)
                severity: Severity = "inconsistent" if certain else "information"
                fit = [kind, "another scale than per cent"]
                yield found(self, (line, cell), f"{least:g} to {top:g}", fit, severity)

    def _counts(self, line: Line) -> Iterator[Finding]:
        for role in ("n_items", "n_runs", "submissions", "best_at"):
            for cell in line.all(role):
                value = cell.number.value if cell.number else 0.0
                if value < 0 or value % 1 or (value == 0 and role == "n_items"):
                    yield found(
                        self, (line, cell), "a whole number, not negative", ["a mean of several counts"]
                    )
        for role in ("sd", "sem", "error"):
            for cell in line.all(role):
                if cell.number and cell.number.value < 0:
                    yield found(self, (line, cell), "not below 0", ["a signed bound instead of a width"])

    def _order(self, line: Line) -> Iterator[Finding]:
        for small, large in ORDERED:
            a, b = line.cell(small), line.cell(large)
            if a and b and _wrong(a, b):
                fit = [f"{a.column} and {b.column} are of different runs or submissions"]
                yield found(self, (line, a), f"at most {b.column} = {b.text}", fit)


def _wrong(small: Cell, large: Cell) -> bool:
    numbers: tuple[Printed | None, Printed | None] = (small.number, large.number)
    return numbers[0] is not None and numbers[1] is not None and below(numbers[1], numbers[0])
