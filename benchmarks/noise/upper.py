"""How often is a gain of delta ruled out that is there?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.noise.estimate import Row, share
from benchmarks.noise.experiment import Experiment
from benchmarks.noise.rates import ALPHA
from posttrace.analysis.stats.items.bounds import GainBounds

DELTA = 0.02
TITLE = "No gain larger than 2 pp, claimed of gains of exactly 2 pp"
TEXT = "Share of experiments in which every upper bound lies below 2 pp although every true gain is 2 pp."


def claimed(experiment: Experiment, count: int, rng: np.random.Generator) -> int:
    """Experiments where every upper bound lies below ``DELTA``."""
    bound = GainBounds(ALPHA)
    return sum(bool(bound.upper(experiment.draw(rng)).max() < DELTA) for _ in range(count))


@dataclass(frozen=True)
class Case:
    """One experiment, ``count`` times."""

    experiment: Experiment
    count: int

    def row(self, rng: np.random.Generator) -> Row:
        """Its rate."""
        e = self.experiment
        hits = claimed(e, self.count, rng)
        settings = {"n": e.n, "p0": e.p0, "ICC": e.icc, "k": e.k, "m": e.m}
        return {**settings, "experiments": self.count, "claimed": share(hits, self.count)}


def cases(full: bool) -> list[Case]:
    """Sizes at which the claim is possible at all."""
    return [
        Case(Experiment(n, p0, icc, k, m, gain=DELTA), 4000 if full else 2000)
        for n in (200, 1319)
        for p0 in ((0.02, 0.1, 0.5, 0.93) if full else (0.02, 0.5, 0.93))
        for icc in ((0.0, 0.5) if full else (0.5,))
        for k in (1, 5)
        for m in ((1, 3, 5) if full else (1, 3))
    ]
