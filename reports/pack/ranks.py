"""Mean ranks of agents over tasks, for the critical-difference figure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from posttrace.analysis.across.summaries import configurations
from posttrace.analysis.stats.across.friedman import RanksOverTasks
from posttrace.reports.figures.ranks import COLUMNS
from posttrace.reports.pack.entry import Unsupported

if TYPE_CHECKING:
    from posttrace.reports.pack.material import Material

MIN_TASKS: Final = 2
MIN_AGENTS: Final = 3


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
