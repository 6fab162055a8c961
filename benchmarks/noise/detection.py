"""Is a gain of the size MDE80 detected with probability .8?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from benchmarks.noise.estimate import Row, share
from benchmarks.noise.experiment import Experiment
from benchmarks.noise.rates import ALPHA, claims
from posttrace.analysis.stats.power import Detectable, critical_normal

TITLE = "Detections at the minimal detectable gain"
TEXT = (
    "One of k submissions truly gains the MDE80 of its setting, computed from the expected discordance of a "
    "null submission; the others gain nothing. `exceeds`: share of experiments with that verdict, .8 by "
    "design."
)


@dataclass(frozen=True)
class Case:
    """One setting, ``count`` times."""

    n: int
    p0: float
    icc: float
    k: int
    count: int

    def row(self, rng: np.random.Generator) -> Row:
        """Its power at the detectable gain."""
        discordance = 2 * self.p0 * (1 - self.p0) * (1 - self.icc)
        level = float(norm.sf(critical_normal(self.k)))
        mde = Detectable(ALPHA).mcnemar(self.n, discordance, level)
        experiment = Experiment(self.n, self.p0, self.icc, self.k, gain=mde, alone=True)
        hits = sum(claims(experiment.draw(rng), experiment.gains, rng).exceeds for _ in range(self.count))
        return {
            "n": self.n,
            "p0": self.p0,
            "ICC": self.icc,
            "k": self.k,
            "MDE80, pp": f"{100 * mde:.1f}",
            "experiments": self.count,
            "exceeds": share(hits, self.count),
        }


def cases(full: bool) -> list[Case]:
    """Sizes of real test sets, rare and common success."""
    return [
        Case(n, p0, 0.5, k, 4000 if full else 500)
        for n in (134, 200, 1319)
        for p0 in (0.1, 0.5)
        for k in (1, 10, 30)
    ]
