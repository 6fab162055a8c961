"""Do gains go with routes? Within tasks; an agent chooses its route, so this is association and no effect."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from posttrace.analysis.across.runs import StudySettings, tidy
from posttrace.analysis.arrays import IntArray
from posttrace.analysis.audit.audit import adjusted
from posttrace.analysis.routes.route import REINFORCED, STEP, UNKNOWN
from posttrace.analysis.stats.across.association import Labels, StratifiedPermutation, cmh

ANY_REINFORCED = "any reinforced stage"
COLUMNS = (
    "label n_with n_without tasks left_out difference p p_greater p_least p_holm odds_ratio cmh_chi2 cmh_p "
    "exact_p exact_p_greater exact_p_holm within_agents says reason"
)


def associations(runs: pd.DataFrame, settings: StudySettings) -> pd.DataFrame:
    """One row a route label, and one for any reinforced stage: runs with it against all others of their task.

    ``difference``: mean gain with less without, weighted over tasks by their runs; ``p``: two-sided, labels
    permuted within task. ``odds_ratio`` (Mantel-Haenszel), ``cmh_p``, ``exact_p``: of improved (gain > 0), by
    task. ``within_agents``: agents that have runs of both kinds on one task: without any, a route cannot be
    told from the agent that took it. ``left_out``: runs without a gain or without a known route. Holm over
    the rows.
    """
    known = runs["route"].notna() & (runs["route"] != UNKNOWN)
    counted = runs[known & runs["gain"].notna()]
    labels = sorted(counted["route"].unique())
    rows = [_row(counted, label, (counted["route"] == label).to_numpy(), settings) for label in labels]
    stages = counted["route"].str.split(STEP)
    reinforced = np.array([bool(REINFORCED.intersection(names)) for names in stages], dtype=bool)
    if len(labels) > 1:
        rows.append(_row(counted, ANY_REINFORCED, reinforced, settings))
    frame = tidy(rows, COLUMNS).assign(left_out=len(runs) - len(counted))
    for p in ("p", "exact_p"):
        frame[f"{p}_holm"] = adjusted(frame[p].to_numpy(dtype=float), "holm")
    frame["says"] = [_says(row, settings.alpha) for row in frame.to_dict("records")]
    return frame


def _row(runs: pd.DataFrame, label: str, having: Labels, settings: StudySettings) -> dict[str, Any]:
    tasks = pd.factorize(runs["task"])[0].astype(np.int64)
    gains = runs["gain"].to_numpy(dtype=float)
    found = StratifiedPermutation(settings.resamples)(gains, having, tasks, settings.stream(f"route {label}"))
    tables = cmh(_tables(tasks, having, runs["improved"].to_numpy()))
    mixed = runs.assign(having=having).groupby(["task", "agent"])["having"].nunique() > 1
    return {
        "label": label,
        "n_with": found.n_one,
        "n_without": found.n_other,
        "tasks": found.strata,
        "difference": found.difference,
        "p": found.p,
        "p_greater": found.p_greater,
        "p_least": min(1.0, 2 * found.p_least),
        "odds_ratio": tables.odds_ratio,
        "cmh_chi2": tables.chi2,
        "cmh_p": tables.p,
        "exact_p": tables.p_two_sided,
        "exact_p_greater": tables.p_greater,
        "within_agents": int(mixed.groupby("agent").any().sum()),
        "reason": "; ".join(filter(None, [found.reason, tables.reason])),
    }


def _tables(tasks: IntArray, having: Labels, improved: Labels) -> IntArray:
    """(task, with | without, improved | not) counts of runs."""
    tables = np.zeros((int(tasks.max()) + 1 if len(tasks) else 0, 2, 2), dtype=np.int64)
    np.add.at(tables, (tasks, 1 - having.astype(int), 1 - improved.astype(int)), 1)
    return tables


def _says(row: dict[Any, Any], alpha: float) -> str:
    if np.isnan(row["difference"]):
        return "undefined"
    if row["p_holm"] > alpha:
        return "not shown to be associated with gain"
    kind = "larger" if row["difference"] > 0 else "smaller"
    agents = row["within_agents"]
    bound = "; no agent took it and another on one task" if not agents else ""
    return f"associated with {kind} gain within task{bound}"
