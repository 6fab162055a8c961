"""Many logistic lines at once: a fit for every resample of counts over a few strengths."""

from __future__ import annotations

from typing import Final

import numpy as np

from posttrace.analysis.arrays import FloatArray
from posttrace.analysis.siblings.grades import BoolArray

STEPS: Final = 60
CONVERGED: Final = 1e-8


def overlapping(x: FloatArray, successes: FloatArray, trials: FloatArray) -> BoolArray:
    """(resample,) does the maximum likelihood line exist? ``x``: (point,), counts: (resample, point).

    It does unless a value of x separates successes from failures, ties at that value included (Albert &
    Anderson 1984), or there are only successes or only failures.
    """

    def ends(counts: FloatArray) -> tuple[FloatArray, FloatArray]:
        there = counts > 0
        return np.where(there, x, np.inf).min(axis=1), np.where(there, x, -np.inf).max(axis=1)

    (won_low, won_high), (lost_low, lost_high) = ends(successes), ends(trials - successes)
    both = np.isfinite(won_low) & np.isfinite(lost_low)
    return np.asarray(both & (lost_high > won_low) & (won_high > lost_low), dtype=np.bool_)


def logistic_lines(x: FloatArray, successes: FloatArray, trials: FloatArray) -> FloatArray:
    """(resample, 2) intercept and slope of logit P(success) = a + b x by Newton's method; NaN where none.

    ``x``: (point,), ``successes`` and ``trials``: (resample, point). statsmodels fits one data set at a
    time; a bootstrap needs thousands, and with two parameters the step is in closed form.
    """
    centre, scale = float(x.mean()), float(np.ptp(x)) or 1.0
    u = (x - centre) / scale
    exists = overlapping(x, successes, trials)
    won, n = successes[exists], trials[exists]
    ab, size = np.zeros((len(won), 2)), np.zeros(len(won))
    for _ in range(STEPS):
        step = _newton(ab, u, won, n)
        size = np.abs(step).max(axis=1)
        # steps of at most 2 on the logit scale keep the first ones from overshooting
        ab += step * np.minimum(1.0, 2.0 / np.maximum(size, CONVERGED))[:, None]
        if (size <= CONVERGED).all():
            break
    ab[size > CONVERGED] = np.nan
    lines = np.full((len(successes), 2), np.nan)
    slope = ab[:, 1] / scale
    lines[exists] = np.column_stack([ab[:, 0] - slope * centre, slope])
    return lines


def _newton(ab: FloatArray, u: FloatArray, won: FloatArray, n: FloatArray) -> FloatArray:
    """(resample, 2) Newton's step from intercepts and slopes ``ab``."""
    chance = 1 / (1 + np.exp(-np.clip(ab[:, [0]] + ab[:, [1]] * u, -30, 30)))
    off, weight = won - n * chance, n * chance * (1 - chance)
    g0, g1 = off.sum(axis=1), off @ u
    h00, h01, h11 = weight.sum(axis=1), weight @ u, weight @ u**2
    det = h00 * h11 - h01**2
    step = np.column_stack([h11 * g0 - h01 * g1, h00 * g1 - h01 * g0])
    return np.asarray(step / det[:, None], dtype=np.float64)
