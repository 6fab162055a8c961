"""How much of a reported gain is luck in picking the best of k? The out-of-bag corrected gain."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from posttrace.analysis.arrays import FloatArray
from posttrace.analysis.stats.items.paired import Paired


@dataclass(frozen=True)
class CorrectedGain:
    """``gain``: mean gain of the in-bag winner on the items left out. ``share``: reported gain minus it.

    Unbiased under the null; biased *down* where one submission truly stands out, so that the share can be
    overstated.
    """

    gain: float
    share: float


def corrected_gain(paired: Paired, out_of_bag: FloatArray) -> CorrectedGain:
    """Correct the gain of the best submission for having been picked on the same items.

    ``out_of_bag``: (resample,) gain of the winner on the in-bag items, measured on those with weight 0; NaN
    where no item was left out, which is skipped. One submission was not picked: its gain stands.
    """
    reported = float(paired.units.gains.max())
    if paired.k == 1:
        return CorrectedGain(reported, 0.0)
    if np.isnan(out_of_bag).all():
        return CorrectedGain(math.nan, math.nan)
    gain = float(np.nanmean(out_of_bag))
    return CorrectedGain(gain, reported - gain)
