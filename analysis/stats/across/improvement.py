"""Who beats whom how often, and how scores are spread: probability of improvement, performance profiles.

Agarwal et al. 2021 (arXiv 2108.13264); deviations as in ``aggregate``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from posttrace.analysis.arrays import FloatArray
from posttrace.analysis.stats.across.aggregate import Estimate, Tasks, check, few, interval, resampled
from posttrace.analysis.stats.items.resampling import TIE


def wins(x: FloatArray, y: FloatArray) -> tuple[float, float]:
    """One task: P(X > Y) + P(X = Y)/2 over all pairs of a run of each; Mann-Whitney's U = that x pairs."""
    u = float(_beats(x, y).sum())
    return u / (len(x) * len(y)), u


def _beats(x: FloatArray, y: FloatArray) -> FloatArray:
    """(run of x, run of y): 1 better, 1/2 equal, 0 worse."""
    ahead = x[:, None] - y[None, :]
    return np.where(np.abs(ahead) <= TIE, 0.5, (ahead > 0).astype(np.float64))


@dataclass(frozen=True)
class ProbabilityOfImprovement:
    """Mean over tasks of the chance that a run of one is better than a run of the other, ties one half.

    Runs of both are resampled independently within tasks; where runs are paired by seed that ignores the
    pairing. ``alpha`` two-sided.
    """

    alpha: float = 0.05
    resamples: int = 10_000

    def __call__(self, one: Tasks, other: Tasks, rng: np.random.Generator) -> Estimate:
        """``one``, ``other``: the same tasks in the same order. Raises ``ValueError`` otherwise."""
        check(one)
        check(other)
        value = float(np.mean([wins(x, y)[0] for x, y in zip(one, other, strict=True)]))
        if min(len(task) for task in (*one, *other)) < 2:
            return Estimate(value, np.nan, np.nan, np.nan, "a task with a single run: no interval")
        drawn = np.zeros(self.resamples)
        for x, y in zip(one, other, strict=True):
            of_x, of_y = (_weights(len(task), self.resamples, rng) for task in (x, y))
            drawn += np.einsum("bi,ij,bj->b", of_x, _beats(x, y), of_y, optimize=True)
        drawn /= len(one)
        low, high = np.quantile(drawn, [self.alpha / 2, 1 - self.alpha / 2])
        return interval(value, float(drawn.std()), float(low), float(high), few(one, other))


def _weights(n: int, resamples: int, rng: np.random.Generator) -> FloatArray:
    """(resample, run) share of each run in a sample with replacement."""
    return rng.multinomial(n, np.full(n, 1 / n), size=resamples) / n


@dataclass(frozen=True)
class Profile:
    """``share``: (threshold,) mean over tasks of the share of runs above it; ``low``, ``high``: pointwise."""

    thresholds: FloatArray
    share: FloatArray
    low: FloatArray
    high: FloatArray


@dataclass(frozen=True)
class PerformanceProfile:
    """Share of runs with a score above each threshold, with a pointwise stratified bootstrap band."""

    thresholds: tuple[float, ...]
    alpha: float = 0.05
    resamples: int = 2000

    def __call__(self, tasks: Tasks, rng: np.random.Generator) -> Profile:
        """The band is NaN where a task has a single run."""
        check(tasks)
        tau = np.array(self.thresholds)
        share = np.mean([_above(task, tau) for task in tasks], axis=0)
        if min(len(task) for task in tasks) < 2:
            nothing = np.full(len(tau), np.nan)
            return Profile(tau, share, nothing, nothing)
        drawn = np.mean([_above(resampled(task, self.resamples, rng), tau) for task in tasks], axis=0)
        low, high = np.quantile(drawn, [self.alpha / 2, 1 - self.alpha / 2], axis=0)
        return Profile(tau, share, low, high)


def _above(scores: FloatArray, thresholds: FloatArray) -> FloatArray:
    """(..., threshold) share of runs (last axis) above each threshold."""
    return np.asarray((scores[..., None] - thresholds > TIE).mean(axis=-2), dtype=np.float64)
