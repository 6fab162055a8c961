"""Everything that is measured on one paired table: tests, bounds, corrected gain, detectable gain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from posttrace.analysis.arrays import FloatArray
from posttrace.analysis.stats.bounds import Bounds, GainBounds
from posttrace.analysis.stats.maxt import MaxT, MaxTResult
from posttrace.analysis.stats.paired import Paired
from posttrace.analysis.stats.power import Detectable


@dataclass(frozen=True)
class Sample:
    """What was measured on: ``n`` items in ``n_units`` units, ``k`` submissions, ``m`` baseline scorings.

    ``p0``: mean of the baseline. ``baseline_var``: variance of that mean given the items, from replicates,
    else p0 (1 - p0) / n as an upper bound. ``gains``, ``se``: (submission,). ``winner``: its index.
    """

    n: int
    n_units: int
    clustered: bool
    k: int
    m: int
    p0: float
    baseline_var: float
    gains: FloatArray
    se: FloatArray
    winner: int

    @classmethod
    def of(cls, paired: Paired) -> Sample:
        """Describe ``paired`` without keeping its items."""
        p0, n, m = paired.p0, paired.n, paired.m
        within = float(paired.baseline.var(axis=0, ddof=1).sum()) / m / n**2 if m > 1 else p0 * (1 - p0) / n
        return cls(
            n=n,
            n_units=paired.units.n_units,
            clustered=paired.clusters is not None,
            k=paired.k,
            m=m,
            p0=p0,
            baseline_var=within,
            gains=paired.units.gains,
            se=paired.units.se,
            winner=paired.winner,
        )


@dataclass(frozen=True)
class Evidence:
    """The numbers a verdict is made of."""

    sample: Sample
    test: MaxTResult
    bounds: Bounds
    mde80: float
    alpha: float

    @property
    def skewed(self) -> bool:
        """Long left tails may add more than half of alpha to the error; always False for paired 0/1 items."""
        return self.test.skew_error > self.alpha / 2

    @property
    def winner(self) -> int:
        """Index of the largest gain."""
        return self.sample.winner

    @property
    def gain(self) -> float:
        """Largest gain G."""
        return float(self.sample.gains[self.winner])

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
            sample=Sample.of(paired),
            test=test,
            bounds=GainBounds(self.alpha)(paired, test.critical, test.critical_abs),
            mde80=float(Detectable(self.alpha)(paired)),
            alpha=self.alpha,
        )
