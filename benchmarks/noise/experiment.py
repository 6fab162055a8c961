"""Experiments with a known truth: items, a baseline, and submissions that gain nothing or so much."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from posttrace.analysis.arrays import FloatArray
from posttrace.analysis.stats.items.paired import Paired


@dataclass(frozen=True)
class Experiment:
    """n items of mean difficulty p0 with intra-class correlation icc, k submissions, baseline scored m times.

    ``icc``: correlation of two scorings of one item, from items that differ in difficulty (Beta).
    ``collapsed``: half of the submissions answer nothing right. ``gain``: true gain of every submission, by
    moving that share of the baseline's failures to successes; with ``alone`` of the last one only.
    ``skewed``: continuous differences with a long left tail instead of 0/1 items.
    """

    n: int
    p0: float
    icc: float
    k: int
    m: int = 1
    collapsed: bool = False
    gain: float = 0.0
    skewed: bool = False
    alone: bool = False

    @property
    def gains(self) -> FloatArray:
        """(submission,) true gains."""
        gains = np.full(self.k, self.gain)
        if self.alone:
            gains[:-1] = 0.0
        if self.collapsed:
            gains[: self.k // 2] = -self.p0
        return gains

    def draw(self, rng: np.random.Generator) -> Paired:
        """One experiment: new items, new scorings."""
        if self.skewed:
            return self._skewed(rng)
        chance = chances(rng, self.n, self.p0, self.icc)
        better = chance[:, None]
        if self.gain > 0:
            better = better + (1 - better) * np.maximum(self.gains, 0.0) / (1 - self.p0)
        base = (rng.random((self.m, self.n)) < chance).astype(np.float64)
        scored = (rng.random((self.n, self.k)) < better).astype(np.float64)
        if self.collapsed:
            scored[:, : self.k // 2] = 0.0
        return Paired(base, scored)

    def _skewed(self, rng: np.random.Generator) -> Paired:
        """Judge scores around .5: noise 1 - exponential scaled to 0..1, skewness -2 (mean zero)."""
        base = np.full((self.m, self.n), 0.5)
        noise = 1 - rng.exponential(size=(self.n, self.k))
        return Paired(base, np.clip(0.5 + 0.06 * noise, 0, 1))


def chances(rng: np.random.Generator, n: int, p0: float, icc: float) -> FloatArray:
    """(item,) chance of success: Beta with mean p0 and variance icc p0 (1 - p0)."""
    if icc == 0:
        return np.full(n, p0)
    spread = (1 - icc) / icc
    return rng.beta(p0 * spread, (1 - p0) * spread, n)
