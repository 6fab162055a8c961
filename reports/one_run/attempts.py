"""Tables about the attempts of one run: every submission, and everything that failed, with its cause."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from posttrace.reports.display import DASH, count, level, percent, plural, points
from posttrace.reports.one_run.chapters import anchor
from posttrace.reports.one_run.diffs import counted
from posttrace.reports.runs.frames import noise_half_width
from posttrace.reports.shown import Table

if TYPE_CHECKING:
    from posttrace.analysis.audit.audit import Audit
    from posttrace.analysis.failures.failures import Failures
    from posttrace.analysis.runs.records import RunRecord
    from posttrace.reports.one_run.story import Chapter, Story


NO_SUBMISSION: Final = "The run received no submission."


def submissions(run: RunRecord, audit: Audit, routed: pd.DataFrame, story: Story) -> Table:
    """Every submission in order: score and its error, gain and its interval, route, code since the last."""
    rows = pd.DataFrame(
        {
            "run_id": run.run_id,
            "submission_id": [item.submission_id for item in run.submissions],
            "received_s": [_or_nan(item.received_s) for item in run.submissions],
            "status": [item.status for item in run.submissions],
            "reason": [item.reason for item in run.submissions],
            "error_pp": [_error(run, item.evaluation) for item in run.submissions],
        }
    )
    verdicts = pd.DataFrame(
        [
            (row.submission_id, row.state, row.gain, row.lcb, row.ucb, row.p_stepdown, row.is_winner)
            for row in audit.submissions
        ],
        columns=pd.Index(["submission_id", "state", "gain", "lcb", "ucb", "p_stepdown", "is_winner"]),
    )
    for name in ("gain", "lcb", "ucb"):
        verdicts[f"{name}_pp"] = 100 * verdicts.pop(name).astype("float64")
    routes = routed[["submission_id", "score_pct", "route", "tier", "evidence", "says"]]
    for found in (verdicts, routes):  # columns without rows have no type that can be merged on
        whole = found.astype({"submission_id": "int64"})
        rows = rows.astype({"submission_id": "int64"}).merge(whole, on="submission_id", how="left")
    changed = {chapter.submission_id: _changed(chapter) for chapter in story.chapters}
    rows["code"] = rows["submission_id"].map(changed)
    numbers = ("number", "at, s", "score %")
    cells = _cells(rows, audit.settings.alpha)
    table = Table("submissions", cells, rows, _notes(rows), numbers, missing=NO_SUBMISSION)
    return table.linked("number", rows["submission_id"].map(anchor)) if len(rows) else table


def _cells(rows: pd.DataFrame, alpha: float) -> pd.DataFrame:
    scores = [
        f"{percent(score)} ± {percent(error)}" if pd.notna(error) and pd.notna(score) else percent(score)
        for score, error in zip(rows["score_pct"], rows["error_pp"], strict=True)
    ]
    gains = [
        f"{points(gain)} [{points(low)}, {points(high)}]" if pd.notna(low) else points(gain)
        for gain, low, high in zip(rows["gain_pp"], rows["lcb_pp"], rows["ucb_pp"], strict=True)
    ]
    best = [f"{n} (best)" if won is True else f"{n}" for n, won in _pairs(rows)]
    return pd.DataFrame(
        {
            "number": best,
            "at, s": [DASH if pd.isna(t) else f"{t:,.1f}" for t in rows["received_s"]],
            "status": [_status(row) for row in rows.to_dict("records")],
            "score %": scores,
            f"gain, pp [{level(alpha)}]": gains,
            "route": rows["route"].fillna(DASH),
            "tier": rows["tier"].fillna(DASH),
            "evidence": rows["evidence"].fillna(DASH),
            "code since the last": rows["code"].fillna("not known"),
        }
    )


def _pairs(rows: pd.DataFrame) -> list[tuple[int, Any]]:
    won = [bool(x) if pd.notna(x) else False for x in rows["is_winner"]]
    return list(zip(rows["submission_id"], won, strict=True))


def _status(row: dict[Any, Any]) -> str:
    state = str(row["state"]).replace("_", " ") if pd.notna(row["state"]) else "failed"
    known = row["status"] if state == "failed" else state  # rejected, error or timeout says more
    return f"{known}: {row['reason']}" if isinstance(row["reason"], str) else known


def _error(run: RunRecord, evaluation: Any) -> float:
    if evaluation is None:
        return float("nan")
    width = 100 * noise_half_width((evaluation,), run.started.task.n_items)
    return width or float("nan")  # items that all came out alike show no spread, which is not certainty


def _changed(chapter: Chapter) -> str:
    if chapter.problem is not None:
        return "not known"
    files = plural(len(chapter.changes), "file")
    return f"{files}, {counted(chapter.changes)}" if chapter.changes else "as before"


def _notes(rows: pd.DataFrame) -> tuple[str, ...]:
    alike = rows["score_pct"].notna() & rows["error_pp"].isna()
    return ("No ±: the items show no spread, or how many there were is not known.",) if alike.any() else ()


def failed_attempts(failures: Failures, story: Story) -> Table:
    """Every iteration that failed, then the run as a whole, with the primary cause and its lines."""
    iterations = failures.iterations
    lost = iterations[iterations["failed"].fillna(False).astype(bool)]
    whole = failures.runs[failures.runs["failed"].fillna(False).astype(bool)]
    rows = pd.concat(
        [lost.assign(what=lost["iteration"].map(lambda n: f"attempt {n}")), whole.assign(what="run")]
    )
    cells = pd.DataFrame(
        {
            "what": rows["what"],
            "ended in": rows["ends_in"].fillna(DASH),
            "submission": rows["submission_id"].map(count),
            "outcome": rows["outcome"].fillna(rows["status"]).str.replace("_", " ").fillna(DASH),
            "type": rows["failure_type"].str.replace("_", " ").fillna(DASH),
            "cause": rows["says"].fillna(DASH),
            "which says": rows["evidence"].fillna(DASH),
        }
    )
    of, open_ = len(iterations), int((iterations["outcome"] == "pending").sum())
    pending = f"; {open_} of them ended without an answer from the grader" if open_ else ""
    notes = (
        f"{len(lost)} of {plural(of, 'attempt')} failed{pending}. An attempt is the work up to a "
        "submission, to a launch that failed, or to the end of the run. Causes are found by rules; unknown: "
        "none fits.",
        *_uncounted(story),
    )
    return Table("failures", cells, rows, notes, ("submission",), missing="")


def _uncounted(story: Story) -> Iterator[str]:
    n = sum(command.ending == "no_model" and command.exit_code is None for command in story.commands)
    if n:
        yield (
            f"{plural(n, 'command')} left no model and nobody saw how it ended: not counted as a failed "
            "launch unless a line above says so. The commands stand under What ran when."
        )


def _or_nan(value: float | None) -> float:
    return np.nan if value is None else value
