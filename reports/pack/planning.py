"""Rows of the power figure: what tests of these tasks can detect, and what the runs could."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from posttrace.analysis.stats.plan.design import Design
from posttrace.analysis.stats.plan.planning import answers
from posttrace.reports.figures.power import COLUMNS
from posttrace.reports.pack.entry import Unsupported

if TYPE_CHECKING:
    from posttrace.reports.pack.material import Material

ITEMS: Final = (20, 35, 50, 75, 100, 150, 200, 350, 500, 750, 1000, 1500, 2000, 3500, 5000)
SUBMISSIONS: Final = (1, 5, 10, 30)


def power(material: Material) -> pd.DataFrame:
    """One row a task, k and number of items, and one an audited run: ``figures.power.COLUMNS``.

    ``assumes``: what a curve rests on: the task's mean baseline p0, as 0/1 items of which 2 p0 (1 - p0)
    differ without a gain (an upper bound where two scorings agree more often, and for scores between 0
    and 1), and as many scorings of the baseline as the runs have at the median.
    """
    verdicts = material.verdicts
    known = verdicts[verdicts["baseline_pct"].notna() & verdicts["n_items"].notna()]
    rows: list[dict[str, Any]] = []
    for task, runs in known.groupby("task", sort=True):
        baseline = float(runs["baseline_pct"].mean()) / 100
        if 0 <= baseline < 1:
            rows += _curves(str(task), baseline, _replicates(material, runs), runs, material.settings.alpha)
            rows += _runs(str(task), runs)
    if not rows:
        raise Unsupported("no run with a baseline and a known number of items")
    return pd.DataFrame(rows)[[*COLUMNS, "assumes", "n_runs", "run_ids"]]


def _curves(
    task: str, baseline: float, replicates: int, runs: pd.DataFrame, alpha: float
) -> list[dict[str, Any]]:
    designs = [Design(n, k, replicates, baseline=baseline, alpha=alpha) for k in SUBMISSIONS for n in ITEMS]
    scorings = "1 scoring" if replicates == 1 else f"{replicates} scorings"
    says = (
        f"power 0.8, one-sided level {alpha:g}, {scorings} of the baseline, 0/1 items, psi0 = 2 p0 (1 - p0)"
    )
    return [
        {
            "task": task,
            "kind": "curve",
            "n_items": answer.design.items,
            "k": answer.design.submissions,
            "detectable_pp": 100 * answer.detectable,
            "baseline_pct": 100 * baseline,
            "assumes": says,
            "n_runs": len(runs),
            "run_ids": list(runs["run_id"]),
        }
        for answer in answers(designs)
    ]


def _runs(task: str, runs: pd.DataFrame) -> list[dict[str, Any]]:
    measured = runs[runs["mde80_pp"].notna()]
    return [
        {
            "task": task,
            "kind": "run",
            "n_items": int(run["n_items"]),
            "k": int(run["k"]) if pd.notna(run["k"]) else None,
            "detectable_pp": run["mde80_pp"],
            "baseline_pct": run["baseline_pct"],
            "assumes": "its own items",
            "n_runs": 1,
            "run_ids": [run["run_id"]],
        }
        for run in measured.to_dict("records")
    ]


def _replicates(material: Material, runs: pd.DataFrame) -> int:
    """Scorings of the baseline that runs have at the median; a reported table says nothing: one."""
    if material.found is None:
        return 1
    table = material.found.runs
    scorings = table.loc[table["run_id"].isin(runs["run_id"]), "baseline_scorings"].dropna()
    return max(1, int(np.median(scorings.to_numpy(dtype=float)))) if len(scorings) else 1
