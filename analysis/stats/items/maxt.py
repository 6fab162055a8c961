"""Does the best of k submissions beat the baseline by more than evaluation noise? The max-T test.

Studentised maximum over submissions, with the joint null distribution by one random sign an item (flip) and
by recentred multinomial weights (boot); the larger p counts. Both keep the correlation of submissions that
share items and baseline. Asymptotic for k > 1. Westfall & Young 1993; White 2000; Hansen 2005;
Romano & Wolf 2005.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm, skew

from posttrace.analysis.arrays import FloatArray, IntArray
from posttrace.analysis.stats.items.exact import (
    MAX_ENUMERATED,
    conditional_binomial,
    enumerated_flips,
    mcnemar_all,
)
from posttrace.analysis.stats.items.paired import Paired
from posttrace.analysis.stats.items.resampling import Null, Resampled, Resampling
from posttrace.analysis.stats.items.selection import CorrectedGain, corrected_gain

FEW_DISCORDANT = 30
"""A 0/1 winner with fewer discordant items is also held against Bonferroni-adjusted exact tests."""


@dataclass(frozen=True)
class MaxTResult:
    """Tests and critical values for k submissions; arrays are (submission,).

    ``p_flip``, ``p_boot``, ``p``: single step, of each submission against the maximum; ``p`` is the larger
    with the exact guards applied. ``p_some``: p for "some submission" (largest t). ``p_stepdown``: adjusted
    for several claims at once. ``p_one``, ``p_less``: of the submission alone, gain and loss.
    ``critical``, ``critical_abs``: simultaneous, one- and two-sided. ``skew_error``: excess error that the
    skewness guard estimates, NaN where it does not apply.
    """

    t: FloatArray
    p_flip: FloatArray
    p_boot: FloatArray
    p: FloatArray
    p_some: float
    p_stepdown: FloatArray
    p_one: FloatArray
    p_less: FloatArray
    critical: float
    critical_abs: float
    skew_error: float
    corrected: CorrectedGain


@dataclass(frozen=True)
class MaxT:
    """The test at level ``alpha`` (one-sided) with ``resamples`` draws of each null distribution.

    ``chunk`` bounds memory and changes no result.
    """

    alpha: float = 0.05
    resamples: int = 10_000
    chunk: int | None = None

    def __call__(self, paired: Paired, rng: np.random.Generator) -> MaxTResult:
        """Test ``paired``: at least two units and one submission. Pure, given the state of ``rng``."""
        draws, column = self._resample(paired, rng)
        t = paired.units.t
        p_flip, p_boot = (self._p(null.reached(t)) for null in (draws.flip, draws.boot))
        p_one, p_less, flip_one = self._alone(paired, draws, column)
        p_flip = flip_one if paired.k == 1 else p_flip
        stepdown = np.maximum(*(self._stepdown(null, t, column) for null in (draws.flip, draws.boot)))
        critical, critical_abs = self._critical(draws)
        p = self._guarded(paired, np.maximum(p_flip, p_boot), p_one)
        best = int(np.argmax(t))
        return MaxTResult(
            t=t,
            p_flip=p_flip,
            p_boot=p_boot,
            p=p,
            p_some=float(p[best]),
            p_stepdown=p if paired.k == 1 else self._without_spread(paired, stepdown, p_one),
            p_one=p_one,
            p_less=p_less,
            critical=critical,
            critical_abs=critical_abs,
            skew_error=_skew_error(paired, critical),
            corrected=corrected_gain(paired, draws.out_of_bag),
        )

    def _resample(self, paired: Paired, rng: np.random.Generator) -> tuple[Resampled, IntArray]:
        """Draws over *different* submissions, and (submission,) the column of each: copies cannot count."""
        units = paired.units
        codes: dict[bytes, int] = {}
        # + 0.0 makes minus zero zero
        column = np.array([codes.setdefault(sums.tobytes(), len(codes)) for sums in units.sums.T + 0.0])
        kept = np.unique(column, return_index=True)[1]
        distinct = type(units)(units.sums[:, kept], units.sizes)
        return Resampling(self.resamples, self.chunk)(distinct, rng), column

    def _p(self, count: IntArray) -> FloatArray:
        return (1.0 + count) / (self.resamples + 1)

    def _stepdown(self, null: Null, t: FloatArray, column: IntArray) -> FloatArray:
        p: FloatArray = self._p(null.stepdown)[column]
        order = np.argsort(-t, kind="stable")
        p[order] = np.maximum.accumulate(p[order])
        return p

    def _alone(self, paired: Paired, draws: Resampled, column: IntArray) -> tuple[FloatArray, ...]:
        """(submission,) one-sided p of each alone: gain, loss, and gain by flips; exact where possible."""
        if paired.binary:
            greater = mcnemar_all(paired.gained, paired.lost)
            return greater, mcnemar_all(paired.gained, paired.lost, greater=False), greater
        if paired.clusters is None and paired.n <= MAX_ENUMERATED:
            flip = np.array([enumerated_flips(paired.d[:, j]) for j in range(paired.k)]).T
        else:
            flip = np.array([self._p(draws.flip.above), self._p(draws.flip.below)])[:, column]
        boot = np.array([self._p(draws.boot.above), self._p(draws.boot.below)])[:, column]
        greater, less = np.maximum(flip, boot)
        if paired.zero_one and paired.clusters is None:
            # where successes are rare resampling alone finds a loss too often: at p = .006 twice as often
            greater = np.maximum(greater, conditional_binomial(paired))
            less = np.maximum(less, conditional_binomial(paired, greater=False))
        return _sign_where_flat(paired, greater, 1), _sign_where_flat(paired, less, -1), flip[0]

    def _guarded(self, paired: Paired, p: FloatArray, p_one: FloatArray) -> FloatArray:
        """Single-step p with the exact tests that the data allow."""
        if paired.k == 1 and paired.binary:
            return p_one
        if paired.binary:
            few = paired.gained + paired.lost < FEW_DISCORDANT
            p = np.where(few, np.maximum(p, min(1.0, paired.k * float(p_one.min()))), p)
        elif paired.zero_one and paired.clusters is None:
            p = np.maximum(p, min(1.0, paired.k * float(conditional_binomial(paired).min())))
        return self._without_spread(paired, p, p_one)

    def _without_spread(self, paired: Paired, p: FloatArray, p_one: FloatArray) -> FloatArray:
        """Replace p by Bonferroni on the exact sign test where all differences are one value, not 0."""
        flat = np.isinf(paired.units.t)
        return np.where(flat, np.minimum(1.0, paired.k * p_one), p)

    def _critical(self, draws: Resampled) -> tuple[float, float]:
        one = [_upper_point(null.largest, self.alpha) for null in (draws.boot, draws.centred)]
        two = [_upper_point(null.largest_abs, self.alpha) for null in (draws.boot, draws.centred)]
        return max(*one, norm.isf(self.alpha)), max(*two, norm.isf(self.alpha / 2))


def _sign_where_flat(paired: Paired, p: FloatArray, sign: int) -> FloatArray:
    """The exact sign test on units where all differences are the same value and not 0."""
    t, exact = sign * paired.units.t, 0.5**paired.units.n_units
    return np.where(np.isposinf(t), exact, np.where(np.isneginf(t), 1.0, p))


def _upper_point(draws: FloatArray, alpha: float) -> float:
    """Order statistic that (1 + #{T >= t}) / (B + 1) <= alpha agrees with (Davison & Hinkley 1997, 4.2.3)."""
    rank = math.ceil((1 - alpha) * (len(draws) + 1) - 1e-9)
    return math.inf if rank > len(draws) else float(np.partition(draws, rank - 1)[rank - 1])


def _skew_error(paired: Paired, critical: float) -> float:
    """e = k max(0, -gamma) (2c^2 + 1) phi(c) / (6 sqrt(n)), gamma pooled over submissions; n counts units.

    First Edgeworth term of the studentised mean. NaN for 0/1 items with one baseline, which have their own
    guard. It cannot see one skewed submission among many symmetric ones.
    """
    units = paired.units
    if paired.binary:
        return math.nan
    spread = units.se > 0
    if not spread.any():
        return 0.0
    residuals = units.residuals[:, spread]
    gamma = float(skew((residuals / residuals.std(axis=0)).ravel()))
    size = (2 * critical**2 + 1) * norm.pdf(critical) / (6 * math.sqrt(units.n_units))
    return float(paired.k * max(0.0, -gamma) * size)
