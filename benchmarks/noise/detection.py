"""Is a gain of the size MDE80 detected with probability .8?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.stats import norm

from benchmarks.noise.estimate import Row, share
from benchmarks.noise.experiment import Experiment
from benchmarks.noise.rates import ALPHA, claims
from posttrace.analysis.stats.items.paired import Paired
from posttrace.analysis.stats.plan.power import Detectable, critical_normal

TITLE = "Detections at the minimal detectable gain"
TEXT = (
    "One of k submissions truly gains the MDE80 of its setting, computed from the expected discordance of a "
    "null submission; the others gain nothing. Share of experiments with verdict `exceeds`, .8 by design: "
    "`as lost as before`: the better submission loses as many items as a null one, which is what the MDE "
    "assumes; `fewer lost`: its gain also saves items, so that less varies and more is detected."
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
        level = float(norm.sf(critical_normal(self.k)))
        mde = Detectable(ALPHA).mcnemar(self.n, 2 * self.exchanged, level)
        experiment = Experiment(self.n, self.p0, self.icc, self.k, gain=mde, alone=True)
        draws: dict[str, Callable[[np.random.Generator], Paired]] = {
            "as lost as before": partial(self._adding, mde),
            "fewer lost": experiment.draw,
        }
        settings: Row = {"n": self.n, "p0": self.p0, "ICC": self.icc, "k": self.k}
        settings |= {"MDE80, pp": f"{100 * mde:.1f}", "experiments": self.count}
        for name, draw in draws.items():
            hits = sum(claims(draw(rng), experiment.gains, rng).exceeds for _ in range(self.count))
            settings[name] = share(hits, self.count)
        return settings

    @property
    def exchanged(self) -> float:
        """Chance that an item is lost, or gained, between two scorings of one model: E[c (1 - c)]."""
        return self.p0 * (1 - self.p0) * (1 - self.icc)

    def _adding(self, gain: float, rng: np.random.Generator) -> Paired:
        """The last submission keeps what it has and answers so many more that baseline and it both missed."""
        null = Experiment(self.n, self.p0, self.icc, self.k).draw(rng)
        missed = 1 - self.p0 - self.exchanged  # E[(1 - c)^2]
        scored = null.submissions.copy()
        both = (null.baseline[0] == 0) & (scored[:, -1] == 0)
        scored[both & (rng.random(self.n) < gain / missed), -1] = 1.0
        return Paired(null.baseline, scored)


def cases(full: bool) -> list[Case]:
    """Sizes of real test sets, rare and common success."""
    return [
        Case(n, p0, 0.5, k, 4000 if full else 200)
        for n in (134, 200, 1319)
        for p0 in (0.1, 0.5)
        for k in (1, 10, 30)
    ]
