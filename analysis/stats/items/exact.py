"""Exact one-sided tests where the null distribution can be counted out."""

from __future__ import annotations

from functools import reduce
from typing import Literal

import numpy as np
from scipy.stats import binom, binomtest

from posttrace.analysis.arrays import FloatArray, IntArray
from posttrace.analysis.stats.items.paired import Paired

Alternative = Literal["greater", "less", "two-sided"]

MAX_ENUMERATED = 20
"""Largest number of items whose 2^n sign patterns are enumerated."""


def mcnemar(gained: int, lost: int, alternative: Alternative = "greater") -> float:
    """Exact McNemar test: the sign test on discordant items; 1 when there are none.

    ``alternative``: greater, less or two-sided. McNemar 1947; scipy's ``binomtest``.
    """
    if gained + lost == 0:
        return 1.0
    return float(binomtest(gained, gained + lost, 0.5, alternative=alternative).pvalue)


def mcnemar_all(gained: IntArray, lost: IntArray, greater: bool = True) -> FloatArray:
    """(submission,) exact one-sided McNemar p of each submission alone; without discordant items 1."""
    tail = binom.sf(gained - 1, gained + lost, 0.5) if greater else binom.cdf(gained, gained + lost, 0.5)
    return np.asarray(tail, dtype=np.float64)


def conditional_binomial(paired: Paired, greater: bool = True) -> FloatArray:
    """(submission,) P(PB >= X_j), or P(PB <= X_j), of each submission alone: 0/1 items, m baseline scorings.

    Given S_i successes of item i in m + 1 scorings, under the null each scoring is equally likely to be the
    submission's, so X_j = sum_i y_ij is Poisson-binomial with probabilities S_i/(m+1), independent items.
    Items with S_i in {0, m+1} are constants. 1 where all are.
    """
    counts = paired.baseline.sum(axis=0)[:, None] + paired.submissions
    found = np.ones(paired.k)
    for j in range(paired.k):
        open_items = (counts[:, j] > 0) & (counts[:, j] < paired.m + 1)
        if not open_items.any():
            continue
        x = int(paired.submissions[open_items, j].sum())
        # items of one S_i are binomial; scipy's poisson_binom takes each item for itself, 50 times as long
        successes, items = np.unique(counts[open_items, j], return_counts=True)
        alike = [
            binom.pmf(np.arange(n + 1), n, s / (paired.m + 1)) for s, n in zip(successes, items, strict=True)
        ]
        chances = reduce(np.convolve, alike)
        found[j] = min(1.0, float(chances[x:].sum() if greater else chances[: x + 1].sum()))
    return found


def enumerated_flips(d: FloatArray) -> tuple[float, float]:
    """One-sided p (greater, less) over all 2^n sign patterns of the differences ``d`` (item,), n <= 20.

    The studentised and the plain mean order the patterns alike, because sum d^2 is fixed.
    """
    if len(d) > MAX_ENUMERATED:
        raise ValueError(f"{len(d)} items are too many to enumerate (limit {MAX_ENUMERATED})")
    sums = np.zeros(1)
    for value in d:
        sums = np.concatenate([sums + value, sums - value])
    return float(np.mean(sums >= d.sum() - 1e-9)), float(np.mean(sums <= d.sum() + 1e-9))
