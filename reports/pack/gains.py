"""Rows of the figures on gains: main results, forest, gains by route, best of k runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from posttrace.reports.figures.best_of_k import COLUMNS as BEST_OF_K
from posttrace.reports.figures.forest import COLUMNS as FOREST
from posttrace.reports.figures.results import COLUMNS as RESULTS
from posttrace.reports.figures.route_gains import COLUMNS as ROUTE_GAINS
from posttrace.reports.pack.entry import Unsupported

if TYPE_CHECKING:
    from posttrace.analysis.audit.cells import CellVerdict
    from posttrace.reports.pack.material import Material

ONE_RUN = "bounds of a single run"
ONE_REPORTED = "bounds of a reported gain"


def results(material: Material) -> pd.DataFrame:
    """One row a cell: ``figures.results.COLUMNS``, and cell id, runs without a score, kind of gain, runs."""
    cells = {cell.cell_id: cell for cell in material.audit.cells}
    rows = []
    for (task, agent), runs in _some(material.verdicts).groupby(["task", "agent_label"], sort=False):
        cell = cells[runs["cell_id"].iloc[0]]
        numbers = _numbers(cell, runs, 100 * (1 - material.settings.alpha))
        if material.found is None and cell.n_runs == 1:  # nobody says of how many runs a printed gain is
            numbers |= {"n_runs": np.nan, "interval": numbers["interval"].replace(ONE_RUN, ONE_REPORTED)}
        rows.append({"task": task, "agent_label": agent} | numbers)
    columns = [*RESULTS, "cell_id", "n_without_score", "gain_kind", "driver", "mode", "run_ids"]
    return pd.DataFrame(rows)[columns]


def forest(material: Material) -> pd.DataFrame:
    """One row a run: ``figures.forest.COLUMNS``, its id, and what its numbers rest on."""
    return _some(material.verdicts)[[*FOREST, "run_id", "n_items", "k", "reason"]].assign(n_runs=1)


def route_gains(material: Material) -> pd.DataFrame:
    """One row a run with a gain and a route: ``figures.route_gains.COLUMNS``."""
    routed = {run.run_id: run.route for run in material.routing.within(material.audit).runs}
    table = material.verdicts
    gain = table["corrected_gain_pp"].where(table["corrected_gain_pp"].notna(), table["reported_gain_pp"])
    table = table.assign(gain_pp=gain, route=table["run_id"].map(routed))
    kept = table[table["gain_pp"].notna() & table["route"].notna()]
    if kept.empty:
        raise Unsupported("no run with a gain and a route")
    kept = kept.sort_values(["task", "route"], kind="stable")
    return kept[[*ROUTE_GAINS, "agent_label"]].assign(n_runs=1).reset_index(drop=True)


def best_of_k(material: Material) -> pd.DataFrame:
    """One row a cell and k: ``figures.best_of_k.COLUMNS``."""
    curves = material.study.best_of_k
    known = curves[curves["runs"] > 1]
    if known.empty:
        raise Unsupported("no cell has two runs with a gain: there is no choice of the best run")
    names = labels(material)
    behind = _run_ids(material.study.runs[material.study.runs["gain"].notna()], "cell_id")
    table = pd.DataFrame(
        {
            "task": known["task"],
            "agent_label": known["cell_id"].map(names),
            "k": known["k"],
            "expected_best_pp": 100 * known["expected_best"],
            "runs": known["runs"],
            "left_out": known["left_out"],
            "n_runs": known["runs"],
            "run_ids": known["cell_id"].map(behind),
        }
    )
    order = ["task", "agent_label", "k"]
    return table.sort_values(order, kind="stable")[[*BEST_OF_K, "left_out", "n_runs", "run_ids"]]


def _numbers(cell: CellVerdict, runs: pd.DataFrame, level: float) -> dict[str, Any]:
    low, high, interval = 100 * cell.low, 100 * cell.high, cell.interval
    if cell.n_runs == 1 and np.isfinite(cell.mean_gain):
        run = runs.iloc[0]
        low, high = run["lcb_pp"], run["ucb_pp"]
        interval = ONE_RUN if np.isfinite(low) or np.isfinite(high) else interval
    elif interval.startswith("t interval"):
        interval = f"{level:g} % {interval.replace('t interval', 't interval over runs')}"
    return {
        "mean_gain_pp": 100 * cell.mean_gain,
        "low_pp": low,
        "high_pp": high,
        "interval": interval,
        "n_runs": cell.n_runs,
        "verdicts": " ".join(runs["verdict"]),
        "cell_id": cell.cell_id,
        "n_without_score": cell.n_without_score,
        "gain_kind": cell.gain_kind,
        "driver": cell.driver,
        "mode": cell.mode,
        "run_ids": list(runs["run_id"]),
    }


def _some(verdicts: pd.DataFrame) -> pd.DataFrame:
    if verdicts.empty:
        raise Unsupported("no run to show")
    return verdicts


def labels(material: Material) -> dict[str, str]:
    """Cell -> label of its agent."""
    table = material.verdicts
    return dict(zip(table["cell_id"], table["agent_label"], strict=True))


def _run_ids(runs: pd.DataFrame, by: str) -> dict[str, list[str]]:
    return {str(name): list(part["run_id"]) for name, part in runs.groupby(by, sort=False)}
