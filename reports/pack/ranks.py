"""Do agents differ in rank over tasks? Friedman's test, and Nemenyi's critical difference (Demsar 2006)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from scipy.stats import rankdata, studentized_range

from posttrace.analysis.across.summaries import configurations
from posttrace.analysis.arrays import FloatArray
from posttrace.reports.figures.ranks import COLUMNS
from posttrace.reports.pack.entry import Unsupported

if TYPE_CHECKING:
    from posttrace.reports.pack.material import Material

MIN_TASKS: Final = 2
MIN_AGENTS: Final = 3


@dataclass(frozen=True)
class Ranking:
    """``mean_ranks``: (agent,), 1 is the best. ``p``: of the Friedman test."""

    mean_ranks: FloatArray
    critical_difference: float
    p: float


@dataclass(frozen=True)
class RanksOverTasks:
    """Friedman's test with ranks permuted within tasks, and Nemenyi's critical difference at ``alpha``.

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


def ranks(material: Material) -> pd.DataFrame:
    """One row an agent with a gain on every task: ``figures.ranks.COLUMNS``, and the agents ``left_out``."""
    runs = material.study.runs
    runs = runs.assign(configuration=configurations(runs))
    counted = runs[runs["gain"].notna()]
    means = counted.pivot_table(index="task", columns="configuration", values="gain", aggfunc="mean")
    complete = means.dropna(axis=1)
    tasks, agents = complete.shape
    if tasks < MIN_TASKS or agents < MIN_AGENTS:
        raise Unsupported(
            f"{agents} agents with a gain on each of {tasks} tasks; ranks need {MIN_AGENTS} on {MIN_TASKS}"
        )
    settings = material.study.settings
    # gains that are equal up to rounding are ties
    values = np.round(complete.to_numpy(dtype=np.float64), 12)
    found = RanksOverTasks(settings.alpha, settings.resamples)(values, settings.stream("ranks"))
    behind = {str(name): list(part["run_id"]) for name, part in counted.groupby("configuration")}
    names = [str(name) for name in complete.columns]
    left_out = ", ".join(sorted(set(runs["configuration"]) - set(names)))
    table = pd.DataFrame(
        {
            "configuration": names,
            "mean_rank": found.mean_ranks,
            "tasks": tasks,
            "critical_difference": found.critical_difference,
            "p": found.p,
            "left_out": left_out,
            "n_runs": [len(behind[name]) for name in names],
            "run_ids": [behind[name] for name in names],
        }
    )
    return table.sort_values("mean_rank", kind="stable")[[*COLUMNS, "left_out", "n_runs", "run_ids"]]
