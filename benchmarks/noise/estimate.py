"""A simulated number with its Monte-Carlo error, and what a promised rate allows it to be."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from posttrace.analysis.arrays import FloatArray

Row = dict[str, object]
"""Column -> a number, a text, or an ``Estimate``."""


@dataclass(frozen=True)
class Estimate:
    """``value`` and its Monte-Carlo standard error."""

    value: float
    se: float
    digits: int = 3

    def __str__(self) -> str:
        return f"{self.value:.{self.digits}f} ({self.se:.{self.digits}f})"


def share(hits: float, count: int) -> Estimate:
    """``hits`` of ``count``. Where none or all are hits the error is that of one hit, not zero."""
    seen = min(max(hits, 1), count - 1) / count
    return Estimate(hits / count, math.sqrt(seen * (1 - seen) / count))


def mean_pp(values: FloatArray) -> Estimate:
    """Mean of gains on 0..1, in percentage points."""
    points = 100 * values
    return Estimate(float(points.mean()), float(points.std(ddof=1)) / math.sqrt(len(points)), digits=2)


def limit(rate: float, count: int) -> float:
    """Largest share that ``count`` experiments of this rate plausibly show: three errors above it."""
    return rate + 3 * math.sqrt(rate * (1 - rate) / count)


def lowest(rate: float, count: int) -> float:
    """Smallest share that ``count`` experiments of this rate plausibly show: three errors below it."""
    return rate - 3 * math.sqrt(rate * (1 - rate) / count)


def generator(seed: int, name: str) -> np.random.Generator:
    """Random numbers of one case: a function of the seed and its name, not of what ran before it."""
    return np.random.default_rng([seed, *name.encode()])
