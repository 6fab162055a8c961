"""Shares and macro-F1 of labelled items with intervals from whole clusters drawn anew."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from posttrace.analysis.arrays import FloatArray
from posttrace.analysis.stats.proportions import clopper_pearson


@dataclass(frozen=True)
class Estimate:
    """A share or mean over ``n`` items with a percentile interval; NaN without items.

    The interval is NaN where there is one cluster: nothing can be drawn anew. A share of 0 or 1 has the exact
    interval of as many trials as there are clusters, since the bootstrap would call it certain.
    """

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class Clusters:
    """``resamples`` draws, with replacement, of whole clusters of items; ``level`` of the intervals.

    ``names``: the cluster of each item; items of one cluster are drawn together.
    """

    names: tuple[str, ...]
    resamples: int = 2000
    level: float = 0.95

    def weights(self, rng: np.random.Generator) -> FloatArray:
        """(resample, item) how often each item is drawn."""
        codes, found = pd.factorize(np.array(self.names, dtype=object))
        size = len(found)
        if size == 0:
            return np.zeros((self.resamples, 0))
        drawn = rng.multinomial(size, np.full(size, 1 / size), size=self.resamples)
        return drawn[:, codes].astype(np.float64)

    def share(self, hit: Sequence[bool], among: Sequence[bool], weights: FloatArray) -> Estimate:
        """The share of ``hit`` in the items ``among``; a resample without such items is left out."""
        of = np.array(among, dtype=np.float64)
        both = of * np.array(hit, dtype=np.float64)
        if not of.any():
            return Estimate(math.nan, math.nan, math.nan, 0)
        value = float(both.sum() / of.sum())
        if value in (0.0, 1.0):  # draws from items that are all alike are all alike, however few
            return Estimate(value, *self._exact(value, among), int(of.sum()))
        total = weights @ of
        drawn = (weights @ both)[total > 0] / total[total > 0]
        return self._estimate(value, drawn, among)

    def macro_f1(self, truth: Sequence[str], said: Sequence[str], weights: FloatArray) -> Estimate:
        """Mean F1 of the classes that are true of an item; in a resample of those that it drew."""
        if not truth:
            return Estimate(math.nan, math.nan, math.nan, 0)
        value = _macro_f1(np.ones((1, len(truth))), truth, said)
        return self._estimate(float(value[0]), _macro_f1(weights, truth, said), [True] * len(truth))

    def _exact(self, value: float, among: Sequence[bool]) -> tuple[float, float]:
        """Clopper & Pearson 1934 for clusters that are all right, or all wrong."""
        n = len(self._used(among))
        return clopper_pearson(round(value * n), n, 1 - self.level) if n > 1 else (math.nan, math.nan)

    def _used(self, among: Sequence[bool]) -> set[str]:
        return {name for name, used in zip(self.names, among, strict=True) if used}

    def _estimate(self, value: float, drawn: FloatArray, among: Sequence[bool]) -> Estimate:
        tail = (1 - self.level) / 2
        several = len(self._used(among)) > 1
        low, high = np.quantile(drawn, [tail, 1 - tail]) if several else (math.nan, math.nan)
        return Estimate(value, float(low), float(high), int(sum(among)))


def _macro_f1(weights: FloatArray, truth: Sequence[str], said: Sequence[str]) -> FloatArray:
    """(resample,) F1 = 2 hits / (true + said), averaged over the classes that are true of a drawn item."""
    true_of, said_of = np.array(truth), np.array(said)
    total, classes = np.zeros(len(weights)), np.zeros(len(weights))
    for name in np.unique(true_of):
        true = weights @ (true_of == name)
        hits = weights @ ((true_of == name) & (said_of == name))
        both = true + weights @ (said_of == name)
        total += np.where(true > 0, 2 * hits / np.where(both > 0, both, 1.0), 0.0)
        classes += true > 0
    return total / classes
