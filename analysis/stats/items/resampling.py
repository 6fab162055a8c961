"""Two null distributions of the largest studentised gain, and the winners of the bootstrap, in one pass."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from threadpoolctl import ThreadpoolController

from posttrace.analysis.arrays import FloatArray, IntArray
from posttrace.analysis.stats.items.draws import draws, moments
from posttrace.analysis.stats.items.paired import Units

CELLS_A_CHUNK = 100_000
"""Random numbers held at once: about 2 MB, which caches hold and the allocator keeps."""
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
        ways = draws(units)
        # products this small lose more by waiting for a second thread than they win
        with _blas().limit(limits=1, user_api="blas"):
            kept = np.concatenate([ways.kept(flip_rng, rows) for rows in self._chunks(ways.width)])
            drawn = [ways.drawn(boot_rng, rows) for rows in self._chunks(ways.width)]
        inside, left_out = (np.concatenate(parts) for parts in zip(*drawn, strict=True))
        plain, centred = _flipped(units, kept)
        t = units.t
        return Resampled(_null(t, plain), _null(t, centred), _null(t, _recentred(units, inside)), left_out)

    def _chunks(self, width: int) -> list[int]:
        """Sizes of the chunks of resamples, each of ``width`` random numbers."""
        size = self.chunk or max(1, CELLS_A_CHUNK // width)
        return [min(size, self.resamples - start) for start in range(0, self.resamples, size)]


@cache
def _blas() -> ThreadpoolController:
    """The thread pools in use; looking for them takes longer than many a test."""
    return ThreadpoolController()


def _null(t: FloatArray, draws: FloatArray) -> Null:
    """What is kept of ``draws`` (resample, submission) against the observed ``t``."""
    order = np.argsort(-t, kind="stable")
    successive = np.maximum.accumulate(draws[:, order[::-1]], axis=1)[:, ::-1]
    # submissions that tie are held against each other, whichever of them the last bit puts first
    tied = np.searchsorted(-t[order], -(t[order] + TIE))
    stepdown = np.empty(len(t), dtype=np.int64)
    stepdown[order] = (successive[:, tied] >= t[order] - TIE).sum(axis=0)
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

    ``kept``: (resample, column) sums of ``moments`` over the units that keep their sign.
    """
    c, n, g = units.n_units, units.n_items, units.gains
    sums = 2 * kept - moments(units).sum(axis=0)
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


def _recentred(units: Units, inside: FloatArray) -> FloatArray:
    """(resample, submission) recentred T, fixed se, of ``inside``: (resample, column) sums of ``totals``."""
    gains = inside[:, :-1] / inside[:, -1:]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(units.se == 0, 0.0, (gains - units.gains) / units.se)
