"""Is a score k correct of n items?"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from posttrace.analysis.lint.book import Book
from posttrace.analysis.lint.finding import Finding
from posttrace.analysis.lint.printed import Printed, number
from posttrace.analysis.lint.rules.base import found
from posttrace.analysis.lint.sheet import Cell, Line, Sheet
from posttrace.analysis.lint.vocabulary import is_change, is_share

LEVELS: Final = ("score", "best", "baseline", "max", "mean")
AROUND: Final = 100
"""Printed values to each side of one, of which the share that means can reach is told."""
KEPT: Final = 0.9
"""Smallest share of items for which "some items were dropped" is offered as an explanation."""


@dataclass(frozen=True)
class Granularity:
    """A mean of n outcomes of 0 or 1 is k/n; the mean of m evaluations is k/(m n), m up to ``evaluations``.

    GRIM (Brown & Heathers 2017) with the number of evaluations open. Applies to levels and to gains of one
    run (differences of two k/n). Metrics that are not shares of items are left out where a metric is stated.
    Deviation: every usual rounding is allowed, and a mean of few evaluations is not called inconsistent.
    """

    evaluations: int = 10
    name: str = "granularity"
    question: str = "is a score k/n for the stated number of items n?"

    def __call__(self, book: Book) -> Iterator[Finding]:
        """Cells that one evaluation of n items cannot give."""
        for sheet in book.sheets:
            for line in sheet.data:
                n, metric = book.n_items(line), book.metric(line)
                if n and is_share(metric) is not False:
                    yield from self._line(sheet, line, n, metric)

    def _line(self, sheet: Sheet, line: Line, n: int, metric: str | None) -> Iterator[Finding]:
        runs = line.count("n_runs") or 1
        for role in LEVELS:
            cell = line.cell(role)
            if not cell or not cell.number:
                continue
            units = n * (runs if role == "mean" else 1)
            printed, scale = cell.number, sheet.scale(cell.column)
            if not is_change(cell.column) and not -1e-9 <= printed.value <= scale:
                continue  # the rule of bounds speaks
            fit = evaluations(printed, scale, units, self.evaluations)
            if fit != 1:
                yield self._found((line, cell), (units, scale), fit, metric)

    def _found(
        self, at: tuple[Line, Cell], base: tuple[int, float], fit: int | None, metric: str | None
    ) -> Finding:
        printed, (n, scale) = at[1].number, base
        assert printed is not None  # ``_line`` chose cells that are numbers
        wording = f"k/{n}: {_neighbours(printed, n, scale)}"
        reached = chance(printed, scale, n, fit or self.evaluations)
        many = f"{reached:.0%} of the values printable near it are such means"
        if fit is None:
            wording += f"; no mean of up to {self.evaluations} evaluations either ({many})"
            means = []
        else:
            k = round(printed.value / scale * n * fit)
            means = [f"the mean of {fit} evaluations: {k}/{n * fit} ({many})"]
        explained = [*means, *_other_n(printed, scale, n), *_other_metric(metric)]
        if fit is None:
            explained.append("another number of items or evaluations than stated; a typing slip")
        return found(self, at, wording, explained, "inconsistent" if fit is None else "information")


def fits(printed: Printed, scale: float, n: int) -> bool:
    """Some k/n, printed on 0..``scale``, reads like this; k may be negative for a difference."""
    low, high = printed.low / scale * n, printed.high / scale * n
    return math.ceil(low - 1e-12) <= math.floor(high + 1e-12)


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
    fewer = next(
        (each for each in range(n - 1, math.ceil(KEPT * n) - 1, -1) if fits(printed, scale, each)), 0
    )
    if not fewer:
        return []
    return [f"{n - fewer} of {n} items dropped: {round(printed.value / scale * fewer)}/{fewer}"]


def _other_metric(metric: str | None) -> list[str]:
    return [] if metric else ["a metric that is no share of items (none is stated)"]
