"""Runs built in memory for tests of the audit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from posttrace.analysis.arrays import FloatArray
from posttrace.analysis.runs.records import Evaluation, Exclusion, RunRecord, Submission
from posttrace.traces.events import (
    AgentInfo,
    BaseModelInfo,
    BudgetInfo,
    Recorder,
    RunStarted,
    SandboxInfo,
    Software,
    TaskInfo,
)


@dataclass(frozen=True)
class Traces:
    """What an audit reads of loaded traces."""

    final: tuple[RunRecord, ...]
    excluded: tuple[Exclusion, ...] = ()


def evaluation(values: Sequence[float] | FloatArray, **changes: Any) -> Evaluation:
    """A scoring of ``values`` on items q0, q1, ...; its score is their mean."""
    array = np.asarray(values, dtype=np.float64)
    made = Evaluation(
        replicate=0,
        split="feedback",
        score=float(np.nanmean(array)) if len(array) else 0.0,
        item_ids=tuple(f"q{i}" for i in range(len(array))),
        values=array,
        clusters=None,
        evaluator="exact@1",
        eval_seed=None,
        duration_s=None,
    )
    return replace(made, **changes)


def submission(number: int, scored: Evaluation | None, **changes: Any) -> Submission:
    """A graded submission, or one that ended in an error when ``scored`` is None."""
    made = Submission(
        submission_id=number,
        status="graded" if scored is not None else "error",
        reason=None,
        duplicate_of=None,
        path=f"models/{number}",
        artifact_sha256=f"{number:064x}",
        is_base_copy=False,
        revision=None,
        received_s=60.0 * number,
        graded_s=60.0 * number + 5,
        queue_s=0.0,
        evaluation=scored,
    )
    return replace(made, **changes)


@dataclass(frozen=True)
class Start:
    """What differs between the started events of test runs."""

    run_id: str = "c0-s0-a1"
    cell_id: str = "c0"
    seed: int = 0
    cap: int | None = 10
    unknown: list[str] = field(default_factory=list)

    def event(self, n_items: int | None) -> RunStarted:
        """The ``run.started`` of this run."""
        return RunStarted(
            run_id=self.run_id,
            cell_id=self.cell_id,
            seed=self.seed,
            config={},
            task=TaskInfo(id="spell", level="L1", metric="accuracy", n_items=n_items, scale_max=1.0),
            agent=AgentInfo(id="lottery", driver="none", mode="free"),
            base_model=BaseModelInfo(id="tiny", sha256="0" * 64, bytes=1),
            budget=BudgetInfo(submissions=self.cap),
            sandbox=SandboxInfo(kind="docker", isolates=["records", "test_data"]),
            software=Software(python=None, posttrace=None),
            recorder=Recorder(kind="native", unknown=self.unknown),
        )


def record(
    baseline: Sequence[Evaluation],
    submissions: Sequence[Submission],
    start: Start | None = None,
    **changes: Any,
) -> RunRecord:
    """A completed run."""
    start = start or Start()
    n_items = len(baseline[0].values) if baseline and baseline[0].values is not None else None
    made = RunRecord(
        path=f"runs/{start.run_id}/trace.jsonl",
        run_id=start.run_id,
        started=start.event(n_items),
        state="final",
        state_reason=None,
        status="completed",
        status_reason=None,
        exit_code=0,
        wall_s=600.0,
        head_hash="f" * 64,
        torn=False,
        baseline=tuple(baseline),
        baseline_rescored=(),
        submissions=tuple(submissions),
        feedback="score",
    )
    return replace(made, **changes)


def run_of(baseline: FloatArray, scored: FloatArray, start: Start | None = None, **changes: Any) -> RunRecord:
    """A run from outcomes: ``baseline`` (replicate, item), ``scored`` (item, submission)."""
    base = [evaluation(values, replicate=r, eval_seed=r) for r, values in enumerate(baseline)]
    columns = [submission(j + 1, evaluation(values)) for j, values in enumerate(scored.T)]
    return record(base, columns, start, **changes)
