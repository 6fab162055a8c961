"""Two null distributions of the largest studentised gain, and the winners of the bootstrap, in one pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from posttrace.analysis.arrays import FloatArray, IntArray
from posttrace.analysis.stats.items.paired import Units

CELLS_A_CHUNK = 100_000
"""Resamples x units held at once: about 2 MB, which caches hold and the allocator keeps."""
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
        flip_rng, boot_rng = rng.spawn(2)
        # products this small lose more by waiting for a second thread than they win
        with threadpool_limits(limits=1, user_api="blas"):
            signed = self._summed(partial(_signs, flip_rng, units.n_units), _moments(units))
            drawn = self._summed(partial(_counts, boot_rng, units.n_units), _totals(units))
        plain, centred = _flipped(units, signed[0])
        recentred, left_out = _redrawn(units, *drawn)
        t = units.t
        return Resampled(_null(t, plain), _null(t, centred), _null(t, recentred), left_out)

    def _summed(
        self, weights: Callable[[int], tuple[NDArray[Any], ...]], x: FloatArray
    ) -> tuple[FloatArray, ...]:
        """(resample, column) sums of ``x`` (unit, column) under each of the ``weights`` (resample, unit).

        Exact. Of whole numbers that are small enough every sum is exact in single precision too, at half the
        cost: the weights of a resample sum to at most C.
        """
        whole = len(x) * np.abs(x).max() < SINGLE and bool(np.all(x == np.rint(x)))
        x = x.astype(np.float32 if whole else np.float64)
        size = self.chunk or max(1, CELLS_A_CHUNK // len(x))
        found = [
            [kind.astype(x.dtype) @ x for kind in weights(min(size, self.resamples - start))]
            for start in range(0, self.resamples, size)
        ]
        return tuple(np.concatenate(sums).astype(np.float64) for sums in zip(*found, strict=True))


def _signs(rng: np.random.Generator, c: int, rows: int) -> tuple[NDArray[np.uint8]]:
    """(resample, unit) bits: 1 keeps the sign of a unit, 0 turns it."""
    words = rng.integers(0, 2**64, size=(rows, -(-c // 64)), dtype=np.uint64)
    return (np.unpackbits(words.astype("<u8").view(np.uint8), axis=1)[:, :c],)


def _counts(rng: np.random.Generator, c: int, rows: int) -> tuple[IntArray, NDArray[np.bool_]]:
    """(resample, unit) how often a unit was drawn, of C draws; and whether it was left out."""
    drawn = rng.integers(0, c, size=(rows, c), dtype=np.int64)
    drawn += c * np.arange(rows)[:, None]
    counts = np.bincount(drawn.ravel(), minlength=rows * c).reshape(rows, c)
    return counts, counts == 0


def _moments(units: Units) -> FloatArray:
    """(unit, column) what the T of a sign flip is made of: sums and sizes, and of clusters their products."""
    sums, sizes = units.sums, units.sizes[:, None]
    columns = [sums, sizes] if units.equal else [sums, sizes, sums * sizes, sizes**2]
    return np.concatenate(columns, axis=1)


def _totals(units: Units) -> FloatArray:
    """(unit, column) what a gain is made of: sums and sizes."""
    return np.column_stack([units.sums, units.sizes])


def _null(t: FloatArray, draws: FloatArray) -> Null:
    """What is kept of ``draws`` (resample, submission) against the observed ``t``."""
    order = np.argsort(-t, kind="stable")
    successive = np.maximum.accumulate(draws[:, order[::-1]], axis=1)[:, ::-1]
    stepdown = np.empty(len(t), dtype=np.int64)
    stepdown[order] = (successive >= t[order] - TIE).sum(axis=0)
    return Null(
        draws.max(axis=1),
        np.abs(draws).max(axis=1),
        (draws >= t - TIE).sum(axis=0),
        (draws <= t + TIE).sum(axis=0),
        stepdown,
    )


def _ratio(gain: FloatArray, variance: FloatArray, floor: FloatArray) -> FloatArray:
    """gain / sqrt(variance); where all units agree: +-inf by the sign of the gain, 0 for no gain."""
    flat = variance <= floor
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = gain / np.sqrt(np.where(flat, 0.0, variance))
    return np.where(gain == 0, 0.0, ratio)


def _flipped(units: Units, kept: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(resample, submission) re-studentised T under one random sign a unit: plain, and centred.

    ``kept``: (resample, column) sums of ``_moments`` over the units that keep their sign.
    """
    c, n, g = units.n_units, units.n_items, units.gains
    sums = 2 * kept - _moments(units).sum(axis=0)
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


def _redrawn(units: Units, inside: FloatArray, outside: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(resample, submission) recentred T, fixed se; (resample,) gain of the winner on what was left out.

    ``inside``, ``outside``: (resample, column) sums of ``_totals`` over the units drawn, and not drawn.
    """
    gains = inside[:, :-1] / inside[:, -1:]
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(units.se == 0, 0.0, (gains - units.gains) / units.se)
        winner = np.argmax(inside[:, :-1], axis=1)
        left_out = outside[np.arange(len(outside)), winner] / outside[:, -1]
    return t, left_out
