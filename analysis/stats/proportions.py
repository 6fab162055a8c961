"""Proportions: intervals of one and of a difference of two, and exact tests of two.

Counts are successes ``x`` of ``n`` independent 0/1 items; intervals also take a count that is no integer, as
that of a printed or averaged score. A difference is the first minus the second. Paired
outcomes have their own intervals (``bounds``), but for the mid-p variant of McNemar's test.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.stats import barnard_exact, binom, boschloo_exact, fisher_exact, norm
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from posttrace.analysis.stats.items.exact import Alternative

EDGE = 1 - 1e-12
"""Largest difference of proportions at which a score is evaluated."""


def wilson(x: float, n: float, alpha: float = 0.05) -> tuple[float, float]:
    """Two-sided score interval (Wilson 1927), clipped to 0..1; NaN without items."""
    if n == 0:
        return math.nan, math.nan
    low, high = proportion_confint(x, n, alpha, method="wilson")
    return max(0.0, float(low)), min(1.0, float(high))


def clopper_pearson(x: float, n: float, alpha: float = 0.05) -> tuple[float, float]:
    """Two-sided exact interval (Clopper & Pearson 1934); NaN without items."""
    if n == 0:
        return math.nan, math.nan
    low, high = proportion_confint(x, n, alpha, method="beta")
    return float(low), float(high)


def newcombe(x1: float, n1: float, x2: float, n2: float, alpha: float = 0.05) -> tuple[float, float]:
    """Two-sided hybrid score interval of p1 - p2: Newcombe 1998 (17: 873), method 10."""
    return _two_sample("newcomb", (x1, n1, x2, n2), alpha)


def agresti_caffo(x1: int, n1: int, x2: int, n2: int, alpha: float = 0.05) -> tuple[float, float]:
    """Two-sided interval of p1 - p2 with one success and one failure added to each (2000), within -1..1."""
    return _two_sample("agresti-caffo", (x1, n1, x2, n2), alpha)


def _two_sample(method: str, counts: tuple[float, float, float, float], alpha: float) -> tuple[float, float]:
    low, high = confint_proportions_2indep(*counts, method=method, compare="diff", alpha=alpha)
    return max(-1.0, float(low)), min(1.0, float(high))


def miettinen_nurminen(x1: int, n1: int, x2: int, n2: int, alpha: float = 0.05) -> tuple[float, float]:
    """Two-sided score interval of p1 - p2 (Miettinen & Nurminen 1985), with their factor N/(N - 1).

    The variance is taken at the constrained maximum of the likelihood. statsmodels' ``score`` takes it
    elsewhere when n1 differs from n2 (statsmodels issue 10269), and is not used here.
    """
    counts, z = _Counts(x1, n1, x2, n2), float(norm.isf(alpha / 2))
    diff = x1 / n1 - x2 / n2

    def gap(delta: float, reach: float) -> float:
        return counts.score(delta) - reach

    low = -1.0 if gap(-EDGE, z) <= 0 else brentq(gap, -EDGE, min(diff, EDGE), args=(z,), xtol=1e-12)
    high = 1.0 if gap(EDGE, -z) >= 0 else brentq(gap, max(diff, -EDGE), EDGE, args=(-z,), xtol=1e-12)
    return float(low), float(high)


@dataclass(frozen=True)
class _Counts:
    """Successes and items of two independent samples."""

    x1: int
    n1: int
    x2: int
    n2: int

    def score(self, delta: float) -> float:
        """Standardised distance of the observed difference from ``delta``."""
        p2 = self._constrained(delta)
        p1, total = p2 + delta, self.n1 + self.n2
        variance = (p1 * (1 - p1) / self.n1 + p2 * (1 - p2) / self.n2) * total / (total - 1)
        gap = self.x1 / self.n1 - self.x2 / self.n2 - delta
        if variance <= 0:
            return 0.0 if gap == 0 else math.copysign(math.inf, gap)
        return gap / math.sqrt(variance)

    def _constrained(self, delta: float) -> float:
        """p2 of largest likelihood given p1 = p2 + delta: the log likelihood is concave, one sign change."""
        low, high = max(0.0, -delta), min(1.0, 1 - delta)
        inset = (high - low) * 1e-15
        low, high = low + inset, high - inset
        if high <= low or self._slope(low, delta) <= 0:
            return low
        if self._slope(high, delta) >= 0:
            return high
        return float(brentq(self._slope, low, high, args=(delta,), xtol=1e-16))

    def _slope(self, p2: float, delta: float) -> float:
        p1 = p2 + delta
        parts = (
            (self.x1, p1),
            (self.x1 - self.n1, 1 - p1),
            (self.x2, p2),
            (self.x2 - self.n2, 1 - p2),
        )
        return sum(count / max(p, 1e-300) for count, p in parts if count)


@dataclass(frozen=True)
class ExactTests:
    """p values of three exact tests that p1 = p2. ``barnard`` uses the pooled-variance Wald statistic."""

    fisher: float
    boschloo: float
    barnard: float


def exact_tests(x1: int, n1: int, x2: int, n2: int, alternative: Alternative = "greater") -> ExactTests:
    """Fisher's, Boschloo's (1970) and Barnard's (1947) tests by scipy; ``greater``: p1 > p2.

    Boschloo's is never above Fisher's. The last two maximise over the common p numerically. scipy compares
    Barnard's statistics as floats and may miss a table that ties with the observed one, which makes p too
    small in the third digit; Boschloo's is not affected.
    """
    groups = np.array([[x1, x2], [n1 - x1, n2 - x2]])  # scipy reads a sample as a column
    return ExactTests(
        fisher=float(fisher_exact(groups, alternative=alternative).pvalue),
        boschloo=float(boschloo_exact(groups, alternative=alternative).pvalue),
        barnard=float(barnard_exact(groups, alternative=alternative).pvalue),
    )


def mcnemar_midp(gained: int, lost: int, alternative: Alternative = "two-sided") -> float:
    """McNemar's test counting only half of the observed table (Fagerland, Lydersen & Laake 2013).

    Not exact: its level can be exceeded, seldom and by little. Without discordant items 1.
    """
    n = gained + lost
    if n == 0:
        return 1.0
    half = 0.5 * float(binom.pmf(gained, n, 0.5))
    more = float(binom.sf(gained - 1, n, 0.5)) - half
    less = float(binom.cdf(gained, n, 0.5)) - half
    return {"greater": more, "less": less}.get(alternative, min(1.0, 2 * min(more, less)))
