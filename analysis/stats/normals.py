"""The largest of several normals: its mean, and Dunnett's comparison of several groups with one control."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.integrate import quad
from scipy.stats import chi, norm

from posttrace.analysis.arrays import FloatArray
from posttrace.traces.errors import InputError


def expected_largest(k: int) -> float:
    """Mean of the largest of ``k`` independent standard normals, by quadrature of its two tails."""
    if k < 1:
        raise InputError("the largest of no normals has no mean; give k of at least 1")

    def above(x: float) -> float:
        return -math.expm1(k * float(norm.logcdf(x)))

    def below(x: float) -> float:
        return math.exp(k * float(norm.logcdf(x)))

    up, down = quad(above, 0, np.inf, epsabs=1e-13), quad(below, -np.inf, 0, epsabs=1e-13)
    return float(up[0] - down[0])


@dataclass(frozen=True)
class DunnettResult:
    """(group,) ``t`` against the control, and adjusted p: ``two_sided``, and ``greater`` for above it."""

    t: FloatArray
    two_sided: FloatArray
    greater: FloatArray


@dataclass(frozen=True)
class Dunnett:
    """Several independent groups against one control (Dunnett 1955), normal with one common variance.

    Only for independent observations, such as seeds: submissions scored on the same items are not. scipy's
    ``dunnett`` estimates the same p by random quasi-Monte Carlo; the two-fold quadrature here gives the same
    digits every time.
    """

    nodes: int = 1001
    """Values of the control's mean, equally spaced within nine standard errors: enough while no group is a
    few hundred times the control's size."""

    def __call__(self, control: FloatArray, groups: Sequence[FloatArray]) -> DunnettResult:
        """``control``: (observation,). ``groups``: for each group (observation,)."""
        samples = [np.asarray(x, dtype=np.float64) for x in (control, *groups)]
        sizes = np.array([len(x) for x in samples])
        df = int(sizes.sum()) - len(samples)
        pooled = sum(float(((x - x.mean()) ** 2).sum()) for x in samples)
        if df < 1 or sizes.min() < 1 or pooled == 0:
            raise InputError("Dunnett's test needs spread within groups; give at least two values in one")
        means = np.array([x.mean() for x in samples])
        se = np.sqrt(pooled / df * (1 / sizes[1:] + 1 / sizes[0]))
        t = (means[1:] - means[0]) / se
        shared = np.sqrt(sizes[1:] / (sizes[1:] + sizes[0]))
        two = np.array([1 - self._inside(-abs(x), abs(x), shared, df) for x in t])
        return DunnettResult(t, two, np.array([1 - self._inside(-np.inf, x, shared, df) for x in t]))

    def _inside(self, low: float, high: float, shared: FloatArray, df: int) -> float:
        """P(all of the multivariate t between ``low`` and ``high``).

        The correlation of j and l is shared_j shared_l, so given the control's mean z and the estimated
        standard deviation s the groups are independent.
        """
        z = np.linspace(-9, 9, self.nodes)
        weight = norm.pdf(z) / norm.pdf(z).sum()
        own = np.sqrt(1 - shared**2)[:, None]
        centre = shared[:, None] * z

        def given(s: float) -> float:
            upper = norm.cdf((high * s + centre) / own)
            lower = norm.cdf((low * s + centre) / own) if np.isfinite(low) else 0.0
            return float(weight @ np.prod(upper - lower, axis=0))

        root, law = math.sqrt(df), chi(df)
        first, last = (float(law.ppf(q)) / root for q in (1e-14, 1 - 1e-14))
        inside = quad(lambda s: given(s) * law.pdf(s * root) * root, first, last, epsabs=1e-12, limit=200)
        return float(inside[0])
