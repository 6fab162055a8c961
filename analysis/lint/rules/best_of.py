"""Is the best at least every number that it is the best of?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from posttrace.analysis.lint.book import Book
from posttrace.analysis.lint.finding import Finding
from posttrace.analysis.lint.printed import below, differ
from posttrace.analysis.lint.rules.base import found
from posttrace.analysis.lint.sheet import Cell, Line, Sheet

BEST: Final = re.compile(r"best|.*\bbest (over|across|among|of (all|the|modes))\b.*", re.IGNORECASE)
"""Modes of rows that are the best of others; "best-of-8" is a mode by itself."""
NOTED: Final = re.compile(r"(?!.*\b(not|second|so far|until|previous)\b).*\bbest\b", re.IGNORECASE)
"""Notes of the best submission of a run."""
LOWER: Final = "a metric of which lower is better"
GROUP: Final = ("task", "agent", "driver", "base_model", "budget")


@dataclass(frozen=True)
class BestOf:
    """A row "best over ..." against the rows it is over; a submission noted as best against its run.

    Rows over which a best runs: the same task, agent, driver, base model and budget, another mode.
    """

    name: str = "best-of"
    question: str = "is the best at least as high as every row that it is the best of?"

    def __call__(self, book: Book) -> Iterator[Finding]:
        """Rows above the best of their group, and bests that no row shows."""
        for sheet in book.sheets:
            yield from self._modes(sheet)
            yield from self._submissions(sheet)

    def _modes(self, sheet: Sheet) -> Iterator[Finding]:
        for line in sheet.data:
            if line.text("submission") or not BEST.fullmatch(line.text("mode") or ""):
                continue
            others = [other for other in sheet.data if _same(line, other) and _level(other)]
            yield from self._compare(line, others)

    def _compare(self, line: Line, others: Sequence[Line]) -> Iterator[Finding]:
        best = _level(line)
        rows = [(other, cell) for other in others if (cell := _level(other))]
        if not best or not best.number or not rows:
            return
        higher = [at for at in rows if at[1].number and below(best.number, at[1].number)]
        if higher:
            shown = "; ".join(_row(*at) for at in higher)
            lower = [LOWER] if len(higher) == len(rows) else []
            fit = ["modes that were left out of the best", *lower]
            yield found(self, (line, best), f"at least {shown}", fit)
        elif all(at[1].number and differ(best.number, at[1].number) for at in rows):
            shown = "; ".join(_row(*at) for at in rows)
            fit = ["modes or runs that the table does not show"]
            yield found(self, (line, best), f"one of the rows shown: {shown}", fit, "information")

    def _submissions(self, sheet: Sheet) -> Iterator[Finding]:
        for line in sheet.data:
            cell, noted = _level(line), NOTED.match(line.text("note") or "")
            if not (noted and line.text("submission") and cell and cell.number):
                continue
            same = [other for other in sheet.data if other.key == line.key and not other.is_baseline]
            rows = [(other, _level(other)) for other in same]
            higher = [
                _row(other, each)
                for other, each in rows
                if each and each.number and below(cell.number, each.number)
            ]
            if higher:
                fit = ["best by another score than the one printed", LOWER]
                yield found(self, (line, cell), f"at least {'; '.join(higher)}", fit)


def _level(line: Line) -> Cell | None:
    return line.cell("best") or line.cell("score")


def _same(line: Line, other: Line) -> bool:
    """Another row of the same group that is no best itself and no baseline, and names its mode."""
    mode = other.text("mode")
    if mode is None or BEST.fullmatch(mode) or other.is_baseline or not line.text("task"):
        return False
    return all(line.key.get(role) == other.key.get(role) for role in GROUP)


def _row(line: Line, cell: Cell) -> str:
    name = line.text("submission") or line.text("mode") or line.label
    return f"{cell.text} ({name}, row {line.row})"
