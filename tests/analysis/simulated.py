"""Experiments with a known truth: what the item-level simulations of the audit's tests share."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from posttrace.analysis.audit.evidence import Evidence, Measure
from posttrace.analysis.stats.paired import Paired


@dataclass(frozen=True)
class Experiment:
    """n items of mean difficulty p0 with intra-class correlation icc, k submissions, baseline scored m times.

    ``collapsed``: half of the submissions answer nothing right. ``gain``: true gain of every submission, by
    moving that share of the baseline's failures to successes. ``skewed``: continuous differences with a long
    left tail instead of 0/1 items.
    """

    n: int
    p0: float
    icc: float
    k: int
    m: int = 1
    collapsed: bool = False
    gain: float = 0.0
    skewed: bool = False

    def draw(self, rng: np.random.Generator) -> Paired:
        """One experiment: new items, new scorings."""
        if self.skewed:
            return self._skewed(rng)
        chance = np.full(self.n, self.p0)
        if self.icc > 0:
            # Beta with mean p0 and variance icc p0 (1 - p0)
            spread = (1 - self.icc) / self.icc
            chance = rng.beta(self.p0 * spread, (1 - self.p0) * spread, self.n)
        better = chance + (1 - chance) * self.gain / (1 - self.p0)
        base = (rng.random((self.m, self.n)) < chance).astype(np.float64)
        scored = (rng.random((self.n, self.k)) < better[:, None]).astype(np.float64)
        if self.collapsed:
            scored[:, : self.k // 2] = 0.0
        return Paired(base, scored)

    def _skewed(self, rng: np.random.Generator) -> Paired:
        """Judge scores around .5: noise 1 - exponential scaled to 0..1, skewness -2 (mean zero)."""
        base = np.full((self.m, self.n), 0.5)
        noise = 1 - rng.exponential(size=(self.n, self.k))
        return Paired(base, np.clip(0.5 + 0.06 * noise, 0, 1))


@dataclass(frozen=True)
class Shares:
    """Over ``count`` experiments: how often each claim was made, and the mean corrected gain."""

    count: int
    significant: float
    exceeds: float
    covered: float
    corrected: float

    def se(self, share: float) -> float:
        """Monte-Carlo standard error of a share."""
        return math.sqrt(share * (1 - share) / self.count)


def repeat(experiment: Experiment, count: int, resamples: int = 500, seed: int = 0) -> Shares:
    """Audit ``count`` experiments."""
    rng = np.random.default_rng(seed)
    rows = np.array([_row(experiment, rng, resamples) for _ in range(count)])
    return Shares(count, *(float(x) for x in rows.mean(axis=0)))


def _row(experiment: Experiment, rng: np.random.Generator, resamples: int) -> tuple[float, ...]:
    evidence: Evidence = Measure(0.05, resamples)(experiment.draw(rng), rng)
    significant = evidence.p <= 0.05 and evidence.lower > 0
    truths = np.full(experiment.k, experiment.gain)
    if experiment.collapsed:
        truths[: experiment.k // 2] = -experiment.p0
    covered = evidence.bounds.lower <= truths + 1e-12
    return (
        float(significant),
        float(significant and not evidence.test.skew_error > 0.025),
        float(covered.all()),
        evidence.test.corrected.gain,
    )
