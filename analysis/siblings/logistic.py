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
    a, b = np.zeros(len(successes)), np.zeros(len(successes))
    last = np.full(len(successes), np.inf)
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(-np.clip(a[:, None] + b[:, None] * u, -30, 30)))
        off, weight = successes - trials * chance, trials * chance * (1 - chance)
        g0, g1 = off.sum(axis=1), (off * u).sum(axis=1)
        h00, h01, h11 = weight.sum(axis=1), (weight * u).sum(axis=1), (weight * u * u).sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            det = h00 * h11 - h01**2
            da, db = (h11 * g0 - h01 * g1) / det, (h00 * g1 - h01 * g0) / det
        last = np.where(
            exists & np.isfinite(da) & np.isfinite(db), np.maximum(np.abs(da), np.abs(db)), np.inf
        )
        # steps of at most 2 on the logit scale keep the first ones from overshooting
        short = np.where(np.isfinite(last), np.minimum(1.0, 2.0 / np.maximum(last, 1e-300)), 0.0)
        a, b = (
            a + np.nan_to_num(short * da, posinf=0, neginf=0),
            b + np.nan_to_num(short * db, posinf=0, neginf=0),
        )
        if not (exists & (last > CONVERGED)).any():
            break
    slope = b / scale
    lines = np.column_stack([a - slope * centre, slope])
    lines[last > CONVERGED] = np.nan
    return lines
