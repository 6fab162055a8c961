"""Failures in a terminal: one row a run or iteration that failed, why, and where that stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pandas as pd

from posttrace.reports.display import DASH, plural

if TYPE_CHECKING:
    from posttrace.analysis.failures.failures import Failures

SAYS: Final = 110
"""Characters of a cause that a row takes; ``--json`` has all of them."""
LISTED: Final = 20
"""Iterations that notes name."""
SHOWN: Final = [
    "run",
    "task",
    "agent",
    "seed",
    "status",
    "failure type",
    "class",
    "why",
    "evidence",
    "iterations",
]


def failures_table(failures: Failures) -> tuple[pd.DataFrame, str, list[str]]:
    """The runs that failed, each with its primary cause, a title, and notes on further causes and iterations.

    An iteration that failed in a run that did not stands in the notes.
    """
    runs = failures.runs
    failed = runs[runs["failed"].astype(bool)]
    shown = pd.DataFrame(
        {
            "run": failed["run_id"],
            "task": failed["task"],
            "agent": failed["agent"],
            "seed": failed["seed"],
            "status": failed["status"].str.replace("_", " "),
            "failure type": failed["failure_type"],
            "class": failed["paper_class"].fillna(DASH),
            "why": failed["says"].map(_short),
            "evidence": failed["evidence"].map(_first),
            "iterations": failed["failed_iterations"].astype(str) + " of " + failed["iterations"].astype(str),
        },
        columns=pd.Index(SHOWN),
    )
    if failed["state"].ne("final").any():
        shown.insert(4, "state", failed["state"])
    title = f"{len(failed)} of {plural(len(runs), 'run')} failed (iterations: how many of all failed)"
    by = ["task", "agent", "seed"]
    notes = [*_further(failures), *_others(failures)]
    if not notes and not len(failed):
        notes = ["Nothing failed." if len(runs) else "No run could be read."]
    return shown.sort_values(by, kind="stable"), title, notes


def _further(failures: Failures) -> list[str]:
    """Causes of runs beside the primary one."""
    causes = failures.causes
    rows = causes[(causes["scope"] == "run") & (causes["place"] > 1)]
    rows = rows.drop_duplicates(["run_id", "trace", "place"])
    return [
        f"{run}: also {_short(says)} ({where})"
        for run, says, where in zip(rows["run_id"], rows["says"], rows["where"], strict=True)
    ]


def _others(failures: Failures) -> list[str]:
    """Failed iterations of runs that did not fail."""
    runs, rows = failures.runs, failures.iterations
    fine = runs.loc[~runs["failed"].astype(bool), "trace"]
    rows = rows[rows["failed"].astype(bool) & rows["trace"].isin(fine)]
    said = [
        f"{run}, iteration {number} ({outcome}): {kind}: {_short(says)} ({_first(where)})"
        for run, number, outcome, kind, says, where in zip(
            *(rows[name] for name in ("run_id", "iteration", "outcome", "failure_type", "says", "evidence")),
            strict=True,
        )
    ]
    more = len(said) - LISTED
    return [*said[:LISTED], *([f"and {plural(more, 'failed iteration')} more"] if more > 0 else [])]


def _short(text: str) -> str:
    return text if len(text) <= SAYS else f"{text[: SAYS - 1]}…"


def _first(evidence: str) -> str:
    return evidence.split(", ")[0]
