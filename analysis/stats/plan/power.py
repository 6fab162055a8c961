"""What could this test have detected? Exact McNemar power, the minimal detectable gain, textbook sizes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.polynomial.hermite_e import hermegauss
from scipy.optimize import brentq
from scipy.stats import binom, nct, norm, t
from statsmodels.stats.proportion import samplesize_proportions_2indep_onetail

from posttrace.analysis.stats.items.paired import Paired
from posttrace.traces.errors import InputError

POWER = 0.8


@lru_cache
def critical_normal(k: int, m: int = 1, alpha: float = 0.05) -> float:
    """One-sided (1 - alpha) point of the largest of k standard normals with correlation 1/(m + 1).

    The correlation is that of k submissions against one baseline scored m times. One-dimensional quadrature
    over the shared part (Dunnett 1955).
    """
    if k == 1:
        return float(norm.isf(alpha))
    nodes, weights = hermegauss(100)
    weights = weights / weights.sum()
    rho = 1 / (m + 1)

    def excess(c: float) -> float:
        inside = norm.cdf((c - math.sqrt(rho) * nodes) / math.sqrt(1 - rho)) ** k
        return float(weights @ inside) - (1 - alpha)

    return float(brentq(excess, norm.isf(alpha), norm.isf(alpha / k) + 1e-9, xtol=1e-12))


def mcnemar_power(n: int, p_gain: float, p_loss: float, alpha: float = 0.05) -> float:
    """Exact power of the one-sided exact McNemar test.

    ``n`` items, each gained with probability ``p_gain`` and lost with ``p_loss``. Sums over the number of
    discordant items, given which the gained ones are binomial.
    """
    discordant = p_gain + p_loss
    if discordant == 0:
        return 0.0
    counts = np.arange(n + 1)
    weights = binom.pmf(counts, n, min(1.0, discordant))
    kept = counts[weights > 1e-15]
    # smallest number gained that rejects: P(X >= x) <= alpha. isf gives the smallest x with P(X > x) <= alpha
    needed = binom.isf(alpha, kept, 0.5) + 1
    rejects = binom.sf(needed - 1, kept, p_gain / discordant)
    return float(weights[kept] @ np.where(kept == 0, 0.0, rejects))


def two_proportions_size(p1: float, p2: float, power: float = POWER, alpha: float = 0.05) -> float:
    """Items for each of two *independent* samples to tell p1 from p2, two-sided; not rounded up.

    The null variance is pooled, that of the alternative is not, and the far tail is left out: what R's
    ``power.prop.test`` and Fleiss et al. 2003 (without continuity correction) compute. Cohen's arcsine h
    (``NormalIndPower``) differs by about one in a thousand.
    """
    if p1 == p2:
        raise InputError("the two proportions are equal; give two that differ")
    found = samplesize_proportions_2indep_onetail(p2 - p1, p1, power, alpha=alpha, alternative="two-sided")
    return float(found)


def two_sample_t_power(
    n: int, d: float, alpha: float = 0.05, alternative: Literal["two-sided", "larger"] = "two-sided"
) -> float:
    """Power of Student's t test of ``n`` against ``n`` runs whose means differ by ``d`` standard deviations.

    The noncentral t with 2n - 2 degrees of freedom. Two-sided counts both tails, like R's
    ``power.t.test(strict = TRUE)``. (statsmodels' ``TTestIndPower`` is NaN at isolated large ``d``.)
    """
    df, effect = 2 * n - 2, d * math.sqrt(n / 2)
    if alternative == "larger":
        return float(nct.sf(t.isf(alpha, df), df, effect))
    point = t.isf(alpha / 2, df)
    return float(nct.sf(point, df, effect) + nct.sf(point, df, -effect))


def miller_sample_size(
    omega2: float,
    delta: float,
    noise: tuple[float, float] = (0.0, 0.0),
    replicates: tuple[float, float] = (1, 1),
    *,
    power: float = POWER,
    alpha: float = 0.05,
) -> float:
    """Items that detect a difference ``delta`` of two models on the same items, two-sided; not rounded up.

    ``omega2``: variance over items of the difference of the two expected scores. ``noise``: variance of one
    scoring of an item by each model, averaged over items. ``replicates``: scorings of each item by each
    model. Miller 2024 (arXiv 2411.00640) eq. 9.
    """
    if delta == 0:
        raise InputError("delta is 0; give the difference that should be detected")
    variance = omega2 + noise[0] / replicates[0] + noise[1] / replicates[1]
    return float((norm.isf(alpha / 2) + norm.ppf(power)) ** 2 * variance / delta**2)


@dataclass(frozen=True)
class Detectable:
    """The smallest true gain found with probability .8: a design quantity, not to be compared with a gain.

    ``power``: the probability, .8 unless asked otherwise. NaN where no attainable gain is detectable.
    """

    alpha: float = 0.05
    power: float = POWER

    def __call__(self, paired: Paired) -> float:
        """MDE80 of the test on ``paired``, on 0..1."""
        critical = critical_normal(paired.k, paired.m, self.alpha)
        if paired.binary:
            exchanged = np.minimum(paired.gained, paired.lost).max()
            return self.mcnemar(paired.n, max(2 * float(exchanged), 2.0) / paired.n, norm.sf(critical))
        # one item gained and one lost, the least that 0/1 items are allowed too
        floor = math.sqrt(2) / paired.units.n_items
        se = max(float(paired.units.se[paired.winner]), floor)
        return (critical + norm.ppf(self.power)) * se

    def mcnemar(self, n: int, psi0: float, level: float) -> float:
        """Smallest g with the wanted power at gain probability psi0/2 + g, loss probability psi0/2."""

        def short(g: float) -> float:
            return mcnemar_power(n, psi0 / 2 + g, psi0 / 2, level) - self.power

        largest = 1 - psi0
        if largest <= 0 or short(largest) < 0:
            return math.nan
        return float(brentq(short, 0.0, largest, xtol=1e-6))
