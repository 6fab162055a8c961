"""Null distributions counted out in full: every sign flip, every bootstrap draw, with its probability.

Equal items are counted together, so that what limits an enumeration is the number of *different* items. A
state of such a distribution is how many items of each kind were flipped or drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb, prod

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln
from scipy.stats import binom

from posttrace.analysis.arrays import FloatArray, IntArray
from posttrace.traces.errors import InputError

MAX_STATES = 2**21
"""States that one distribution may have: some hundred MB."""
TIE = 1e-9
"""Two statistics closer than this are equal."""


@dataclass(frozen=True)
class Counted:
    """``values``: (state, ...) a statistic in every state. ``weights``: (state,) probabilities."""

    values: FloatArray
    weights: FloatArray

    def reaches(self, observed: float) -> float:
        """P(value >= ``observed``)."""
        return float(self.weights[self.values >= observed - TIE].sum())

    def exceeds(self, observed: float) -> float:
        """P(value > ``observed``)."""
        return float(self.weights[self.values > observed + TIE].sum())

    def quantile(self, q: float) -> float:
        """Smallest value v with P(value <= v) >= ``q``: numpy's ``inverted_cdf``."""
        order = np.argsort(self.values, kind="stable")
        reached = np.cumsum(self.weights[order]) >= q - 1e-12
        return float(self.values[order][np.argmax(reached)])


def flipped_sums(d: FloatArray) -> Counted:
    """(state, submission) sums of ``d`` (item, submission) under one random sign an item: all 2^n.

    An item and its mirror image are the same kind, and one without any difference is left out.
    """
    moving = d[(d != 0).any(axis=1)]
    first = (moving != 0).argmax(axis=1)
    signs = np.sign(moving[np.arange(len(moving)), first])
    kinds, counts = np.unique(moving * signs[:, None], axis=0, return_counts=True)
    _limit(prod(int(c) + 1 for c in counts), "sign flips")
    values, weights = np.zeros((1, d.shape[1])), np.ones(1)
    for kind, count in zip(kinds, counts.tolist(), strict=True):
        flipped = np.arange(count + 1)
        steps = (count - 2 * flipped)[:, None] * kind
        values = (values[:, None, :] + steps).reshape(-1, d.shape[1])
        weights = np.outer(weights, binom.pmf(flipped, count, 0.5)).ravel()
    return Counted(values, weights)


def bootstrap_sums(d: FloatArray) -> Counted:
    """(state, submission) sums of n items drawn with replacement from ``d`` (item, submission): all n^n."""
    kinds, counts = np.unique(d, axis=0, return_counts=True)
    drawn, weights = draws(len(d), counts)
    return Counted(drawn @ kinds, weights)


def draws(n: int, counts: IntArray) -> tuple[NDArray[np.int16], FloatArray]:
    """(state, kind) how often each kind is drawn, (state,) probability; ``counts``: (kind,) items of it."""
    kinds = len(counts)
    _limit(comb(n + kinds - 1, kinds - 1), "bootstrap draws")
    drawn, left = np.zeros((1, 0), dtype=np.int16), np.array([n])
    for _ in range(kinds - 1):
        # every state goes on with 0, 1, ... up to all that is left for the next kind
        parent = np.repeat(np.arange(len(left)), left + 1)
        start = np.repeat(np.cumsum(left + 1) - (left + 1), left + 1)
        taken = np.arange(len(parent)) - start
        drawn = np.column_stack([drawn[parent], taken.astype(np.int16)])
        left = left[parent] - taken
    drawn = np.column_stack([drawn, left.astype(np.int16)])
    ways = gammaln(np.arange(n + 1) + 1.0)
    logs = ways[n] - ways[drawn].sum(axis=1) + drawn @ np.log(counts / n)
    return drawn, np.exp(logs)


def _limit(states: int, what: str) -> None:
    if states > MAX_STATES:
        raise InputError(
            f"{states:,} different {what} are too many to count out (limit {MAX_STATES:,}); resample instead"
        )
