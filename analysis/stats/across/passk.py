"""What would the best of k runs have been? Exact, from N runs, without replacement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from posttrace.analysis.arrays import FloatArray

Failed = Literal["refuse", "drop"] | float


@dataclass(frozen=True)
class BestOfK:
    """Expected best of k runs drawn without replacement from the N that there are.

    ``failed`` says what a NaN, a run without a gain, counts as: ``"refuse"`` raises, ``"drop"`` leaves it out
    (N shrinks: the best of k *scored* runs), a number stands for its gain. It is never silently 0.

    E max = sum_i x_(i) C(i-1, k-1) / C(N, k) over the ordered gains: the unbiased estimate for k <= N of the
    expected maximum of k independent runs (the order statistics behind pass@k, Chen et al. 2021, arXiv
    2107.03374, for any outcome). The plug-in 1 - (1 - c/N)^k, with replacement, is biased down.
    """

    failed: Failed = "refuse"

    def __call__(self, gains: FloatArray, k: int) -> float:
        """``gains``: (run,). Raises ``ValueError`` unless 1 <= k <= N, the runs that count."""
        counted = self._counted(gains)
        if not 1 <= k <= len(counted):
            raise ValueError(f"k = {k} is not between 1 and the {len(counted)} runs that count")
        return float(np.sort(counted) @ weights(len(counted), k))

    def curve(self, gains: FloatArray) -> FloatArray:
        """(k,) expected best of k = 1, ..., N: from the mean to the maximum; empty without runs."""
        counted = np.sort(self._counted(gains))
        n = len(counted)
        return np.array([float(counted @ weights(n, k)) for k in range(1, n + 1)])

    def _counted(self, gains: FloatArray) -> FloatArray:
        missing = np.isnan(gains)
        if not missing.any():
            return gains
        if self.failed == "refuse":
            raise ValueError(f"{missing.sum()} of {len(gains)} runs have no gain; say what they count as")
        return gains[~missing] if self.failed == "drop" else np.where(missing, self.failed, gains)


def weights(n: int, k: int) -> FloatArray:
    """(rank,) chance that each of n ordered runs, smallest first, is the best of k drawn from them.

    Downwards from k/n of the largest: C(i-2, k-1) / C(i-1, k-1) = (i-k)/(i-1), without large factorials.
    """
    ranks = np.arange(n, 1, -1)
    steps = np.maximum(ranks - k, 0) / (ranks - 1)
    return np.asarray(k / n * np.concatenate([[1.0], np.cumprod(steps)])[::-1], dtype=np.float64)
