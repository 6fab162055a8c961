"""Outcomes of a baseline and of k submissions on the same items, and what every test needs of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from posttrace.analysis.arrays import FloatArray, IntArray

ZERO_SE = 1e-12
"""A standard error below this is rounding: every item has the same difference."""


@dataclass(frozen=True)
class Units:
    """What is resampled as a whole: an item, or a cluster of items.

    ``sums``: (unit, submission), sum of the differences of the unit's items. ``sizes``: (unit,), its items.
    """

    sums: FloatArray
    sizes: FloatArray

    @property
    def n_units(self) -> int:
        """Units."""
        return len(self.sizes)

    @cached_property
    def equal(self) -> bool:
        """Every unit has one item: no clusters."""
        return bool(np.all(self.sizes == 1))

    @cached_property
    def n_items(self) -> float:
        """Items over all units."""
        return float(self.sizes.sum())

    @cached_property
    def gains(self) -> FloatArray:
        """(submission,) mean difference over items."""
        gains: FloatArray = self.sums.sum(axis=0) / self.n_items
        return gains

    @cached_property
    def residuals(self) -> FloatArray:
        """(unit, submission) sums around the mean gain."""
        return self.sums - self.sizes[:, None] * self.gains

    @cached_property
    def se(self) -> FloatArray:
        """(submission,) standard error of the gain: CR1, C/(C-1) sum R_c^2 / n^2; s/sqrt(n) for items.

        Liang & Zeger 1986; Miller 2024 (arXiv 2411.00640) eq. 4 with the finite-cluster factor.
        """
        c = self.n_units
        if c < 2:
            return np.full(self.sums.shape[1], np.nan)
        se = np.sqrt(c / (c - 1) * (self.residuals**2).sum(axis=0)) / self.n_items
        return np.where(se <= ZERO_SE, 0.0, se)

    @cached_property
    def t(self) -> FloatArray:
        """(submission,) gain / standard error; without spread 0 for no gain, otherwise +-inf."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.gains == 0, 0.0, self.gains / self.se)

    def canonical(self) -> Units:
        """The same units in an order that depends on neither item names nor the order of submissions.

        The random draws meet the units by position, so this makes a p-value invariant to both exactly.
        """
        rows = self.sums.sum(axis=1, keepdims=True)
        squares = (self.sums**2).sum(axis=1, keepdims=True)
        keys = (np.abs(self.sums), self.sums * rows, self.sums * squares, self.sums * rows**3)
        # rounded: sums in another order may differ in the last bit
        columns = np.lexsort([np.round(key.sum(axis=0), 6) for key in (*reversed(keys), self.sums)])
        order = np.lexsort([self.sizes, *(self.sums[:, j] for j in columns)])
        return Units(np.ascontiguousarray(self.sums[order]), self.sizes[order])


@dataclass(frozen=True)
class Paired:
    """A baseline scored m times and k submissions, all on the same n items; values on 0..1.

    ``baseline``: (replicate, item). ``submissions``: (item, submission), in the order they were submitted.
    ``clusters``: (item,) codes of what is sampled together, or None when items are independent.
    """

    baseline: FloatArray
    submissions: FloatArray
    clusters: IntArray | None = None

    @property
    def n(self) -> int:
        """Items."""
        return int(self.submissions.shape[0])

    @property
    def k(self) -> int:
        """Submissions."""
        return int(self.submissions.shape[1])

    @property
    def m(self) -> int:
        """Scorings of the baseline."""
        return int(self.baseline.shape[0])

    @cached_property
    def p0(self) -> float:
        """Mean of the baseline over replicates and items."""
        return float(self.baseline.mean())

    @cached_property
    def zero_one(self) -> bool:
        """Every single outcome is 0 or 1."""
        return bool(np.isin(self.baseline, (0.0, 1.0)).all() and np.isin(self.submissions, (0.0, 1.0)).all())

    @property
    def binary(self) -> bool:
        """0/1 items, independent, one baseline: where McNemar's counts say everything."""
        return self.zero_one and self.m == 1 and self.clusters is None

    @cached_property
    def d(self) -> FloatArray:
        """(item, submission) outcome minus mean baseline outcome.

        Rounded to a binary grid so fine that it changes nothing (below 1e-11 a score) and so coarse that
        every weighted sum of it is exact in float64: sums then depend on no order, thread count or chunk.
        """
        d = self.submissions - self.baseline.mean(axis=0)[:, None]
        largest = 1 if self.clusters is None else int(np.bincount(self.clusters).max())
        scale = 2.0 ** (51 - (self.n * largest).bit_length())
        return np.asarray(np.round(d * scale) / scale, dtype=np.float64)

    @cached_property
    def units(self) -> Units:
        """Items, or clusters of items, as they are resampled."""
        if self.clusters is None:
            return Units(self.d, np.ones(self.n))
        size = int(self.clusters.max()) + 1
        sums = np.zeros((size, self.k))
        np.add.at(sums, self.clusters, self.d)
        sizes = np.bincount(self.clusters, minlength=size).astype(np.float64)
        return Units(sums[sizes > 0], sizes[sizes > 0])

    @cached_property
    def gained(self) -> IntArray:
        """(submission,) items better than the baseline."""
        return np.asarray((self.d > 0).sum(axis=0), dtype=np.int64)

    @cached_property
    def lost(self) -> IntArray:
        """(submission,) items worse than the baseline."""
        return np.asarray((self.d < 0).sum(axis=0), dtype=np.int64)

    @cached_property
    def winner(self) -> int:
        """Index of the largest gain; tie: the earliest."""
        return int(np.argmax(self.units.gains))

    def take(self, submission: int) -> Paired:
        """The same baseline against one submission alone."""
        return Paired(self.baseline, self.submissions[:, [submission]], self.clusters)
