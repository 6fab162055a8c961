"""Tables on what printed scores can show: luck of the pick, sizes of tests, drivers, findings."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any, Final

import pandas as pd

from posttrace.analysis.audit.counts import CountEvidence, Scores
from posttrace.analysis.lint.finding import Findings
from posttrace.analysis.stats.proportions import newcombe
from posttrace.reports.display import count, level, p_value, percent, plural, points
from posttrace.reports.published.paper import main_rows, short
from posttrace.reports.shown import Prose, Table
from posttrace.reports.terminal.findings import summary as counted

SUBMISSIONS: Final = (1, 5, 10, 30)
"""Numbers of submissions that are looked at where a table states none."""


ALIKE: Final = ("agent", "base_model", "task")
"""What two results with different drivers must share to be compared."""


def detectable(verdicts: pd.DataFrame, alpha: float) -> Table:
    """For each task and baseline: the gain that n items can show, and what the best of k shows by luck."""
    rows = pd.DataFrame(list(_detectable(verdicts, alpha)))
    if rows.empty:
        return Table("detectable", rows, rows, missing="No row has a baseline and a number of items.")
    cells = rows[["task", "base_model"]].rename(columns={"base_model": "base model"})
    cells["items"], cells["baseline %"] = rows["n_items"].map(count), rows["baseline_pct"].map(percent)
    for k in SUBMISSIONS:
        cells[f"MDE, k = {k}"] = rows[f"mde_{k}_pp"].map(percent)
    for k in SUBMISSIONS[1:]:
        cells[f"luck of {k}"] = rows[f"luck_{k}_pp"].map(points)
    cells["results"] = rows["results"].map(count)
    notes = (
        "Percentage points. MDE: gain that is found 8 times in 10. Luck of k: what the best of k scores "
        "shows over the baseline on average when nothing was gained. The MDE is of the design and not to be "
        "compared with a gain that was found: the verdict on that rests on p and bounds.",
    )
    return Table("detectable", cells, rows, notes, tuple(cells.columns[2:]))


def selection(verdicts: pd.DataFrame, alpha: float) -> Table:
    """Rows that state k: what selection alone would show on average, beside what was reported."""
    stated = verdicts[verdicts["k_known"].astype(bool) & verdicts["reported_gain_pp"].notna()]
    luck = [
        100 * _evidence(row, int(row["k"]), alpha).expected_null_gain for row in stated.to_dict("records")
    ]
    rows = stated.assign(luck_pp=luck)
    cells = pd.DataFrame(
        {
            "task": rows["task"],
            "result": rows["label_row"],
            "k": rows["k"].map(count),
            "items": rows["n_items"].map(count),
            "gain, pp": rows["reported_gain_pp"].map(points),
            "luck of k, pp": rows["luck_pp"].map(points),
            "p": rows["p_raw"].map(p_value),
            "verdict": rows["label"],
            "printed in": rows["source"].map(short),
        }
    )
    of = f"{len(rows)} of {plural(len(verdicts), 'result')} state the number of submissions."
    numbers = ("k", "items", "gain, pp", "luck of k, pp", "p")
    return Table("selection", cells, rows, (of,), numbers, missing="")


def drivers(verdicts: pd.DataFrame, alpha: float) -> Table:
    """Pairs of drivers of one agent on one base model: the difference of their best scores, task by task."""
    rows = pd.DataFrame(
        list(_pairs(compared(verdicts), alpha)),
        columns=pd.Index(
            ["agent", "base_model", "task", "driver", "other", "difference_pp", "low_pp", "high_pp"]
        ),
    )
    spans = zip(rows["low_pp"], rows["high_pp"], strict=True)
    cells = pd.DataFrame(
        {
            "task": rows["task"],
            "agent": rows["agent"] + " · " + rows["base_model"],
            "driver": rows["driver"],
            "against": rows["other"],
            "difference, pp": rows["difference_pp"].map(points),
            "interval, pp": [f"{points(low)} to {points(high)}" for low, high in spans],
        }
    )
    apart = int(((rows["low_pp"] > 0) | (rows["high_pp"] < 0)).sum())
    notes = (
        f"{level(alpha)} Newcombe intervals for two independent proportions, one run a driver, not "
        f"adjusted for {plural(len(rows), 'pair')} or for unknown numbers of submissions: {apart} exclude 0.",
    )
    missing = "No agent is reported with two drivers on one base model and task."
    shown = notes if len(rows) else ()
    return Table("drivers", cells, rows, shown, ("difference, pp", "interval, pp"), "task", missing=missing)


def compared(verdicts: pd.DataFrame) -> pd.DataFrame:
    """The results that ``drivers`` compares: main rows that share agent, base model and task."""
    rows = main_rows(verdicts)
    return rows[rows.groupby(list(ALIKE))["driver"].transform("nunique") > 1]


def finding_table(findings: Findings) -> Table:
    """What the linter found, inconsistencies first."""
    rows = findings.table()
    order = {"inconsistent": 0, "suspicious": 1, "information": 2}
    rows = rows.sort_values("severity", key=lambda s: s.map(order).fillna(3), kind="stable")
    columns = ["severity", "rule", "table", "row", "of", "column", "value", "expected", "explanations"]
    cells = rows[columns].rename(columns={"explanations": "would fit"}).astype("str")
    return Table("findings", cells, rows.astype("str"), tuple(findings.notes), ("row", "value"))


def finding_counts(findings: Findings) -> Prose:
    """How many findings of each severity there are, and what was read."""
    read = findings.notes[0] if findings.notes else ""
    return Prose(f"{counted(findings)}; {read}." if read else f"{counted(findings)}.")


def _detectable(verdicts: pd.DataFrame, alpha: float) -> Iterator[dict[str, object]]:
    known = verdicts[verdicts["mde80_pp"].notna()]
    for (task, base, baseline), group in known.groupby(["task", "base_model", "baseline_pct"], sort=False):
        first = group.iloc[0].to_dict()
        found = {k: _evidence(first, k, alpha) for k in SUBMISSIONS}
        yield {
            "task": task,
            "base_model": base,
            "n_items": first["n_items"],
            "baseline_pct": baseline,
            **{f"mde_{k}_pp": 100 * e.mde80 for k, e in found.items()},
            **{f"luck_{k}_pp": 100 * e.expected_null_gain for k, e in found.items()},
            "results": len(group),
        }


def _pairs(rows: pd.DataFrame, alpha: float) -> Iterator[tuple[Any, ...]]:
    for (agent, base, task), group in rows.groupby(list(ALIKE), sort=False):
        for one, other in combinations(group.to_dict("records"), 2):
            n = int(one["n_items"]), int(other["n_items"])
            scores = one["reported_best_pct"] / 100, other["reported_best_pct"] / 100
            low, high = newcombe(scores[0] * n[0], n[0], scores[1] * n[1], n[1], alpha)
            difference = 100 * (scores[0] - scores[1])
            yield agent, base, task, one["driver"], other["driver"], difference, 100 * low, 100 * high


def _evidence(row: dict[Any, Any], k: int, alpha: float) -> CountEvidence:
    baseline, n = float(row["baseline_pct"]) / 100, int(row["n_items"])
    return CountEvidence(Scores(baseline, baseline, n, k), alpha)
