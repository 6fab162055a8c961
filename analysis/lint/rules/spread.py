"""Can N runs have this mean, SD, maximum and share of improvements?"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from posttrace.analysis.lint.book import Book
from posttrace.analysis.lint.finding import Finding
from posttrace.analysis.lint.printed import Printed, number
from posttrace.analysis.lint.rules.base import found
from posttrace.analysis.lint.rules.granularity import fits
from posttrace.analysis.lint.sheet import Cell, Line, Sheet
from posttrace.analysis.lint.vocabulary import is_change, normal

IMPROVED: Final = re.compile("improve|positive")
"""How the name of a share of runs with a gain begins."""
OTHERS: Final = "other runs behind one of the numbers, or failed runs left out of one"


@dataclass(frozen=True)
class Spread:
    """Mean u, SD and maximum M of N runs bound each other; so does the share r of runs above zero.

    N values with mean u and largest value M have (M - u)/sqrt(N - 1) <= s <= (M - u) sqrt(N - 1), s the
    population SD: the left side puts the other N - 1 values on one point, the right side all but one on M.
    With a smallest value a also s^2 <= (M - u)(u - a) (Bhatia & Davis 2000). A sample SD (ddof 1) is
    s sqrt(N/(N - 1)); a finding fits neither. Gains with a share r above zero have u <= r M,
    s^2 >= u^2 (1 - r)/r for u > 0 and s^2 >= u^2 r/(1 - r) for u < 0 (variance between the two groups).
    In the spirit of GRIMMER (Anaya 2016; Allard 2018) and DEBIT (Heathers & Brown 2019).
    """

    name: str = "spread"
    question: str = "can N runs have this mean, SD, maximum and share of improvements?"

    def __call__(self, book: Book) -> Iterator[Finding]:
        """SDs and means that no N values have."""
        for sheet in book.sheets:
            for line in sheet.data:
                yield from self._sd(line)
                yield from self._share(sheet, line)

    def _sd(self, line: Line) -> Iterator[Finding]:
        cell, n = line.cell("sd"), line.count("n_runs") or 0
        mean, largest, least = line.number("mean"), line.number("max"), line.number("min")
        if not (cell and cell.number and mean and largest) or n < 2 or largest.high < mean.low:
            return
        near, far = max(0.0, largest.low - mean.high), max(0.0, largest.high - mean.low)
        low, high = near / math.sqrt(n - 1), far * math.sqrt(n - 1)
        if least:
            high = min(high, math.sqrt(far * max(0.0, mean.high - least.low)))
        high *= math.sqrt(n / (n - 1))  # the larger of the two conventions
        known = f"N = {n}, mean {mean.text}, max {largest.text}{f', min {least.text}' if least else ''}"
        if cell.number.high < low:
            both = f"{number(low)} (divisor N) or {number(low * math.sqrt(n / (n - 1)))} (divisor N - 1)"
            fit = [*_standard_error(cell.number, (low, high), n), OTHERS]
            yield found(self, (line, cell), f"at least {both} for {known}", fit)
        elif cell.number.low > high:
            yield found(self, (line, cell), f"at most {number(high)} for {known}", [OTHERS])

    def _share(self, sheet: Sheet, line: Line) -> Iterator[Finding]:
        rate = next((cell for cell in line.all("rate") if IMPROVED.match(normal(cell.column))), None)
        mean, largest = line.cell("mean"), line.cell("max")
        changes = [cell for cell in (mean, largest) if cell and is_change(cell.column)]
        if not (rate and rate.number and changes):
            return
        low, high = _shares(rate.number, sheet.scale(rate.column), line.count("n_runs"))
        if largest and largest.number and is_change(largest.column):
            yield from self._any_above(line, (rate, largest), (low, high))
        if mean and mean.number and is_change(mean.column):
            yield from self._mean(line, (rate, mean, largest), high)
            yield from self._between(line, (rate, mean), (low, high))

    def _any_above(
        self, line: Line, cells: tuple[Cell, Cell], share: tuple[float, float]
    ) -> Iterator[Finding]:
        rate, largest = cells
        assert largest.number is not None  # checked by ``_share``
        if share[1] == 0 and largest.number.low > 0:
            expected = f"above 0, as {largest.column} = {largest.text}"
            yield found(self, (line, rate), expected, ["only gains above a threshold count", OTHERS])
        if share[0] > 0 and largest.number.high <= 0:
            yield found(self, (line, rate), f"0, as {largest.column} = {largest.text}", [OTHERS])

    def _mean(self, line: Line, cells: tuple[Cell, Cell, Cell | None], share: float) -> Iterator[Finding]:
        rate, mean, largest = cells
        if not (mean.number and largest and largest.number) or mean.number.low <= 0:
            return
        if mean.number.low > share * largest.number.high:
            most = number(share * largest.number.high)
            base = f"{rate.column} = {rate.text}, each at most {largest.text}, the others not above 0"
            expected = f"at most {most}: {base}"
            yield found(self, (line, mean), expected, ["only gains above a threshold count", OTHERS])

    def _between(self, line: Line, cells: tuple[Cell, Cell], share: tuple[float, float]) -> Iterator[Finding]:
        (rate, mean), (low, high) = cells, share
        cell = line.cell("sd")
        if not (cell and cell.number and mean.number):
            return
        least = 0.0
        if mean.number.low > 0 and high > 0:
            least = mean.number.low * math.sqrt(max(0.0, 1 - high) / high)
        elif mean.number.high < 0 and low < 1:
            least = -mean.number.high * math.sqrt(max(0.0, low) / (1 - low))
        if cell.number.high < least:
            expected = f"at least {number(least)} for mean {mean.text} with {rate.column} = {rate.text}"
            fit = ["only gains above a threshold count", *_error_of(line, cell, least), OTHERS]
            yield found(self, (line, cell), expected, fit)


def _shares(rate: Printed, scale: float, n: int | None) -> tuple[float, float]:
    """Admissible shares: multiples of 1/n where one fits, otherwise what the digits allow.

    A bare 1 among zeros and ones may be all runs or one per cent of them: anything.
    """
    if scale == 1 and rate.value == rate.unit == 1:
        return 0.0, 1.0
    low, high = max(0.0, rate.low / scale), min(1.0, rate.high / scale)
    if n and fits(rate, scale, n):
        return math.ceil(low * n - 1e-9) / n, math.floor(high * n + 1e-9) / n
    return low, high


def _standard_error(sd: Printed, bounds: tuple[float, float], n: int) -> list[str]:
    fit = bounds[0] <= sd.high * math.sqrt(n) and sd.low * math.sqrt(n) <= bounds[1]
    return ["a standard error of the mean instead of an SD"] if fit else []


def _error_of(line: Line, cell: Cell, least: float) -> list[str]:
    n, mean, largest = line.count("n_runs"), line.number("mean"), line.number("max")
    most = (largest.high - mean.low) * math.sqrt(n) if n and mean and largest else math.inf
    return _standard_error(cell.number, (least, most), n) if n and cell.number else []
