"""Gains over tasks that differ, in one model; and what the way to count failed runs changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from posttrace.analysis.across.runs import FACTORS, run_table, tidy
from posttrace.analysis.audit.settings import POLICIES
from posttrace.analysis.stats.across.mixed import RandomIntercept

if TYPE_CHECKING:
    from posttrace.analysis.audit.audit import Audit

ALL_CELLS = "all cells"


def mixed(runs: pd.DataFrame, alpha: float = 0.05) -> pd.DataFrame:
    """One row a level of each factor that varies: ``gain ~ factor + (1 | task)``, against ``reference``.

    Not adjusted for the other factors: ``also_varies`` names those that differ between runs too.
    """
    counted = runs[runs["gain"].notna()]
    rows = []
    varying = [name for name in FACTORS if counted[name].nunique() > 1]
    for factor in varying:
        found = RandomIntercept(alpha)(
            counted["gain"].to_numpy(dtype=float), counted["task"].tolist(), counted[factor].tolist()
        )
        model = (found.var_group, found.var_residual, found.n, found.groups)
        also = ", ".join(name for name in varying if name != factor)
        rows += [
            (factor, e.level, found.reference, e.beta, e.se, e.df, e.low, e.high, *model, also, found.reason)
            for e in found.effects
        ]
    columns = "factor level reference beta se df low high var_task var_residual runs tasks also_varies reason"
    return tidy(rows, columns)


def sensitivity(audit: Audit) -> pd.DataFrame:
    """One row a cell, and the mean over cells: mean gain under each way to count runs without a score.

    A cell without any gain under a policy is NaN there and not in the mean of
    ``cells``.
    """
    tables = {policy: run_table(audit, policy) for policy in POLICIES}
    runs = tables["drop"]
    head = runs.groupby("cell_id", sort=False).agg(
        task=("task", "first"), agent=("agent", "first"), runs=("run_id", "size"), failed=("failed", "sum")
    )
    means = {p: table.groupby("cell_id", sort=False)["gain"].mean() for p, table in tables.items()}
    frame = head.assign(cells=1, **means).reset_index()
    if frame.empty:
        return frame.assign(reason="")
    overall: dict[str, float] = {p: frame[p].mean() for p in POLICIES}
    counts = {
        "cells": int(frame["drop"].notna().sum()),
        "runs": len(runs),
        "failed": int(frame["failed"].sum()),
    }
    total = pd.DataFrame([{"cell_id": ALL_CELLS, "task": "", "agent": "", **counts, **overall}])
    result = pd.concat([frame, total], ignore_index=True)
    why = np.where(
        result["drop"].isna(), "no scored run", np.where(result["failed"] == 0, "no failed run", "")
    )
    return result.assign(reason=why)
