"""Everything that is measured on one paired table: tests, bounds, corrected gain, detectable gain."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from posttrace.analysis.arrays import FloatArray
from posttrace.analysis.audit.grounds import Claim
from posttrace.analysis.digits import rounded
from posttrace.analysis.stats.items.bounds import Bounds, GainBounds
from posttrace.analysis.stats.items.maxt import MaxT, MaxTResult
from posttrace.analysis.stats.items.paired import Paired
from posttrace.analysis.stats.items.replicates import variance_components
from posttrace.analysis.stats.plan.power import Detectable

MIN_CLUSTERS = 10


@dataclass(frozen=True)
class Sample:
    """What was measured on: ``n`` items in ``n_units`` units, ``k`` submissions, ``m`` baseline scorings.

    ``p0``: mean of the baseline. ``baseline_var``: variance of that mean given the items, from replicates,
    else p0 (1 - p0) / n as an upper bound. ``se_items``, ``se_decode``: standard error of one scoring of the
    baseline from the choice of items, and from decoding and judging them; NaN without replicates. ``gains``,
    ``se``: (submission,). ``winner``: its index.
    """

    n: int
    n_units: int
    clustered: bool
    k: int
    m: int
    p0: float
    baseline_var: float
    se_items: float
    se_decode: float
    gains: FloatArray
    se: FloatArray
    winner: int

    @classmethod
    def of(cls, paired: Paired) -> Sample:
        """Describe ``paired`` without keeping its items."""
        p0, n, m = paired.p0, paired.n, paired.m
        split = variance_components(paired.baseline.T)
        return cls(
            n=n,
            n_units=paired.units.n_units,
            clustered=paired.clusters is not None,
            k=paired.k,
            m=m,
            p0=p0,
            baseline_var=split.se_fixed_items**2 if m > 1 else p0 * (1 - p0) / n,
            se_items=math.sqrt(split.s2_item / n),
            se_decode=split.se_single_evaluation,
            gains=paired.units.gains,
            se=paired.units.se,
            winner=paired.winner,
        )


@dataclass(frozen=True)
class Evidence:
    """The numbers a verdict is made of, measured item by item: ``grounds.Grounds``."""

    sample: Sample
    test: MaxTResult
    bounds: Bounds
    mde80: float
    alpha: float

    @property
    def n(self) -> int:
        """Items."""
        return self.sample.n

    @property
    def k(self) -> int:
        """Submissions."""
        return self.sample.k

    @property
    def p0(self) -> float:
        """Mean of the baseline."""
        return self.sample.p0

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
    def p_alone(self) -> float:
        """The same number: no part of it depends on how many runs there are."""
        return self.p

    @property
    def p_less(self) -> float:
        """p for "every submission is below the baseline": an intersection-union test, not adjusted."""
        return float(self.test.p_less.max())

    @property
    def lower(self) -> float:
        """Simultaneous lower bound of the winner's gain."""
        return float(self.bounds.lower[self.winner])

    @property
    def upper(self) -> float:
        """No submission gains more than this, at the level of one."""
        return float(self.bounds.upper.max())

    @property
    def corrected(self) -> float:
        """Out-of-bag gain of the winner."""
        return self.test.corrected.gain

    @property
    def few_clusters(self) -> int | None:
        """How many clusters there are, where that is too few."""
        few = self.sample.clustered and self.sample.n_units < MIN_CLUSTERS
        return self.sample.n_units if few else None

    @property
    def skewed(self) -> str | None:
        """Long left tails may add more than half of alpha to the error; None for paired 0/1 items."""
        error = self.test.skew_error
        return f"estimated excess error {rounded(error, '.3f')}" if error > self.alpha / 2 else None

    @property
    def rivals(self) -> tuple[Claim, ...]:
        """The other submissions, by the step-down p that allows for the winner too."""
        order = [int(j) for j in np.argsort(self.test.p_stepdown, kind="stable") if j != self.winner]
        step, lower, gains = self.test.p_stepdown, self.bounds.lower, self.sample.gains
        return tuple(Claim(float(step[j]), float(lower[j]), float(gains[j])) for j in order)

    def among(self, k: int) -> Claim:
        """The winner, had it been picked from ``k``: Bonferroni, as most of them are not on record."""
        w = self.winner
        reach = max(self.test.critical, float(norm.isf(self.alpha / k))) * float(self.sample.se[w])
        return Claim(min(1.0, k * float(self.test.p_one[w])), min(self.lower, self.gain - reach), self.gain)


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
