"""How much of a score's variance lies between items, and how much between evaluations of the same item?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from posttrace.analysis.arrays import FloatArray


@dataclass(frozen=True)
class Components:
    """Variance components of n items scored m times each; variances and errors in units of the score.

    ``s2_decode``: between evaluations of one item. ``s2_item``: between the items' true means, never below
    its lower bound 0; ``s2_item_unbiased`` is what the mean squares say and may be negative.
    ``se_superpopulation``: of the mean, for other items of the same kind. ``se_fixed_items``: of the mean,
    for more evaluations of these very items. ``se_single_evaluation``: of one evaluation's score around the
    mean that these items would have after endless ones. NaN where m = 1 or n = 1 leaves it undefined;
    ``reason`` says which.
    """

    n: int
    m: int
    mean: float
    s2_item: float
    s2_item_unbiased: float
    s2_decode: float
    se_superpopulation: float
    se_fixed_items: float
    se_single_evaluation: float
    reason: str

    @property
    def at_bound(self) -> bool:
        """Items differ by no more than their evaluations do: ``s2_item`` was set to 0."""
        return self.s2_item_unbiased < 0


def variance_components(outcomes: FloatArray) -> Components:
    """One-way random effects analysis of ``outcomes`` (item, replicate), every item scored equally often.

    s2_decode is the mean over items of the variance within an item, s2_item the variance of the item means
    less s2_decode / m: both unbiased (Searle, Casella & McCulloch 1992; the split of Miller 2024, arXiv
    2411.00640, section 3). ``se_superpopulation`` is taken from the item means themselves, so that it stays
    unbiased where s2_item is cut at 0. Raises ``ValueError`` for an empty table or a value not finite.
    """
    if outcomes.ndim != 2 or outcomes.size == 0 or not np.isfinite(outcomes).all():
        raise ValueError("variance components need a finite outcome of each item in each replicate")
    n, m = outcomes.shape
    means = outcomes.mean(axis=1)
    between = float(means.var(ddof=1)) if n > 1 else np.nan
    within = float(outcomes.var(axis=1, ddof=1).mean()) if m > 1 else np.nan
    unbiased = between - within / m
    return Components(
        n=n,
        m=m,
        mean=float(means.mean()),
        s2_item=unbiased if np.isnan(unbiased) else max(0.0, unbiased),
        s2_item_unbiased=unbiased,
        s2_decode=within,
        se_superpopulation=float(np.sqrt(between / n)),
        se_fixed_items=float(np.sqrt(within / (n * m))),
        se_single_evaluation=float(np.sqrt(within / n)),
        reason=_reason(n, m, unbiased),
    )


def _reason(n: int, m: int, unbiased: float) -> str:
    if m == 1:
        return "one evaluation: what varies between evaluations cannot be told from what varies between items"
    if n == 1:
        return "one item: nothing varies between items"
    if unbiased < 0:
        return "variance between items set to its lower bound 0"
    return ""
