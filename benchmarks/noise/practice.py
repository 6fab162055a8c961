"""What common practice calls a gain when there is none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from benchmarks.noise.estimate import Row, mean_pp, share
from benchmarks.noise.experiment import Experiment
from benchmarks.noise.rates import ALPHA, claims
from posttrace.analysis.arrays import FloatArray
from posttrace.analysis.stats.items.exact import mcnemar_all
from posttrace.analysis.stats.items.paired import Paired

TITLE = "Best of k, no true gain: how often each practice claims one"
TEXT = (
    "n = 200 items, p0 = .1, ICC .5, one-sided level .05. `constant`: z test of the best score with its own "
    "standard error, the baseline's score taken as known; `McNemar`: exact, on the winner and the same "
    "items, not adjusted for k; `max-T`: by resampling alone; `audit`: with its exact guard for winners "
    "with fewer than 30 discordant items. `best gain`: mean of the largest gain, in percentage points."
)
NULL = Experiment(200, 0.1, 0.5, 30)
CONSTANT, MCNEMAR, MAXT, AUDIT = "constant", "McNemar", "max-T", "audit"


def constant(paired: Paired) -> bool:
    """One-sided z test of the best score, the baseline's score taken as a known constant."""
    best = float(paired.submissions[:, paired.winner].mean())
    se = np.sqrt(best * (1 - best) / paired.n)
    return bool(best - paired.p0 > norm.isf(ALPHA) * se)


def winner_alone(paired: Paired) -> bool:
    """Exact McNemar on the winner, as if it had not been picked."""
    j = [paired.winner]
    return bool(mcnemar_all(paired.gained[j], paired.lost[j])[0] <= ALPHA)


@dataclass(frozen=True)
class Case:
    """The best of ``k``, ``count`` times."""

    k: int
    count: int

    def row(self, rng: np.random.Generator) -> Row:
        """Rates of all practices, on the same experiments."""
        null = Experiment(NULL.n, NULL.p0, NULL.icc, self.k)
        hits = dict.fromkeys((CONSTANT, MCNEMAR, MAXT, AUDIT), 0)
        best = np.empty(self.count)
        for i in range(self.count):
            paired = null.draw(rng)
            best[i] = paired.units.gains.max()
            hits[CONSTANT] += constant(paired)
            hits[MCNEMAR] += winner_alone(paired)
            made = claims(paired, null.gains, rng)
            hits[MAXT] += made.resampled
            hits[AUDIT] += made.exceeds
        rates = {name: share(hit, self.count) for name, hit in hits.items()}
        return {"k": self.k, "experiments": self.count, "best gain": mean_pp(best), **rates}


def cases(full: bool) -> list[Case]:
    """From one submission to thirty."""
    return [Case(k, 40_000 if full else 4000) for k in (1, 2, 3, 5, 10, 20, 30)]


def best_gains(rng: np.random.Generator, ks: tuple[int, ...], count: int) -> dict[int, FloatArray]:
    """k -> (experiment,) largest gain of the first k submissions without a true gain, on 0..1."""
    gains = np.array([NULL.draw(rng).units.gains for _ in range(count)])
    return {k: gains[:, :k].max(axis=1) for k in ks}
