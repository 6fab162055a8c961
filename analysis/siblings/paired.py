"""Two systems on the same competitions: is one better, and what do printed totals leave open?"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from posttrace.analysis.arrays import FloatArray, IntArray
from posttrace.analysis.siblings.grades import BoolArray, Grades
from posttrace.analysis.siblings.medals import FEWEST_COMPETITIONS, bootstrap_means
from posttrace.analysis.stats.items.exact import Alternative, mcnemar
from posttrace.traces.errors import InputError


def flip_p(differences: IntArray, alternative: Alternative = "two-sided") -> float:
    """Exact sign-flip p of the sum of integer ``differences`` (unit,): every sign pattern, by convolution.

    For differences of -1, 0, 1 it is the exact McNemar test. Two-sided: patterns whose sum is at least as
    far from 0.
    """
    sizes = [int(size) for size in np.abs(differences) if size > 0]
    reach = sum(sizes)
    share = np.zeros(2 * reach + 1)
    share[reach] = 1.0
    for size in sizes:
        # a slice of zeros wraps around: no sum goes beyond ``reach``
        share = (np.roll(share, size) + np.roll(share, -size)) / 2
    sums, seen = np.arange(-reach, reach + 1), int(differences.sum())
    if alternative == "two-sided":
        return min(1.0, float(share[np.abs(sums) >= abs(seen)].sum()))
    return min(1.0, float(share[sums >= seen if alternative == "greater" else sums <= seen].sum()))


@dataclass(frozen=True)
class Comparison:
    """Mean over ``n_competitions`` of the rate of the first system minus that of the second, on 0..1.

    ``se``, ``low``, ``high``: competition bootstrap, about other competitions; NaN with ``reason``.
    ``p_flip``, ``p_flip_greater``: exact sign flips of the differences of whole competitions, two-sided and
    for "the first is better". ``gained``, ``lost``, ``p_mcnemar`` (two-sided), ``p_mcnemar_greater``: exact
    McNemar on one outcome a competition, ``mcnemar_on`` says which.
    """

    difference: float
    n_competitions: int
    se: float
    low: float
    high: float
    reason: str
    p_flip: float
    p_flip_greater: float
    mcnemar_on: str
    gained: int
    lost: int
    p_mcnemar: float
    p_mcnemar_greater: float


@dataclass(frozen=True)
class PairedSystems:
    """Comparison by competition; two-sided (1 - ``alpha``) interval from ``resamples`` bootstrap draws.

    The tests flip or resample whole competitions with all their seeds, so seeds of one competition need not
    be independent. Sign flips test that the two systems are exchangeable within every competition.
    """

    alpha: float = 0.05
    resamples: int = 10_000

    def __call__(self, first: Grades, second: Grades, rng: np.random.Generator) -> Comparison:
        """Compare; both must be graded on the same competitions (``Grades.take`` restricts them)."""
        if first.competitions != second.competitions:
            odd = sorted(set(first.competitions) ^ set(second.competitions))
            raise InputError(
                f"{len(odd)} competitions are graded for one system only, such as {odd[0]}; "
                "restrict both with Grades.take to those they share"
            )
        exact = _scaled_differences(first, second)
        d = first.rates - second.rates
        se, low, high, reason = self._interval(d, rng)
        (mine, theirs), what = _one_each(first, second)
        gained, lost = int((mine & ~theirs).sum()), int((~mine & theirs).sum())
        return Comparison(
            float(d.mean()), len(d), se, low, high, reason,
            flip_p(exact), flip_p(exact, "greater"),
            what, gained, lost,
            mcnemar(gained, lost, "two-sided"), mcnemar(gained, lost),
        )  # fmt: skip

    def _interval(self, d: FloatArray, rng: np.random.Generator) -> tuple[float, float, float, str]:
        if len(d) < FEWEST_COMPETITIONS:
            return math.nan, math.nan, math.nan, f"{len(d)} competitions are too few for a bootstrap"
        if np.ptp(d) == 0:
            return math.nan, math.nan, math.nan, "all competitions have the same difference"
        draws = bootstrap_means(d, self.resamples, rng)
        low, high = np.quantile(draws, [self.alpha / 2, 1 - self.alpha / 2])
        return float(draws.std(ddof=1)), float(low), float(high), ""


def _scaled_differences(first: Grades, second: Grades) -> IntArray:
    """(competition,) rate differences times the product of the numbers of seeds: integers."""
    won, won_by_other = first.outcomes.sum(axis=1), second.outcomes.sum(axis=1)
    exact = won * second.outcomes.shape[1] - won_by_other * first.outcomes.shape[1]
    return np.asarray(exact // max(1, int(np.gcd.reduce(exact))), dtype=np.int64)


def _one_each(first: Grades, second: Grades) -> tuple[tuple[BoolArray, BoolArray], str]:
    """One outcome a competition and system, and what it is."""
    single = first.outcomes.shape[1] == second.outcomes.shape[1] == 1
    what = "the one seed" if single else "more than half of the seeds"
    return (first.rates > 0.5, second.rates > 0.5), what


@dataclass(frozen=True)
class McNemarLimits:
    """All tables that two totals allow. ``tables``: both, gained, lost, neither, p (two-sided), p_greater."""

    tables: pd.DataFrame
    smallest: float
    largest: float

    def identified(self, alpha: float = 0.05) -> bool:
        """Do all tables fall on the same side of ``alpha`` (two-sided)?"""
        return (self.smallest <= alpha) == (self.largest <= alpha)


def mcnemar_limits(first: int, second: int, n: int) -> McNemarLimits:
    """Exact McNemar p over every overlap of two systems with ``first`` and ``second`` medals of ``n``.

    One outcome a competition and system. Totals do not say on which competitions the systems differ: the
    overlap may be anything from max(0, first + second - n) to min(first, second).
    """
    if not (0 <= first <= n and 0 <= second <= n) or n < 1:
        raise InputError(f"medals must lie in 0..{n} competitions; got {first} and {second}")
    rows = []
    for both in range(max(0, first + second - n), min(first, second) + 1):
        gained, lost = first - both, second - both
        p, greater = mcnemar(gained, lost, "two-sided"), mcnemar(gained, lost)
        rows.append((both, gained, lost, n - both - gained - lost, p, greater))
    tables = pd.DataFrame(rows, columns=["both", "gained", "lost", "neither", "p", "p_greater"])
    return McNemarLimits(tables, float(tables["p"].min()), float(tables["p"].max()))


@dataclass(frozen=True)
class DifferenceLimits:
    """``difference`` of two rates on 0..1; least and most standard error over competitions."""

    difference: float
    least_se: float
    most_se: float


def difference_limits(first: int, second: int, n: int, seeds: int) -> DifferenceLimits:
    """Limits of the standard error over competitions of a difference, from medals over all seeds alone.

    ``first``, ``second``: medals of ``n`` competitions x ``seeds`` seeds, both systems with as many seeds.
    The ideal competition bootstrap has SE^2 = V/n, V the variance (ddof 0) of the n differences. Its least
    and most value over all tables is found exactly, by dynamic programming over competitions; medals per
    seed would narrow it a little.
    """
    if not (0 <= first <= n * seeds and 0 <= second <= n * seeds) or min(n, seeds) < 1:
        raise InputError(f"medals must lie in 0..{n * seeds}; got {first} and {second}")
    difference = (first - second) / (n * seeds)
    least, most = (_extreme_squares(first, second, n, seeds, largest) for largest in (False, True))
    spread = [max(0.0, squares / (n * seeds**2) - difference**2) for squares in (least, most)]
    return DifferenceLimits(difference, *(math.sqrt(variance / n) for variance in spread))


def _extreme_squares(first: int, second: int, n: int, seeds: int, largest: bool) -> float:
    """Least or largest sum of (x_c - y_c)^2 with 0 <= x_c, y_c <= seeds and the given sums."""
    sign = 1.0 if largest else -1.0
    best = np.full((first + 1, second + 1), -np.inf)
    best[0, 0] = 0.0
    moves = [(x, y) for x in range(min(seeds, first) + 1) for y in range(min(seeds, second) + 1)]
    for _ in range(n):
        after = np.full_like(best, -np.inf)
        for x, y in moves:
            reached = best[: first + 1 - x, : second + 1 - y] + sign * (x - y) ** 2
            np.maximum(after[x:, y:], reached, out=after[x:, y:])
        best = after
    return sign * float(best[first, second])
