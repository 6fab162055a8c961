"""The gain of the best of k, corrected for having been picked: conditionally, and by the ideal bootstrap."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import erfcx, log_ndtr, ndtri

from posttrace.analysis.arrays import FloatArray, IntArray
from posttrace.analysis.stats.items.counted import TIE, draws

LEVEL = 1e-12
"""Estimates closer than this many standard errors are level."""


@dataclass(frozen=True)
class WinnerEstimate:
    """``winner``: index. ``low``, ``high``: between them its estimate would have won too, given everything
    else. ``median``: conditionally median-unbiased. ``lower``: conditional lower (1 - alpha) bound.

    Both are minus infinity where the winner is level with the runner-up: nothing is left to estimate from.
    """

    winner: int
    low: float
    high: float
    median: float
    lower: float


@dataclass(frozen=True)
class ConditionalWinner:
    """Inference on the mean of the largest of k normal estimates, given which one won.

    Andrews, Kitagawa & McCloskey 2024 (QJE 139: 305), conditional approach. Given the winner and the part of
    the other estimates that is independent of it, its estimate is a truncated normal. Very unstable close to
    a tie.
    """

    alpha: float = 0.05

    def __call__(self, estimates: FloatArray, covariance: FloatArray) -> WinnerEstimate:
        """``estimates``: (submission,). ``covariance``: (submission, submission), known."""
        x, sigma = np.asarray(estimates, dtype=np.float64), np.asarray(covariance, dtype=np.float64)
        w = int(np.argmax(x))
        low, high = _truncation(x, sigma, w)
        spread = math.sqrt(sigma[w, w])
        cut = _Truncated(float(x[w]), low, high, spread)
        return WinnerEstimate(w, low, high, cut.mean_at(0.5), cut.mean_at(self.alpha))


def _truncation(x: FloatArray, sigma: FloatArray, w: int) -> tuple[float, float]:
    """Range of the winner's estimate that keeps it the winner, the independent part z of the others fixed."""
    own = sigma[w, w]
    z = x - sigma[:, w] / own * x[w]
    slack = own - sigma[:, w]
    others = np.arange(len(x)) != w
    below, above = others & (slack > 0), others & (slack < 0)
    low = float((own * z[below] / slack[below]).max(initial=-math.inf))
    return low, float((own * z[above] / slack[above]).min(initial=math.inf))


@dataclass(frozen=True)
class _Truncated:
    """A normal with standard deviation ``spread`` between ``low`` and ``high``, observed at ``x``."""

    x: float
    low: float
    high: float
    spread: float

    def mean_at(self, tail: float) -> float:
        """Mean under which P(X >= x) = ``tail``; it rises with the mean."""
        if self.x - self.low <= LEVEL * self.spread:
            return -math.inf
        if self.high - self.x <= LEVEL * self.spread:
            return math.inf
        if math.isinf(self.low) and math.isinf(self.high):
            return self.x + self.spread * float(ndtri(tail))
        start, stop, step = self.x - self.spread, self.x + self.spread, self.spread
        while self._log_tail(start) > math.log(tail):
            start, step = start - step, 2 * step
        step = self.spread
        while self._log_tail(stop) < math.log(tail):
            stop, step = stop + step, 2 * step
        return float(brentq(lambda mean: self._log_tail(mean) - math.log(tail), start, stop, xtol=1e-13))

    def _log_tail(self, mean: float) -> float:
        """log P(X >= x), from the side where the normal's tail is small: the truncation may lie far out."""
        # widths are taken before the mean is subtracted, which may be larger by many orders
        below, above = (self.x - self.low) / self.spread, (self.high - self.x) / self.spread
        at, low, high = ((edge - mean) / self.spread for edge in (self.x, self.low, self.high))
        if low + high >= 0:
            inside = _log_missed(_log_ratio(at, above)) - _log_missed(_log_ratio(low, below + above))
            return _log_ratio(low, below) + inside
        return _log_missed(_log_ratio(-high, above)) - _log_missed(_log_ratio(-high, below + above))


def _log_ratio(start: float, width: float) -> float:
    """log P(Z > start + width)/P(Z > start); far out both are e^(-z^2/2) times a tame factor."""
    end = start + width
    if math.isinf(width):
        return -math.inf
    if start < 0:
        return float(log_ndtr(-end) - log_ndtr(-start))
    tame = erfcx(end / math.sqrt(2)) / erfcx(start / math.sqrt(2))
    return math.log(tame) - width * (start + end) / 2


def _log_missed(log_share: float) -> float:
    """log(1 - share)."""
    return math.log(-math.expm1(log_share)) if log_share < 0 else -math.inf


@dataclass(frozen=True)
class IdealCorrection:
    """``naive``: gain of the best. ``optimism``: mean over draws of how much more the winner of a draw gains
    on the draw than on the data (Efron 1983). ``corrected``: naive minus that. ``out_of_bag``: mean gain of
    the winner of a draw on the items not drawn, over draws that leave one out; NaN for a single item."""

    naive: float
    optimism: float
    corrected: float
    out_of_bag: float


def ideal_correction(d: FloatArray) -> IdealCorrection:
    """Correct the best gain of ``d`` (item, submission) by all n^n bootstrap draws; ties: the earliest."""
    n, gains = len(d), d.mean(axis=0)
    drawn, weights = draws(n, np.ones(n, dtype=np.int64))
    sums = drawn @ d
    winner, rows = _earliest(sums), np.arange(len(drawn))
    optimism = float(weights @ (sums[rows, winner] / n - gains[winner]))
    out = drawn == 0
    left, size = (out @ d)[rows, winner], out.sum(axis=1)
    some = size > 0
    kept = float(weights[some].sum())
    out_of_bag = float(weights[some] @ (left[some] / size[some])) / kept if kept > 0 else math.nan
    naive = float(gains.max())
    return IdealCorrection(naive, optimism, naive - optimism, out_of_bag)


def _earliest(sums: FloatArray) -> IntArray:
    """(state,) index of the largest of ``sums`` (state, submission); what differs by rounding is a tie."""
    near = sums >= sums.max(axis=1, keepdims=True) - TIE
    return np.asarray(near.argmax(axis=1), dtype=np.int64)
