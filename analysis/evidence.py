"""Everything that is measured on one paired table: tests, bounds, corrected gain, detectable gain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from posttrace.analysis.bounds import Bounds, GainBounds
from posttrace.analysis.maxt import MaxT, MaxTResult
from posttrace.analysis.paired import Paired
from posttrace.analysis.power import Detectable
from posttrace.analysis.selection import CorrectedGain, corrected_gain


@dataclass(frozen=True)
class Evidence:
    """The numbers a verdict is made of."""

    paired: Paired
    test: MaxTResult
    bounds: Bounds
    corrected: CorrectedGain
    mde80: float
    alpha: float

    @property
    def skewed(self) -> bool:
        """Long left tails may add more than half of alpha to the error; always False for paired 0/1 items."""
        return self.test.skew_error > self.alpha / 2

    @property
    def winner(self) -> int:
        """Index of the largest gain."""
        return self.paired.winner

    @property
    def gain(self) -> float:
        """Largest gain G."""
        return float(self.paired.units.gains[self.winner])

    @property
    def p(self) -> float:
        """p of the winner, adjusted for the k submissions."""
        return float(self.test.p[self.winner])

    @property
    def lower(self) -> float:
        """Simultaneous lower bound of the winner's gain."""
        return float(self.bounds.lower[self.winner])

    @property
    def upper(self) -> float:
        """No submission gains more than this, at the level of one."""
        return float(self.bounds.upper.max())


@dataclass(frozen=True)
class Measure:
    """Measure a paired table at one-sided ``alpha`` with ``resamples`` draws of each null distribution."""

    alpha: float = 0.05
    resamples: int = 10_000
    chunk: int | None = None

    def __call__(self, paired: Paired, rng: np.random.Generator) -> Evidence:
        """Evidence of ``paired`` (at least two units)."""
        test = MaxT(self.alpha, self.resamples, self.chunk)(paired, rng)
        return Evidence(
            paired=paired,
            test=test,
            bounds=GainBounds(self.alpha)(paired, test.critical, test.critical_abs),
            corrected=corrected_gain(paired, test.out_of_bag),
            mde80=Detectable(self.alpha)(paired),
            alpha=self.alpha,
        )
