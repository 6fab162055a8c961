"""Does the expected best of k runs fit the mean, SD and maximum of the runs it is computed from?"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from posttrace.analysis.arrays import FloatArray
from posttrace.analysis.lint.book import Book
from posttrace.analysis.lint.finding import Finding, Severity
from posttrace.analysis.lint.printed import Printed, below, differ, number
from posttrace.analysis.lint.rules.base import found
from posttrace.analysis.lint.sheet import Cell, Line
from posttrace.analysis.lint.vocabulary import PATTERNS, normal

MOST_RUNS = 10_000
OTHERS = "other runs behind one of the numbers, or failed runs left out of one"


@dataclass(frozen=True)
class BestOfK:
    """best@1 <= best@3 <= ..., best@1 = mean, and sharp bounds on the expected best of k of N runs.

    Drawn without replacement, E_k = sum_i w_i x_(i), w_i = C(i-1, k-1)/C(N, k). With mean u, maximum M and
    population SD s of the N runs, u + (k-1)/(N-1) (M - u) <= E_k <= min(M, u + s sqrt(N sum w_i^2 - 1)):
    the maximum has weight k/N and the others, whose weights ascend, average at least their mean
    (Chebyshev); the right side is Cauchy-Schwarz, attained by x_i linear in w_i. Numbers are taken at the
    ends of their rounding that are kindest to the table, an SD as a population SD.
    """

    name: str = "best-of-k"
    question: str = "does the expected best of k fit the mean, SD and maximum of the runs?"

    def __call__(self, book: Book) -> Iterator[Finding]:
        """Cells that fall with k, or lie outside the bounds."""
        for line in book.data:
            cells = sorted(((_k(cell), cell) for cell in line.all("best_of_k")), key=lambda at: at[0])
            yield from self._ascending(line, cells)
            runs = book.repeated(line)
            for k, cell in cells if runs else ():
                if runs and cell.number:
                    yield from self._against(runs, (line, cell), cell.number, k)

    def _ascending(self, line: Line, cells: list[tuple[int, Cell]]) -> Iterator[Finding]:
        for (_, small), (_, large) in pairwise(cells):
            if small.number and large.number and below(large.number, small.number):
                fit = ["other runs behind one of the two", "a metric of which lower is better"]
                yield found(self, (line, large), f"at least {small.column} = {small.text}", fit)

    def _against(self, runs: Line, at: tuple[Line, Cell], printed: Printed, k: int) -> Iterator[Finding]:
        mean, largest, sd, n = (
            runs.number("mean"),
            runs.number("max"),
            runs.number("sd"),
            runs.count("n_runs"),
        )
        where = "" if runs.table == at[0].table else f" of {runs.table}, row {runs.row}"
        if mean and k == 1 and differ(mean, printed):
            yield found(self, at, f"the mean{where}: {mean.text}", ["other runs than those of the mean"])
        if not (mean and largest and n) or not 2 <= k <= n <= MOST_RUNS or below(largest, mean):
            return
        known = f"(N = {n}, mean {mean.text}, max {largest.text}{f', SD {sd.text}' if sd else ''}{where})"
        least = lower(mean.low, largest.low, n, k)
        most = upper((mean.high, largest.high), sd.high if sd else math.inf, n, k)
        if printed.high < least:
            exact = lower(mean.value, largest.value, n, k)
            fit = [*_more_runs(mean, largest, printed, k), *_replaced(mean, largest, printed, (n, k))]
            yield found(self, at, f"at least {number(exact)} {known}", [*fit, OTHERS])
        elif printed.low > most:
            yield found(self, at, f"at most {number(most)} {known}", _other_kind(at[1]), _severity(at[1]))


def lower(mean: float, largest: float, n: int, k: int) -> float:
    """Smallest expected best of ``k`` of ``n`` runs with this mean and maximum."""
    return mean + (k - 1) / (n - 1) * (largest - mean) if n > 1 else largest


def upper(centre: tuple[float, float], sd: float, n: int, k: int) -> float:
    """Largest expected best of ``k`` of ``n`` runs; ``centre``: mean and maximum; ``sd``: population SD."""
    mean, largest = centre
    weights = descending_weights(n, k)
    stretch = math.sqrt(max(0.0, n * float(weights @ weights) - 1))
    return min(largest, mean + sd * stretch) if math.isfinite(sd) else largest


def descending_weights(n: int, k: int) -> FloatArray:
    """(rank,) C(i-1, k-1)/C(n, k) from the largest value, i = n, down to i = k; all smaller ones weigh 0."""
    i = np.arange(n, k, -1)
    return np.cumprod(np.concatenate([[k / n], (i - k) / (i - 1)]))


def _k(cell: Cell) -> int:
    match = PATTERNS["best_of_k"].fullmatch(normal(cell.column))
    return int(match["k"]) if match else 0


def _more_runs(mean: Printed, largest: Printed, printed: Printed, k: int) -> list[str]:
    gap, room = largest.low - mean.low, printed.high - mean.low
    enough = math.ceil(1 + (k - 1) * gap / room) if room > 0 else MOST_RUNS
    return [f"more runs: fits from N = {enough} on"] if enough < MOST_RUNS else []


def _replaced(mean: Printed, largest: Printed, printed: Printed, drawn: tuple[int, int]) -> list[str]:
    """Draws with replacement, where that lowers the bound enough: the maximum then weighs 1 - (1 - 1/N)^k."""
    n, k = drawn
    weight = 1 - (1 - 1 / n) ** k
    others = (n * mean.low - largest.low) / (n - 1)
    fit = printed.high >= weight * largest.low + (1 - weight) * others
    return ["draws with replacement"] if fit else []


def _other_kind(cell: Cell) -> list[str]:
    item_level = ["pass@k over items: an item counts when one of k samples solves it"]
    return [*(item_level if _is_pass(cell) else []), OTHERS]


def _is_pass(cell: Cell) -> bool:
    return normal(cell.column).startswith("pass")


def _severity(cell: Cell) -> Severity:
    return "information" if _is_pass(cell) else "inconsistent"
