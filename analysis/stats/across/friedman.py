"""Do several treatments differ in rank over blocks? Friedman's test, and Nemenyi's critical difference."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata, studentized_range

from posttrace.analysis.arrays import FloatArray


@dataclass(frozen=True)
class Ranking:
    """``mean_ranks``: (agent,), 1 is the best. ``p``: of the Friedman test."""

    mean_ranks: FloatArray
    critical_difference: float
    p: float


@dataclass(frozen=True)
class RanksOverTasks:
    """Friedman's test with ranks permuted within tasks, and Nemenyi's critical difference (Demsar 2006).

    Takes tasks as independent and equally weighty, and uses the order within each alone. The critical
    difference q sqrt(a (a + 1) / (6 t)) rests on normal mean ranks and is rough for few tasks; the p
    does not: p = (1 + #) / (1 + ``resamples``) over drawn permutations.
    """

    alpha: float = 0.05
    resamples: int = 10_000

    def __call__(self, gains: FloatArray, rng: np.random.Generator) -> Ranking:
        """``gains``: (task, agent), all finite; ties share their midrank."""
        tasks, agents = gains.shape
        ranked = rankdata(-gains, axis=1)
        spread = self._spread(ranked.sum(axis=0))
        drawn = np.array(
            [self._spread(rng.permuted(ranked, axis=1).sum(axis=0)) for _ in range(self.resamples)]
        )
        p = (1 + int((drawn >= spread - 1e-9).sum())) / (1 + self.resamples)
        q = float(studentized_range.ppf(1 - self.alpha, agents, np.inf)) / math.sqrt(2)
        critical = q * math.sqrt(agents * (agents + 1) / (6 * tasks))
        return Ranking(ranked.mean(axis=0), critical, p)

    @staticmethod
    def _spread(sums: FloatArray) -> float:
        """Friedman's statistic up to constants that a permutation within tasks leaves alone."""
        return float(((sums - sums.mean()) ** 2).sum())
