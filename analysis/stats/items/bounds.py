"""Bounds on gains: how large could the gain be, how small."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.stats import beta, norm, t

from posttrace.analysis.arrays import FloatArray
from posttrace.analysis.stats.items.paired import Paired
from posttrace.analysis.stats.proportions import wilson


def clopper_pearson_upper(count: int, n: int, alpha: float) -> float:
    """Exact upper (1 - alpha) bound of a proportion."""
    return 1.0 if count >= n else float(beta.ppf(1 - alpha, count + 1, n - count))


def _tango_score(gained: int, lost: int, n: int, delta: float) -> float:
    """Tango's score statistic for a paired difference ``delta`` (1998, eq. 3-6)."""
    # probability of "lost" under the constraint, the larger root of 2n q^2 + B q + C = 0
    b = -gained - lost + (2 * n - gained + lost) * delta
    c = -lost * delta * (1 - delta)
    q = (math.sqrt(max(0.0, b * b - 8 * n * c)) - b) / (4 * n)
    variance = n * (2 * q + delta * (1 - delta))
    gap = gained - lost - n * delta
    if variance <= 0:
        return 0.0 if gap == 0 else math.copysign(math.inf, gap)
    return gap / math.sqrt(variance)


def tango(gained: int, lost: int, n: int, alpha: float = 0.05) -> tuple[float, float]:
    """Two-sided (1 - alpha) score interval for the difference of paired proportions. Tango 1998."""
    z, diff, edge = norm.isf(alpha / 2), (gained - lost) / n, 1 - 1e-12

    def above(delta: float) -> float:
        return _tango_score(gained, lost, n, delta) + z

    def below(delta: float) -> float:
        return _tango_score(gained, lost, n, delta) - z

    low = -1.0 if diff <= -edge or below(-edge) <= 0 else brentq(below, -edge, diff, xtol=1e-12)
    high = 1.0 if diff >= edge or above(edge) >= 0 else brentq(above, diff, edge, xtol=1e-12)
    return float(low), float(high)


def newcombe_paired(
    both: int, gained: int, lost: int, neither: int, alpha: float = 0.05
) -> tuple[float, float]:
    """Two-sided interval for the difference of paired proportions: Newcombe 1998 (17: 2635), method 10.

    Wilson limits of the two marginal proportions, with their correlation phi continuity-corrected.
    """
    n = both + gained + lost + neither
    new, old = (both + gained) / n, (both + lost) / n
    (l1, u1), (l0, u0) = wilson(both + gained, n, alpha), wilson(both + lost, n, alpha)
    product = (both + gained) * (lost + neither) * (both + lost) * (gained + neither)
    covariance = both * neither - gained * lost
    corrected = max(covariance - n / 2, 0) if covariance > 0 else covariance
    phi = corrected / math.sqrt(product) if product > 0 else 0.0
    down, up, down0, up0 = new - l1, u1 - new, old - l0, u0 - old
    low = math.sqrt(max(0.0, down**2 - 2 * phi * down * up0 + up0**2))
    high = math.sqrt(max(0.0, up**2 - 2 * phi * up * down0 + down0**2))
    return new - old - low, new - old + high


@dataclass(frozen=True)
class Bounds:
    """(submission,) ``lower``: simultaneous one-sided; ``low``, ``high``: simultaneous two-sided;
    ``upper``: one-sided, for each submission alone (intersection-union for "none is larger than")."""

    lower: FloatArray
    low: FloatArray
    high: FloatArray
    upper: FloatArray


@dataclass(frozen=True)
class GainBounds:
    """Bounds at one-sided level ``alpha`` from the critical values of the max-T test."""

    alpha: float = 0.05

    def __call__(self, paired: Paired, critical: float, critical_abs: float) -> Bounds:
        """Bounds for ``paired``. Not adjusted by Holm across runs or cells."""
        gains, se = paired.units.gains, paired.units.se
        flat = se == 0
        down = np.where(flat, self._flat_reach(paired, 1) * (1 + gains), critical * se)
        low = np.where(flat, self._flat_reach(paired, 2) * (1 + gains), critical_abs * se)
        high = np.where(flat, self._flat_reach(paired, 2) * (1 - gains), critical_abs * se)
        return Bounds(gains - down, gains - low, gains + high, self.upper(paired))

    def upper(self, paired: Paired) -> FloatArray:
        """(submission,) the largest gain that the items leave possible.

        0/1 items against a baseline scored m > 1 times: mean over its scorings of the bound for one, and not
        below Student's, which alone says "no gain" too often where successes are rare (in simulation .09 to
        .12 for p = .02, n <= 200).
        """
        if paired.binary:
            return self._upper_counts(paired, paired.baseline[0])
        units = paired.units
        reach = t.ppf(1 - self.alpha, units.n_units - 1) * units.se
        edge = (1 - self.alpha ** (1 / units.n_units)) * (1 - units.gains)
        student = np.minimum(1.0, units.gains + np.where(units.se == 0, edge, reach))
        if not paired.zero_one or paired.clusters is not None:
            return student
        return np.maximum(
            student, np.mean([self._upper_counts(paired, row) for row in paired.baseline], axis=0)
        )

    def _upper_counts(self, paired: Paired, baseline: FloatArray) -> FloatArray:
        gained = (paired.submissions > baseline[:, None]).sum(axis=0)
        lost = (paired.submissions < baseline[:, None]).sum(axis=0)
        pairs = zip(gained.tolist(), lost.tolist(), strict=True)
        return np.array([self._upper_binary(b, c, paired.n) for b, c in pairs])

    def _upper_binary(self, gained: int, lost: int, n: int) -> float:
        counted = clopper_pearson_upper(gained, n, self.alpha) - lost / n
        return max(tango(gained, lost, n, 2 * self.alpha)[1], counted)

    def _flat_reach(self, paired: Paired, sides: int) -> float:
        """Share of items that could differ although n of n agree: 1 - a^(1/n), Bonferroni over k and sides.

        Where all differences are equal, g - c se would be the gain itself: certainty from a finite sample.
        """
        return 1 - float((self.alpha / (sides * paired.k)) ** (1 / paired.units.n_units))
