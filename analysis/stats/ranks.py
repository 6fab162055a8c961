"""Wilcoxon's signed-rank test, exact whatever ties and zeros there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.stats import rankdata

from posttrace.analysis.arrays import FloatArray
from posttrace.analysis.stats.items.exact import Alternative

Zeros = Literal["wilcox", "pratt"]


@dataclass(frozen=True)
class SignedRankResult:
    """``w_plus``: sum of the ranks of positive differences. ``p``: 1 where no difference is left."""

    w_plus: float
    p: float


@dataclass(frozen=True)
class SignedRank:
    """The exact conditional test: all sign patterns of the non-zero differences, their midranks kept.

    ``zeros``: drop zero differences before ranking (``wilcox``) or after it (``pratt``; Pratt 1959). With
    ties or zeros scipy's ``wilcoxon`` is exact only by enumerating 2^n patterns; this counts rank sums
    instead, so that n may be in the hundreds.
    """

    zeros: Zeros = "wilcox"
    alternative: Alternative = "greater"

    def __call__(self, d: FloatArray) -> SignedRankResult:
        """Test differences ``d`` (pair,). Differences equal to twelve decimals are ties."""
        d = np.asarray(np.round(d, 12), dtype=np.float64)
        if self.zeros == "wilcox":
            d = d[d != 0]
        # midranks are multiples of one half, so doubled ranks are integers and sums of them countable
        doubled = np.rint(2 * rankdata(np.abs(d))).astype(np.int64)
        w_plus = int(doubled[d > 0].sum())
        weights = self._distribution(doubled[d != 0].tolist())
        more, less = float(weights[w_plus:].sum()), float(weights[: w_plus + 1].sum())
        both = min(1.0, 2 * min(more, less))
        return SignedRankResult(w_plus / 2, {"greater": more, "less": less}.get(self.alternative, both))

    @staticmethod
    def _distribution(doubled: list[int]) -> FloatArray:
        """(doubled rank sum,) probability under random signs."""
        weights = np.zeros(sum(doubled) + 1)
        weights[0] = 1.0
        for rank in doubled:
            shifted = np.zeros_like(weights)
            shifted[rank:] = weights[: len(weights) - rank]
            weights += shifted
            weights /= 2
        return weights
