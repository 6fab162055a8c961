"""Type I where only scores are known: the exact distribution of the largest of k binomial scores."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from benchmarks.noise.estimate import Row, share
from benchmarks.noise.experiment import Experiment
from benchmarks.noise.rates import ALPHA
from posttrace.analysis.stats.nullmax import ExactMax

TITLE = "Without per-item data"
TEXT = (
    "Share of null experiments in which the largest of k scores alone gives p <= .05: exact binomial "
    "maximum, the largest p over what the baseline leaves possible. Conservative where items differ in "
    "difficulty (ICC .5), because scores on the same items move together."
)


@dataclass(frozen=True)
class Case:
    """One null, ``count`` times."""

    experiment: Experiment
    count: int

    def row(self, rng: np.random.Generator) -> Row:
        """Its rate; equal pairs of scores are tested once."""
        e = self.experiment
        test = _Test(ExactMax.of(e.k, e.n, e.m))
        hits = 0
        for _ in range(self.count):
            paired = e.draw(rng)
            hits += test.rejects(paired.p0, float(paired.submissions.mean(axis=0).max()))
        settings = {"n": e.n, "p0": e.p0, "ICC": e.icc, "k": e.k, "m": e.m}
        return {**settings, "experiments": self.count, "claims": share(hits, self.count)}


@dataclass(frozen=True)
class _Test:
    """``known``: (baseline, best) -> rejected."""

    exact: ExactMax
    known: dict[tuple[float, float], bool] = field(default_factory=dict)

    def rejects(self, baseline: float, best: float) -> bool:
        scores = round(baseline, 9), round(best, 9)
        if scores not in self.known:
            self.known[scores] = self._rejects(baseline, best - baseline)
        return self.known[scores]

    def _rejects(self, baseline: float, gain: float) -> bool:
        # the largest p is not below the one at the baseline's own rate, which is cheaper
        if gain <= 0 or self.exact.reaches(gain, baseline) > ALPHA:
            return False
        return self.exact.p_value(gain, baseline) <= ALPHA


def cases(full: bool) -> list[Case]:
    """Independent items and items of unequal difficulty."""
    return [
        Case(Experiment(n, p0, icc, k), 4000 if full else 1000)
        for n in ((82, 200, 1319) if full else (82, 200))
        for p0 in ((0.02, 0.1, 0.5, 0.93) if full else (0.02, 0.5, 0.93))
        for icc in (0.0, 0.5)
        for k in (1, 10, 30)
    ]
