"""Tidy tables behind every figure and table of a report, from traces and their audit.

Scores end in ``_pct`` (percent), gains in ``_pp`` (percentage points); undefined is NaN.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from posttrace.reports.figures.trajectories import COLUMNS as TRAJECTORY_COLUMNS
from posttrace.reports.observations import integrity

if TYPE_CHECKING:
    from posttrace.analysis.audit.audit import Audit
    from posttrace.analysis.runs.records import Evaluation, RunRecord, Submission
    from posttrace.analysis.runs.tables import TraceSet

GAINS: Final = ("reported_gain", "corrected_gain", "selection_share", "lcb", "ucb", "mde80")
SCORES: Final = ("baseline", "reported_best")
Z_TWO_SIDED: Final = 1.959963984540054
"""97.5 % quantile of the normal distribution."""


def verdicts(audit: Audit) -> pd.DataFrame:
    """One row an audited run, in the order task, agent, driver, mode, seed.

    The audit's own fields, gains as ``<name>_pp``, scores as ``<name>_pct``, and two labels: ``agent_label``
    and ``run_label`` name what tells the runs of a task apart.
    """
    # the audit loads scipy, which takes half a second that helpers can use
    from posttrace.analysis.audit.outcome import RunVerdict

    fields = [field.name for field in dataclasses.fields(RunVerdict)]
    table = pd.DataFrame([dataclasses.asdict(run) for run in audit.runs], columns=pd.Index(fields))
    for names, suffix in ((GAINS, "_pp"), (SCORES, "_pct")):
        for name in names:
            table[name + suffix] = 100 * pd.to_numeric(table.pop(name), errors="coerce").astype("float64")
    table["agent_label"], table["run_label"] = _labels(table)
    keys = ["task", "agent", "driver", "mode", "agent_label", "seed"]
    return table.sort_values(keys, kind="stable", na_position="first").reset_index(drop=True)


def with_integrity(table: pd.DataFrame, traces: TraceSet) -> pd.DataFrame:
    """The frame of ``verdicts`` with ``integrity``: each run's flags that matter, in words."""
    said = {run.run_id: integrity(run.flags, torn=run.torn) for run in traces.final}
    return table.assign(integrity=table["run_id"].map(said).astype("object"))


def _labels(table: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Agent with whatever else differs between the runs (driver, mode), then with the seed.

    Cells that still look alike (another base model, budget, ...) get the start of their cell id.
    """
    parts = [name for name in ("driver", "mode") if table[name].nunique(dropna=False) > 1]
    label = table["agent"].astype("str")
    for name in parts:
        label = label + table[name].map(lambda value: "" if pd.isna(value) else f" · {value}")
    alike = table.groupby([table["task"], label])["cell_id"].transform("nunique") > 1
    label = label.where(~alike, label + " · " + table["cell_id"].str[:6])
    seed = table["seed"].map(lambda value: "" if pd.isna(value) else f" · seed {int(value)}")
    return label, label + seed


def noise_half_width(scorings: tuple[Evaluation, ...], n_items: int | None) -> float:
    """Half the width, 0..1, of the 95 % band of one scoring: 1.96 standard errors over items.

    From the item outcomes of each scoring (sd over sqrt(n), averaged over scorings); without them from the
    score as a proportion of ``n_items`` 0/1 items; NaN when the number of items is unknown too. Items are
    treated as independent: with clusters the true band is wider.
    """
    errors = []
    for scoring in scorings:
        kept = np.array([]) if scoring.values is None else scoring.values[~np.isnan(scoring.values)]
        if len(kept) > 1:
            errors.append(kept.std(ddof=1) / np.sqrt(len(kept)))
        elif n_items and 0 <= scoring.score <= 1:
            errors.append(np.sqrt(scoring.score * (1 - scoring.score) / n_items))
    return Z_TWO_SIDED * float(np.mean(errors)) if errors else float("nan")


def trajectories(traces: TraceSet, table: pd.DataFrame) -> pd.DataFrame:
    """Every submission of every audited run, with its baseline as submission 0.

    ``table``: the frame of ``verdicts``, which gives order, labels and winners. Columns: see
    ``posttrace.reports.figures.trajectories.COLUMNS``.
    """
    records = {record.run_id: record for record in traces.final}
    rows: list[tuple[object, ...]] = []
    for run in table.to_dict("records"):
        record = records[run["run_id"]]
        seed = "" if pd.isna(run["seed"]) else f"seed {int(run['seed'])}"
        head = (run["run_id"], run["task"], run["agent_label"], seed, run["verdict"])
        noise = 100 * noise_half_width(_same_split(record), record.started.task.n_items)
        rows.append((*head, "baseline", 0, 0.0, run["baseline_pct"], noise, False))
        for item in record.submissions:
            score = np.nan if item.evaluation is None else 100 * item.evaluation.score
            minutes = np.nan if item.received_s is None else item.received_s / 60
            won = not pd.isna(run["winner"]) and item.submission_id == int(run["winner"])
            rows.append((*head, _kind(item), item.submission_id, minutes, score, np.nan, won))
    return pd.DataFrame(rows, columns=pd.Index(TRAJECTORY_COLUMNS))


def _same_split(record: RunRecord) -> tuple[Evaluation, ...]:
    """Scorings of the base on the split that submissions were graded on, or all without a submission."""
    splits = {item.evaluation.split for item in record.submissions if item.evaluation is not None}
    return tuple(scoring for scoring in record.baseline if not splits or scoring.split in splits)


def _kind(item: Submission) -> str:
    if item.status == "duplicate":
        return "duplicate"
    if item.evaluation is None:
        return "failed"
    return "base_copy" if item.is_base_copy else "scored"
