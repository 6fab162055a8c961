"""Is a score k correct of n items?"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from posttrace.analysis.digits import rounded
from posttrace.analysis.lint.book import Book
from posttrace.analysis.lint.finding import Finding, Severity
from posttrace.analysis.lint.printed import Printed, number
from posttrace.analysis.lint.rules.base import found
from posttrace.analysis.lint.sheet import Cell, Line, Sheet
from posttrace.analysis.lint.vocabulary import is_change, is_share

LEVELS: Final = ("score", "best", "baseline", "max", "mean")
AVERAGED: Final = frozenset({"score", "mean"})
"""Roles that are means over the runs of a row, where it states their number."""
AROUND: Final = 100
"""Printed values to each side of one, of which the share that means can reach is told."""
SLACK: Final = 1e-9
"""Counts this close to a whole number are one: float arithmetic."""
KEPT: Final = 0.9
MOST_DROPPED: Final = 1000
"""Smallest share of items, and most items less, for which dropped ones are offered as an explanation."""


@dataclass(frozen=True)
class Score:
    """A cell as k of ``n`` on 0..``scale``. ``fit``: smallest number of evaluations whose mean it can be."""

    line: Line
    cell: Cell
    printed: Printed
    n: int
    scale: float
    metric: str | None
    fit: int | None


@dataclass(frozen=True)
class Granularity:
    """A mean of n outcomes of 0 or 1 is k/n; the mean of m evaluations is k/(m n), m up to ``evaluations``.

    GRIM (Brown & Heathers 2017) with the number of evaluations open. Applies to levels and to gains of one
    run (differences of two k/n). Deviations: every usual rounding is allowed; a mean of few evaluations is
    information; metrics that are no shares of items are left out where one is stated, and where none is, a
    column of which less than half is k/n is information as well.
    """

    evaluations: int = 10
    name: str = "granularity"
    question: str = "is a score k/n for the stated number of items n?"

    def __call__(self, book: Book) -> Iterator[Finding]:
        """Cells that one evaluation of n items cannot give."""
        for sheet in book.sheets:
            scores = [score for line in sheet.data for score in self._scores(book, sheet, line)]
            whole = Counter(score.cell.column for score in scores if score.fit == 1)
            cells = Counter(score.cell.column for score in scores)
            for score in scores:
                if score.fit != 1:
                    column = score.cell.column
                    counted = score.metric is not None or 2 * whole[column] >= cells[column]
                    yield self._found(score, counted)

    def _scores(self, book: Book, sheet: Sheet, line: Line) -> Iterator[Score]:
        items, metric = book.n_items(line), book.metric(line)
        for role in LEVELS if items and is_share(metric) is not False else ():
            cell = line.cell(role)
            if not (items and cell and cell.number):
                continue
            n = items * (line.count("n_runs") or 1) if role in AVERAGED else items
            scale = sheet.scale(cell.column)
            least = -scale if is_change(cell.column) else 0.0
            if least <= cell.number.value <= scale:  # others are for the rule of bounds
                fit = evaluations(cell.number, scale, n, self.evaluations)
                yield Score(line, cell, cell.number, n, scale, metric, fit)

    def _found(self, score: Score, counted: bool) -> Finding:
        printed, n, scale, fit = score.printed, score.n, score.scale, score.fit
        wording = f"k/{n}: {_neighbours(printed, n, scale)}"
        reached = chance(printed, scale, n, fit or self.evaluations)
        many = f"{rounded(reached, '.0%')} of the values printable near it are such means"
        explained = []
        if fit is None:
            wording += f"; no mean of up to {self.evaluations} evaluations either ({many})"
        else:
            k = count(printed, scale, n * fit)
            explained = [f"the mean of {fit} evaluations: {k}/{n * fit} ({many})"]
        explained += _other_n(printed, scale, n)
        if score.metric is None:
            explained.append("a metric that is no share of items (none is stated)")
        if fit is None:
            explained.append("another number of items or evaluations than stated; a typing slip")
        severity: Severity = "inconsistent" if fit is None and counted else "information"
        return found(self, (score.line, score.cell), wording, explained, severity)


def count(printed: Printed, scale: float, n: int) -> int | None:
    """The k for which k/n, printed on 0..``scale``, reads like this; below 0 for a difference; else None."""
    low = math.ceil(printed.low / scale * n - SLACK)
    high = math.floor(printed.high / scale * n + SLACK)
    return min(max(round(printed.value / scale * n), low), high) if low <= high else None


def fits(printed: Printed, scale: float, n: int) -> bool:
    """Some k/n reads like this."""
    return count(printed, scale, n) is not None


def evaluations(printed: Printed, scale: float, n: int, most: int) -> int | None:
    """Smallest number m of evaluations whose mean k/(m n) reads like this; None above ``most``."""
    return next((m for m in range(1, most + 1) if fits(printed, scale, m * n)), None)


def chance(printed: Printed, scale: float, n: int, most: int) -> float:
    """Share of the printable values around this one that a mean of up to ``most`` evaluations gives."""
    near = [printed.value + step * printed.unit for step in range(-AROUND, AROUND + 1)]
    inside = [Printed("", value, printed.unit) for value in near if -scale <= value <= scale]
    hits = sum(evaluations(value, scale, n, most) is not None for value in inside)
    return hits / len(inside)


def _neighbours(printed: Printed, n: int, scale: float) -> str:
    k = math.floor(printed.value / scale * n)
    return " or ".join(f"{number(each / n * scale)} ({each}/{n})" for each in (k, k + 1))


def _other_n(printed: Printed, scale: float, n: int) -> list[str]:
    smaller = range(n - 1, max(math.ceil(KEPT * n), n - MOST_DROPPED) - 1, -1)
    fewer = next((each for each in smaller if fits(printed, scale, each)), 0)
    return [f"{n - fewer} of {n} items dropped: {count(printed, scale, fewer)}/{fewer}"] if fewer else []
