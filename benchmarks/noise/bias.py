"""Is the corrected gain right on average? Without a true gain, and where one submission stands out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.noise.estimate import Row, mean_pp
from benchmarks.noise.experiment import Experiment
from benchmarks.noise.rates import corrected

TITLE = "Corrected gain"
TEXT = (
    "Mean over experiments in percentage points: gain of the best as reported, out-of-bag corrected gain, "
    "true gain of the submission that was picked. Only the last submission truly gains, by `true gain`."
)


@dataclass(frozen=True)
class Case:
    """One experiment, ``count`` times."""

    experiment: Experiment
    count: int

    def row(self, rng: np.random.Generator) -> Row:
        """Its means."""
        e = self.experiment
        reported, fixed, true = corrected(e, self.count, rng).T
        return {
            "n": e.n,
            "p0": e.p0,
            "ICC": e.icc,
            "k": e.k,
            "true gain": f"{100 * e.gain:g}",
            "experiments": self.count,
            "reported": mean_pp(reported),
            "corrected": mean_pp(fixed),
            "true gain of the pick": mean_pp(true),
            "bias": mean_pp(fixed - true),
        }


def cases(full: bool) -> list[Case]:
    """Nulls of several sizes; then one that stands out, by more and more."""
    nulls = [
        Experiment(n, p0, icc, k)
        for n in ((134, 200, 1319) if full else (134, 200))
        for p0 in ((0.02, 0.1, 0.5, 0.93) if full else (0.1, 0.5))
        for icc in ((0.0, 0.5) if full else (0.5,))
        for k in (5, 10, 30)
    ]
    alone = [Experiment(200, 0.1, 0.5, 10, gain=g, alone=True) for g in (0.025, 0.05, 0.075, 0.1, 0.2)]
    return [Case(e, 10_000 if full else 2000) for e in (*nulls, *alone)]
