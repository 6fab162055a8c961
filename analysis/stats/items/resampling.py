"""Two null distributions of the largest studentised gain, and the winners of the bootstrap, in one pass."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from posttrace.analysis.arrays import FloatArray, IntArray
from posttrace.analysis.stats.items.paired import Units

CELLS_A_CHUNK = 200_000
"""Resamples x units held at once: about 6 MB, which caches hold."""
KEPT_BYTES = 2**24
"""Memory that is kept between chunks."""
SINGLE = 2.0**24
"""Whole numbers up to this are exact in single precision."""
TIE = 1e-9
"""Two statistics closer than this are equal."""


@dataclass(frozen=True)
class Null:
    """B resamples of T_bj under one null distribution, j over submissions.

    ``largest``, ``largest_abs``: (resample,) max_j T_bj and max_j |T_bj|. ``above``, ``below``,
    ``stepdown``: (submission,) how many resamples reach t_j from above, from below, and by the maximum over
    the submissions whose t is no larger (Westfall & Young 1993, step-down).
    """

    largest: FloatArray
    largest_abs: FloatArray
    above: IntArray
    below: IntArray
    stepdown: IntArray

    def reached(self, t: FloatArray) -> IntArray:
        """(submission,) resamples whose maximum reaches t_j (single step)."""
        ordered = np.sort(self.largest)
        return np.asarray(len(ordered) - np.searchsorted(ordered, t - TIE, side="left"), dtype=np.int64)


@dataclass(frozen=True)
class Resampled:
    """Everything one pass yields.

    ``flip`` and ``boot`` are null distributions for tests, ``centred`` is the flip of differences around
    their own mean, for bounds. ``out_of_bag``: (resample,) gain of the in-bag winner on the units left out,
    NaN where none was.
    """

    flip: Null
    centred: Null
    boot: Null
    out_of_bag: FloatArray


@dataclass(frozen=True)
class Resampling:
    """Sign flips and multinomial weights over units, shared by all submissions.

    ``resamples``: B. ``chunk``: resamples at once (default: what keeps memory bounded); changes nothing in
    the result, nor does the number of threads: the draws are sequential and the sums exact.
    """

    resamples: int = 10_000
    chunk: int | None = None

    def __call__(self, units: Units, rng: np.random.Generator) -> Resampled:
        """Resample ``units`` (at least two)."""
        units = units.canonical()
        _keep_memory()
        flip_rng, boot_rng = rng.spawn(2)
        flip, centred, boot = (_Tally(units.t) for _ in range(3))
        out_of_bag = []
        # products this small lose more by waiting for a second thread than they win
        with threadpool_limits(limits=1, user_api="blas"):
            for rows in self._chunks(units.n_units):
                plain, around = _flip(units, flip_rng, rows)
                flip.add(plain)
                centred.add(around)
                recentred, left_out = _boot(units, boot_rng, rows)
                boot.add(recentred)
                out_of_bag.append(left_out)
        return Resampled(flip.null(), centred.null(), boot.null(), np.concatenate(out_of_bag))

    def _chunks(self, n_units: int) -> Iterator[int]:
        size = self.chunk or max(1, CELLS_A_CHUNK // n_units)
        for start in range(0, self.resamples, size):
            yield min(size, self.resamples - start)


def _keep_memory() -> None:
    """Free one large block: from then on the allocator of glibc keeps what it gave back before.

    Pages that are given back are faulted in again, which took as long as the test itself.
    """
    np.empty(KEPT_BYTES, dtype=np.uint8)


class _Tally:
    """Collects what a ``Null`` keeps, chunk by chunk."""

    def __init__(self, t: FloatArray) -> None:
        self.t = t
        self.order = np.argsort(-t, kind="stable")
        self.largest: list[FloatArray] = []
        self.largest_abs: list[FloatArray] = []
        self.above, self.below, self.stepdown = (np.zeros(len(t), dtype=np.int64) for _ in range(3))

    def add(self, draws: FloatArray) -> None:
        """Count ``draws`` (resample, submission)."""
        self.largest.append(draws.max(axis=1))
        self.largest_abs.append(np.abs(draws).max(axis=1))
        self.above += (draws >= self.t - TIE).sum(axis=0)
        self.below += (draws <= self.t + TIE).sum(axis=0)
        successive = np.maximum.accumulate(draws[:, self.order[::-1]], axis=1)[:, ::-1]
        self.stepdown[self.order] += (successive >= self.t[self.order] - TIE).sum(axis=0)

    def null(self) -> Null:
        """The whole distribution."""
        largest, largest_abs = np.concatenate(self.largest), np.concatenate(self.largest_abs)
        return Null(largest, largest_abs, self.above, self.below, self.stepdown)


def _ratio(gain: FloatArray, variance: FloatArray, floor: FloatArray) -> FloatArray:
    """gain / sqrt(variance); where all units agree: +-inf by the sign of the gain, 0 for no gain."""
    flat = variance <= floor
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = gain / np.sqrt(np.where(flat, 0.0, variance))
    return np.where(gain == 0, 0.0, ratio)


def _weighted(weights: NDArray[Any], x: FloatArray) -> FloatArray:
    """``weights`` (resample, unit) @ ``x`` (unit, column), exact; the weights of a resample sum to at most C.

    Of whole numbers that are small enough every sum is exact in single precision too, at half the cost.
    """
    whole = len(x) * np.abs(x).max() < SINGLE and bool(np.all(x == np.rint(x)))
    kind = np.float32 if whole else np.float64
    return np.asarray(weights.astype(kind) @ x.astype(kind), dtype=np.float64)


def _flip(units: Units, rng: np.random.Generator, rows: int) -> tuple[FloatArray, FloatArray]:
    """(resample, submission) re-studentised T under one random sign a unit: plain, and centred."""
    c, n, g, sizes = units.n_units, units.n_items, units.gains, units.sizes[:, None]
    words = rng.integers(0, 2**64, size=(rows, -(-c // 64)), dtype=np.uint64)
    bits = np.unpackbits(words.astype("<u8").view(np.uint8), axis=1)[:, :c]
    columns = [units.sums, sizes] if units.equal else [units.sums, sizes, units.sums * sizes, sizes**2]
    x = np.concatenate(columns, axis=1)
    sums = 2 * _weighted(bits, x) - x.sum(axis=0)
    k = units.sums.shape[1]
    total, weight = sums[:, :k], sums[:, k : k + 1]
    # without clusters the size of every unit is 1, and the cross products are the sums themselves
    cross, square = (total, weight) if units.equal else (sums[:, k + 1 : -1], sums[:, -1:])
    factor, size2 = c / (c - 1) / n**2, float((units.sizes**2).sum())

    def studentised(mean: FloatArray, second: FloatArray, product: FloatArray) -> FloatArray:
        variance = factor * (second - 2 * mean * product + mean**2 * size2)
        return _ratio(mean, variance, factor * second * 1e-12)

    plain = studentised(total / n, (units.sums**2).sum(axis=0), cross)
    centred = (total - g * weight) / n
    # a column without spread has residuals that are rounding, not data
    centred[:, units.se == 0] = 0.0
    return plain, studentised(centred, (units.residuals**2).sum(axis=0), cross - g * square)


def _boot(units: Units, rng: np.random.Generator, rows: int) -> tuple[FloatArray, FloatArray]:
    """(resample, submission) recentred T under multinomial weights, fixed se; (resample,) left-out gains."""
    c = units.n_units
    drawn = rng.integers(0, c, size=(rows, c), dtype=np.int64)
    drawn += c * np.arange(rows)[:, None]
    weights = np.bincount(drawn.ravel(), minlength=rows * c).reshape(rows, c)
    x = np.column_stack([units.sums, units.sizes])
    inside, outside = _weighted(weights, x), _weighted(weights == 0, x)
    gains = inside[:, :-1] / inside[:, -1:]
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(units.se == 0, 0.0, (gains - units.gains) / units.se)
        winner = np.argmax(inside[:, :-1], axis=1)
        left_out = outside[np.arange(rows), winner] / outside[:, -1]
    return t, left_out
