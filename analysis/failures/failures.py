"""The failures of a set of runs: one call, from loaded traces to tables."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import pandas as pd

from posttrace.analysis.failures.finding import Cause, failure_type, paper_class
from posttrace.analysis.failures.iterations import Iteration
from posttrace.analysis.failures.judge import RunFailures, judge
from posttrace.analysis.runs.frames import Columns, frame
from posttrace.analysis.runs.records import RunRecord
from posttrace.analysis.runs.tables import TraceSet

SCHEMA: Final = "posttrace-failures/1"

_RUN: Final[Columns] = {
    "run_id": "string",
    "trace": "string",
    "state": "string",
    "task": "string",
    "agent": "string",
    "seed": "Int64",
}
_FAILURE: Final[Columns] = {
    "failed": "boolean",
    "failure_type": "string",  # of autorl_bench; <NA>: nothing failed
    "paper_class": "string",  # of arXiv 2604.10547, Table 13; <NA>: nothing failed, or none fits
    "rule": "string",  # that chose the primary cause
    "says": "string",  # the primary cause in words
    "evidence": "string",  # file:line of the primary cause, comma-separated
    "causes": "Int64",
}
FAILED_RUNS: Final[Columns] = {
    **_RUN,
    "status": "string",
    **_FAILURE,
    "iterations": "Int64",
    "failed_iterations": "Int64",
}
FAILED_ITERATIONS: Final[Columns] = {
    **_RUN,
    "iteration": "Int64",
    "ends_in": "string",  # submission, failed launch, end of the run
    "submission_id": "Int64",
    "started_s": "float64",  # since the run's start; NaN in a trace without times
    "ended_s": "float64",
    "outcome": "string",
    "score": "float64",  # 0..1
    **_FAILURE,
}
CAUSES: Final[Columns] = {
    "run_id": "string",
    "trace": "string",
    "scope": "string",  # run, iteration
    "iteration": "Int64",  # where it was found; <NA>: in the run as a whole
    "place": "Int64",  # 1: the primary cause
    "rule": "string",
    "failure_type": "string",
    "paper_class": "string",
    "says": "string",
    "where": "string",  # one row a cited line
    "text": "string",
}


@dataclass(frozen=True)
class Failures:
    """Failures of the runs of a ``TraceSet``, whatever their state, and their tables.

    Tables have the same columns and dtypes also when they have no row.
    """

    found: tuple[RunFailures, ...]

    @cached_property
    def runs(self) -> pd.DataFrame:
        """One row a run (``FAILED_RUNS``), failed or not."""
        return frame((_run_row(one) for one in self.found), FAILED_RUNS)

    @cached_property
    def iterations(self) -> pd.DataFrame:
        """One row an iteration (``FAILED_ITERATIONS``), failed or not."""
        rows = (_iteration_row(one.run, item) for one in self.found for item in one.iterations)
        return frame(rows, FAILED_ITERATIONS)

    @cached_property
    def causes(self) -> pd.DataFrame:
        """One row a cited line (``CAUSES``): every cause of every failed run and iteration."""
        return frame((row for one in self.found for row in _cause_rows(one)), CAUSES)

    def to_json(self) -> dict[str, Any]:
        """``posttrace-failures/1``: plain JSON with all the evidence."""
        return {"schema": SCHEMA, "runs": [_run_json(one) for one in self.found]}


def failures(traces: TraceSet) -> Failures:
    """Why the runs of ``traces``, and their iterations, failed; nothing where nothing failed.

    Each cause is found by a rule and cites lines of the trace or of ``logs/`` beside it; where something
    failed and no rule explains it, the type is ``unknown``. Without logs (an imported trace) the trace's own
    lines are all there is.

    Raises ``TraceError`` when a trace changed since it was loaded, ``InputError`` when a log cannot be read.
    """
    return Failures(tuple(judge(run) for run in traces.records))


def _about(run: RunRecord) -> tuple[Any, ...]:
    start = run.started
    return run.run_id, run.path, run.state, start.task.id, start.agent.id, start.seed


def _cells(causes: tuple[Cause, ...]) -> tuple[Any, ...]:
    first = causes[0] if causes else None
    return (
        bool(causes),
        failure_type(causes),
        paper_class(causes),
        first.rule if first else None,
        first.says if first else None,
        ", ".join(cited.where for cited in first.evidence) if first else None,
        len(causes),
    )


def _run_row(one: RunFailures) -> tuple[Any, ...]:
    failed = sum(item.failed for item in one.iterations)
    return *_about(one.run), one.run.status, *_cells(one.causes), len(one.iterations), failed


def _iteration_row(run: RunRecord, item: Iteration) -> tuple[Any, ...]:
    timed = run.started.t_s is not None
    span = (item.started, item.ended) if timed else (math.nan, math.nan)
    head = (*_about(run), item.number, item.ends_in, item.submission_id, *span)
    return *head, item.outcome, item.score, *_cells(item.causes)


def _cause_rows(one: RunFailures) -> Iterator[tuple[Any, ...]]:
    groups = [("run", one.causes), *(("iteration", item.causes) for item in one.iterations)]
    for scope, causes in groups:
        for place, cause in enumerate(causes, 1):
            for cited in cause.evidence:
                yield (
                    *(one.run.run_id, one.run.path, scope, cause.iteration, place, cause.rule),
                    *(cause.failure_type, cause.paper_class, cause.says, cited.where, cited.text),
                )


def _run_json(one: RunFailures) -> dict[str, Any]:
    return {
        "run_id": one.run.run_id,
        "trace": one.run.path,
        "state": one.run.state,
        "head_hash": one.run.head_hash,
        "status": one.run.status,
        **_json(one.causes),
        "iterations": [_iteration_json(one.run, item) for item in one.iterations],
    }


def _iteration_json(run: RunRecord, item: Iteration) -> dict[str, Any]:
    timed = run.started.t_s is not None
    return {
        "iteration": item.number,
        "ends_in": item.ends_in,
        "submission_id": item.submission_id,
        "started_s": item.started if timed else None,
        "ended_s": item.ended if timed else None,
        "outcome": item.outcome,
        "score": None if math.isnan(item.score) else item.score,
        **_json(item.causes),
    }


def _json(causes: tuple[Cause, ...]) -> dict[str, Any]:
    return {
        "failed": bool(causes),
        "failure_type": failure_type(causes),
        "paper_class": paper_class(causes),
        "causes": [cause.to_json() for cause in causes],
    }
