"""Short ways to write small traces through the real writer."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pandas as pd

from posttrace.traces import Clock, TraceWriter
from posttrace.traces.events import (
    AgentInfo,
    ArtifactRef,
    BaselineEvaluated,
    BaseModelInfo,
    BudgetInfo,
    Evaluator,
    Event,
    Items,
    Recorder,
    RescoreStarted,
    RunFinished,
    RunStarted,
    SandboxInfo,
    Software,
    SubmissionGraded,
    SubmissionReceived,
    SubmissionRescored,
    TaskInfo,
)

BASE: Final = "b" * 64
OTHER: Final = "a" * 64
JUDGE: Final = Evaluator(id="exact", version="1")


def started(seed: int | None = 0, attempt: int = 1, **task: Any) -> RunStarted:
    """The first line of attempt ``attempt`` at ``seed`` in cell c; native scale 0..100."""
    about: dict[str, Any] = {
        "id": "spell",
        "level": "L1",
        "metric": "accuracy",
        "n_items": 4,
        "scale_max": 100.0,
    } | task
    return RunStarted(
        run_id=f"c-s{seed}-a{attempt}",
        cell_id="c",
        seed=seed,
        attempt=attempt,
        config={"grading": {"feedback": "score"}},
        task=TaskInfo(**about),
        agent=AgentInfo(id="sft"),
        base_model=BaseModelInfo(id="base", sha256=BASE, bytes=1),
        budget=BudgetInfo(submissions=5),
        sandbox=SandboxInfo(kind="local", isolates=[]),
        software=Software(python=None, posttrace=None),
        recorder=Recorder(kind="native"),
    )


def items(*values: float | None, **more: Any) -> Items:
    """Items i0, i1, ... with these outcomes on the native scale."""
    return Items(ids=[f"i{n}" for n in range(len(values))], values=list(values), **more)


def baseline(score: float, values: Items | None = None, replicate: int = 0) -> BaselineEvaluated:
    """A scoring of the base on the feedback split."""
    return BaselineEvaluated(
        split="feedback",
        replicate=replicate,
        score=score,
        items=values,
        eval_seed=1,
        evaluator=JUDGE,
        duration_s=0.5,
    )


def received(n: int) -> SubmissionReceived:
    """Submission ``n`` arrives."""
    return SubmissionReceived(submission_id=n, path=f"output/{n}")


def graded(
    n: int, score: float | None, values: Items | None = None, sha: str = OTHER, **more: Any
) -> SubmissionGraded:
    """Submission ``n`` is graded, or what ``more`` says became of it."""
    given: dict[str, Any] = {"status": "graded", "split": "feedback", "evaluator": JUDGE} | more
    return SubmissionGraded(
        submission_id=n, score=score, items=values, artifact=ArtifactRef(sha256=sha, bytes=1), **given
    )


def rescored(which: Any, score: float, values: Items | None = None) -> SubmissionRescored:
    """A later scoring on the fresh split."""
    return SubmissionRescored(
        submission_id=which,
        split="fresh",
        replicate=0,
        score=score,
        items=values,
        eval_seed=None,
        evaluator=JUDGE,
        duration_s=None,
    )


def finished(status: Any = "completed") -> RunFinished:
    """The last line."""
    return RunFinished(status=status, reason=None, exit_code=0, wall_s=9.0, submissions=0, best=None)


def write(folder: Path, *events: Event) -> str:
    """Write ``folder/trace.jsonl``; return its head hash."""
    folder.mkdir(parents=True)
    return _write(folder / "trace.jsonl", *events)


def write_rescore(folder: Path, number: int, head: str, *events: Event, run_id: str = "c-s0-a1") -> Path:
    """Write ``folder/rescore-<number>.jsonl`` for the run whose trace ends in ``head``."""
    path = folder / f"rescore-{number}.jsonl"
    _write(path, RescoreStarted(run_id=run_id, parent_head=head), *events)
    return path


def _write(path: Path, *events: Event) -> str:
    with TraceWriter(path, clock=Clock()) as writer:
        for event in events:
            writer.write(event)
        return writer.head


def known(row: pd.Series[Any]) -> dict[str, Any]:
    """The cells of a table's row that are not unknown."""
    return {str(name): value for name, value in row.items() if not pd.isna(value)}
