"""The tests for the best of k submissions with nothing left to chance: all flips, draws or relabellings.

For small data, and to check what resampling estimates. Exhaustive is not exact: sign flips test symmetric
differences, the bootstrap is asymptotic, relabelling tests that every submission is the baseline.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import permutations
from math import factorial

import numpy as np

from posttrace.analysis.arrays import FloatArray
from posttrace.analysis.stats.items.counted import Counted, bootstrap_sums, flipped_sums
from posttrace.analysis.stats.items.paired import Units
from posttrace.traces.errors import InputError

MAX_STEPS = 500_000
"""Sums that adding one relabelled item may take: some seconds."""


@dataclass(frozen=True)
class ExhaustiveResult:
    """(submission,) ``t``; one-sided p of each alone by flips (``p_one``), against the maximum by flips and
    by bootstrap, the larger of these (``p``), and by flips with step-down (Westfall & Young 1993)."""

    t: FloatArray
    p_one: FloatArray
    p_flip: FloatArray
    p_boot: FloatArray
    p: FloatArray
    p_stepdown: FloatArray


def exhaustive_maxt(d: FloatArray) -> ExhaustiveResult:
    """The two nulls of the max-T test counted out for ``d`` (item, submission) differences to the baseline.

    p = P(T* >= t), without the (1 + count)/(B + 1) of random resamples. Items are independent; where a
    submission has no spread, t is infinite and no exact guard is applied.
    """
    if len(d) < 2:
        raise InputError("one item has no standard error; give at least two")
    t, null = Units(d, np.ones(len(d))).t, flipped_t(d)
    largest = _largest(null)
    p_flip = np.array([largest.reaches(x) for x in t])
    boot = _largest(bootstrap_t(d))
    p_boot = np.array([boot.reaches(x) for x in t])
    alone = [Counted(null.values[:, j], null.weights).reaches(x) for j, x in enumerate(t)]
    return ExhaustiveResult(
        t, np.array(alone), p_flip, p_boot, np.maximum(p_flip, p_boot), _stepdown(null, t)
    )


def flipped_t(d: FloatArray) -> Counted:
    """(state, submission) re-studentised t of ``d`` (item, submission) under every sign flip."""
    n, sums = len(d), flipped_sums(d)
    mean, second = sums.values / n, (d**2).mean(axis=0)
    variance = (second - mean**2) * n / (n - 1)
    flat = variance <= 1e-12 * second
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.sqrt(n) * mean / np.sqrt(np.where(flat, 0.0, variance))
    return Counted(np.where(np.abs(mean) <= 1e-15, 0.0, t), sums.weights)


def bootstrap_t(d: FloatArray) -> Counted:
    """(state, submission) recentred t of every bootstrap draw, with the standard error of the data."""
    units, sums = Units(d, np.ones(len(d))), bootstrap_sums(d)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(units.se == 0, 0.0, (sums.values / len(d) - units.gains) / units.se)
    return Counted(t, sums.weights)


def _largest(null: Counted) -> Counted:
    return Counted(null.values.max(axis=1), null.weights)


def _stepdown(null: Counted, t: FloatArray) -> FloatArray:
    """p of each against the maximum over the submissions whose t is no larger, made monotone."""
    p, order = np.empty(len(t)), np.argsort(-t, kind="stable")
    for place, j in enumerate(order):
        p[j] = _largest(Counted(null.values[:, order[place:]], null.weights)).reaches(t[j])
    p[order] = np.maximum.accumulate(p[order])
    return p


@dataclass(frozen=True)
class RealityCheck:
    """``gain``: of the best. ``p``: P(max* >= gain); ``p_strict``: P(max* > gain), which on 0/1 items is far
    too small because ties are common. ``critical``: .95 point of the maximum, in units of gain."""

    gain: float
    p: float
    p_strict: float
    critical: float


def reality_check(d: FloatArray) -> RealityCheck:
    """White's reality check (2000), not studentised: max_j of recentred mean differences, all n^n draws.

    ``d``: (item, submission) differences to the baseline.
    """
    gains, sums = d.mean(axis=0), bootstrap_sums(d)
    null = _largest(Counted(sums.values / len(d) - gains, sums.weights))
    best = float(gains.max())
    return RealityCheck(best, null.reaches(best), null.exceeds(best), null.quantile(0.95))


@dataclass(frozen=True)
class SignFlips:
    """One- and two-sided p of the mean difference over all ``count`` = 2^n sign patterns."""

    greater: float
    two_sided: float
    count: int


def sign_flips(d: FloatArray) -> SignFlips:
    """Fisher's permutation test of paired differences ``d`` (pair,); zeros flip too and change nothing."""
    sums, observed = flipped_sums(d[:, None]), float(d.sum())
    null = Counted(sums.values[:, 0], sums.weights)
    both = Counted(np.abs(null.values), null.weights)
    return SignFlips(null.reaches(observed), both.reaches(abs(observed)), 2 ** len(d))


@dataclass(frozen=True)
class BootstrapMean:
    """The ideal bootstrap of a mean: its standard error, .025 and .975 points, P(mean* <= 0), n^n draws."""

    se: float
    low: float
    high: float
    p_below: float
    count: int


def bootstrap_mean(d: FloatArray) -> BootstrapMean:
    """Every bootstrap draw of ``d`` (item,). Percentile points are values that occur (``inverted_cdf``)."""
    n, sums = len(d), bootstrap_sums(d[:, None])
    means = Counted(sums.values[:, 0] / n, sums.weights)
    # the variance of all draws together is known without them: sum (d - mean)^2 / n^2
    se = float(d.std()) / float(np.sqrt(n))
    return BootstrapMean(se, means.quantile(0.025), means.quantile(0.975), 1 - means.exceeds(0.0), n**n)


@dataclass(frozen=True)
class LabelPermutation:
    """``largest``: max_j (sum_j - sum_0). ``p``: P(as large under relabelling); ``count``: relabellings."""

    largest: float
    p: float
    count: int


def label_permutation(outcomes: FloatArray, baseline: int = 0) -> LabelPermutation:
    """Within every item, permute which of its outcomes is whose: ((k + 1)!)^n relabellings, by convolution.

    ``outcomes``: (item, column), the column ``baseline`` and k submissions. The null is that the baseline and
    all submissions are exchangeable, which is more than that none is better.
    """
    y = np.round(np.asarray(outcomes, dtype=np.float64), 12)
    y = np.concatenate([y[:, [baseline]], np.delete(y, baseline, axis=1)], axis=1)
    largest = float((y[:, 1:].sum(axis=0) - y[:, 0].sum()).max())
    states: dict[tuple[float, ...], float] = {(0.0,) * (y.shape[1] - 1): 1.0}
    for row in y.tolist():
        states = _convolved(states, row)
    reached = sum(weight for state, weight in states.items() if state[-1] >= largest - 1e-9)
    return LabelPermutation(largest, reached, factorial(y.shape[1]) ** len(y))


def _convolved(states: dict[tuple[float, ...], float], row: list[float]) -> dict[tuple[float, ...], float]:
    """Add one relabelled item to gains over the baseline, kept sorted: submissions are interchangeable."""
    kinds = Counter(tuple(y - order[0] for y in order[1:]) for order in permutations(row))
    total, after = factorial(len(row)), defaultdict[tuple[float, ...], float](float)
    if len(states) * len(kinds) > MAX_STEPS:
        raise InputError("too many relabellings to count out; take fewer submissions or items")
    for state, weight in states.items():
        for kind, count in kinds.items():
            key = tuple(sorted(round(a + b, 9) for a, b in zip(state, kind, strict=True)))
            after[key] += weight * count / total
    return after
