"""Best of k without per-item outcomes: how large a gain would k submissions no better than the base show?

Scores are counts of right answers, independent binomials of one p; the largest gain is counted out exactly.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.stats import binom

from posttrace.analysis.arrays import FloatArray
from posttrace.analysis.stats.proportions import clopper_pearson

SLACK = 1e-9
"""Counts closer than this are equal: a threshold computed in floats must not move by an item."""
NEGLIGIBLE = 1e-16
"""Counts of the baseline less likely than this are left out of a sum, which shifts a p by less than 1e-12."""
NUISANCE_LEVEL = 0.001
"""What the interval of the nuisance parameter may miss; added to p (Berger & Boos 1994)."""
GRID = 101
"""Points of the nuisance interval that are looked at before the best of them is refined."""


@dataclass(frozen=True)
class Supremum:
    """``p``: the largest over a range of the nuisance parameter, reached at ``at``."""

    p: float
    at: float


@dataclass(frozen=True)
class ExactMax:
    """k submissions against one baseline, as independent binomial counts with the same success probability.

    ``items``: (submission,) items that each was scored on. ``n0``: item-evaluations behind the baseline, m n
    when the same n items were scored m times. Conservative where outcomes on the same items are correlated
    without being negative, because a difference then varies less than that of independent counts.
    """

    items: tuple[int, ...]
    n0: int

    def __post_init__(self) -> None:
        if not self.items or min(self.items) < 1 or self.n0 < 1:
            raise ValueError("at least one submission, and at least one item behind every score")

    @classmethod
    def of(cls, k: int, n: int, m: float = 1) -> ExactMax:
        """``k`` submissions on ``n`` items, the baseline scored ``m`` times on them."""
        return cls((n,) * k, round(n * m))

    def reaches(self, gain: float, p: float, half: float = 0.0) -> float:
        """P(max_j X_j / n_j - X_0 / n0 >= gain - half) at success probability ``p``.

        ``gain`` on 0..1. ``half``: half of the rounding unit of the printed gain, 0 where counts are known.
        """
        x, weights = self._baseline(p)
        below = np.ones(len(x))
        for n, count in Counter(self.items).items():
            needed = np.ceil(n * (x / self.n0 + gain - half) - SLACK)
            below *= binom.cdf(needed - 1, n, p) ** count
        return min(1.0, float(weights @ (1.0 - below)))

    def stays(self, gain: float, p: float, half: float = 0.0) -> float:
        """P(X_1 / n_1 - X_0 / n0 <= gain + half): the first submission alone falls as far."""
        n, (x, weights) = self.items[0], self._baseline(p)
        allowed = np.floor(n * (x / self.n0 + gain + half) + SLACK)
        return min(1.0, float(weights @ binom.cdf(allowed, n, p)))

    def highest(
        self, gain: float, within: tuple[float, float], half: float = 0.0, *, less: bool = False
    ) -> Supremum:
        """Largest ``reaches`` (``less``: ``stays``) over p in ``within``: a grid, its best point refined."""
        low, high = within
        tail = self.stays if less else self.reaches
        grid = np.linspace(low, high, GRID)
        values = np.array([tail(gain, float(p), half) for p in grid])
        best = int(np.argmax(values))
        if low == high:
            return Supremum(float(values[best]), low)
        found = minimize_scalar(
            lambda p: -tail(gain, float(p), half),
            bounds=(float(grid[max(0, best - 1)]), float(grid[min(GRID - 1, best + 1)])),
            method="bounded",
            options={"xatol": 1e-10},
        )
        refined = tail(gain, float(found.x), half)
        if refined > values[best]:
            return Supremum(refined, float(found.x))
        return Supremum(float(values[best]), float(grid[best]))

    def p_value(
        self,
        gain: float,
        baseline: float,
        half: float = 0.0,
        *,
        less: bool = False,
        level: float = NUISANCE_LEVEL,
    ) -> float:
        """p over every success probability that the baseline alone leaves possible.

        The largest tail over the 1 - ``level`` Clopper-Pearson interval of ``baseline`` (on 0..1), plus
        ``level`` (Berger & Boos 1994). Valid whenever no submission is better than the baseline, not only
        when all are equal to it. No p can be below ``level``: where many are adjusted for one another, share
        it among them.
        """
        low, high = clopper_pearson(baseline * self.n0, self.n0, level)
        # where nothing or everything was right an end is known, which statsmodels may give as NaN
        within = (0.0 if baseline <= 0 else low, 1.0 if baseline >= 1 else high)
        return min(1.0, self.highest(gain, within, half, less=less).p + level)

    def expected_gain(self, p: float) -> float:
        """E[max_j X_j / n_j] - p: the gain that picking the best alone shows when there is none.

        Sum of the tail of the maximum over its possible values.
        """
        values = np.unique(np.concatenate([np.arange(n + 1) / n for n in set(self.items)]))
        below = np.ones(len(values))
        for n, count in Counter(self.items).items():
            below *= binom.cdf(np.floor(n * values + SLACK), n, p) ** count
        return float(np.diff(values) @ (1.0 - below[:-1])) - p

    def _baseline(self, p: float) -> tuple[FloatArray, FloatArray]:
        x = np.arange(self.n0 + 1, dtype=np.float64)
        weights = binom.pmf(x, self.n0, p)
        kept = weights > NEGLIGIBLE
        return x[kept], weights[kept]
