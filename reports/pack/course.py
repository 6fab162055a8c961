"""Rows of the figures on the course of runs: scores over submissions, time and tokens; routes; failures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from posttrace.reports.figures.failures import COLUMNS as FAILURES
from posttrace.reports.pack.entry import Unsupported

if TYPE_CHECKING:
    from posttrace.reports.pack.material import Material

UNMEASURED = "no run says when its submissions came"


def over_submissions(material: Material) -> pd.DataFrame:
    """One row a submission, and one a run for its baseline: ``figures.trajectories.COLUMNS``."""
    table = material.submissions
    if not (table["kind"] != "baseline").any():
        raise Unsupported("no run has a submission")
    return table.assign(n_runs=1)


def over_time(material: Material) -> pd.DataFrame:
    """The same, of submissions whose time is known."""
    table = over_submissions(material)
    kept = table[table["elapsed_min"].notna()]
    if not (kept["kind"] != "baseline").any():
        raise Unsupported(UNMEASURED)
    return kept


def over_tokens(material: Material) -> pd.DataFrame:
    """The same with ``tokens_k``: thousand tokens of the agent's steps up to each submission.

    Input, cached and output tokens, as far as steps report them; runs without any are left out.
    """
    table = over_time(material)
    steps = material.traces.steps
    spent = steps[["input_tokens", "cached_tokens", "output_tokens"]].sum(axis=1, min_count=1)
    steps = steps.assign(tokens=spent.astype("float64"))
    steps = steps[steps["tokens"].notna() & steps["t_s"].notna()].sort_values("t_s", kind="stable")
    if steps.empty:
        raise Unsupported("no step of an agent reports its tokens")
    parts = []
    for run_id, own in table.groupby("run_id", sort=False):
        mine = steps[steps["run_id"] == run_id]
        if len(mine):
            totals = np.concatenate([[0.0], np.cumsum(mine["tokens"].to_numpy())]) / 1000
            at = np.searchsorted(mine["t_s"].to_numpy(), 60 * own["elapsed_min"].to_numpy(), side="right")
            parts.append(own.assign(tokens_k=totals[at]))
    if not parts:
        raise Unsupported("no audited run reports the tokens of its steps")
    return pd.concat(parts, ignore_index=True)


def routes(material: Material) -> pd.DataFrame:
    """One row a route of an agent on a task: ``figures.routes.COLUMNS``, and the runs behind it."""
    from posttrace.reports.runs.routing import shares

    routed = material.routing.submissions(material.verdicts, material.submissions)
    routed = routed[routed["route"].notna()]
    if routed.empty:
        raise Unsupported("no submission with a route")
    table = shares(routed)
    behind = routed.groupby(["task", "agent_label", "route"])["run_id"].unique()
    keys = zip(table["task"], table["agent_label"], table["route"], strict=True)
    runs = [sorted(behind[key]) for key in keys]
    return table.assign(n_runs=[len(ids) for ids in runs], run_ids=pd.Series(runs, dtype=object))


def failures(material: Material) -> pd.DataFrame:
    """One row a type of failure, of runs and of iterations: ``figures.failures.COLUMNS``."""
    found = material.failures
    parts = [_pareto(found.runs, "runs"), _pareto(found.iterations, "iterations")]
    table = pd.concat([part for part in parts if len(part)]) if any(map(len, parts)) else None
    if table is None:
        raise Unsupported(
            f"none of {len(found.runs)} runs and of their {len(found.iterations)} iterations failed"
        )
    return table.reset_index(drop=True)


def _pareto(table: pd.DataFrame, scope: str) -> pd.DataFrame:
    failed = table[table["failed"]]
    groups = failed.groupby("failure_type")["run_id"]
    rows = pd.DataFrame({"count": groups.size(), "run_ids": groups.unique().map(sorted)})
    rows = rows.rename_axis("failure_type").reset_index()
    rows = rows.sort_values(["count", "failure_type"], ascending=[False, True], kind="stable")
    rows = rows.assign(scope=scope, failed=len(failed), of=len(table), n_runs=rows["run_ids"].map(len))
    rows["cumulative_pct"] = 100 * rows["count"].cumsum() / max(len(failed), 1)
    return rows[[*FAILURES, "n_runs", "run_ids"]]
