"""Standard errors of a mean score: with clusters, of a difference, over several tasks.

Miller 2024 (arXiv 2411.00640); the pooled form is that of lm-evaluation-harness.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from posttrace.analysis.arrays import FloatArray
from posttrace.traces.errors import InputError


@dataclass(frozen=True)
class ClusteredSE:
    """``independent``: s/sqrt(n). ``clustered``: Miller's eq. 4. ``finite``: with the factor C/(C - 1) for C
    clusters (CR1, as inspect_ai does); NaN with one cluster, where nothing says how clusters differ."""

    independent: float
    clustered: float
    finite: float


def clustered_se(scores: FloatArray, clusters: NDArray[np.generic]) -> ClusteredSE:
    """Standard errors of the mean of ``scores`` (item,) sampled in ``clusters`` (item,) of any labels.

    Eq. 4 adds the cross products of items of one cluster to the variance; together with the squares these are
    squared cluster sums of residuals, divided by n^2.
    """
    scores = np.asarray(scores, dtype=np.float64)
    _, codes = np.unique(np.asarray(clusters), return_inverse=True)
    if len(codes) != len(scores) or len(scores) < 2:
        raise InputError("clustered_se needs at least two scores and one cluster label for each")
    n, size = len(scores), int(codes.max()) + 1
    sums = np.bincount(codes, weights=scores - scores.mean())
    clustered = math.sqrt(float(sums @ sums)) / n
    finite = clustered * math.sqrt(size / (size - 1)) if size > 1 else math.nan
    return ClusteredSE(float(scores.std(ddof=1)) / math.sqrt(n), clustered, finite)


@dataclass(frozen=True)
class DifferenceSE:
    """Mean of ``a`` minus mean of ``b``, its standard error with and without pairing, their correlation (NaN
    where one side does not vary)."""

    diff: float
    paired: float
    unpaired: float
    correlation: float


def difference_se(a: FloatArray, b: FloatArray) -> DifferenceSE:
    """Scores ``a`` and ``b`` (item,) on the same items. Pairing removes 2 cov(a, b)/n (Miller, eq. 7)."""
    a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if a.shape != b.shape or len(a) < 2:
        raise InputError("difference_se needs the same items on both sides, at least two")
    n, spread = len(a), float(a.std() * b.std())
    correlation = float(np.mean((a - a.mean()) * (b - b.mean()))) / spread if spread > 0 else math.nan
    return DifferenceSE(
        diff=float(a.mean() - b.mean()),
        paired=float((a - b).std(ddof=1)) / math.sqrt(n),
        unpaired=math.sqrt(float(a.var(ddof=1) + b.var(ddof=1)) / n),
        correlation=correlation,
    )


@dataclass(frozen=True)
class PooledSE:
    """``pooled``: of the mean over all items, taking all tasks to share one mean and variance, as
    lm-evaluation-harness does. ``unweighted``: of the plain mean of the task means."""

    pooled: float
    unweighted: float


def pooled_se(ses: FloatArray, sizes: FloatArray) -> PooledSE:
    """Combine standard errors ``ses`` (task,) of means over ``sizes`` (task,) items.

    The pooled variance is sum (n_t - 1) s_t^2 / (N - T), with s_t^2 = n_t se_t^2. It leaves out how the task
    means differ.
    """
    ses, sizes = np.asarray(ses, dtype=np.float64), np.asarray(sizes, dtype=np.float64)
    total, tasks = float(sizes.sum()), len(sizes)
    if len(ses) != tasks or total <= tasks:
        raise InputError("pooled_se needs one size for each standard error, some above 1")
    variance = float(((sizes - 1) * sizes * ses**2).sum()) / (total - tasks)
    return PooledSE(math.sqrt(variance / total), math.sqrt(float((ses**2).sum())) / tasks)
