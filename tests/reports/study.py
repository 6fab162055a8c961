"""A small study on disk, written event by event: seven runs of two tasks, with every kind of trouble."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import numpy as np

from posttrace.analysis.arrays import FloatArray
from posttrace.analysis.audit.settings import AuditSettings
from posttrace.traces.clock import Clock
from posttrace.traces.events import (
    AgentInfo,
    ArtifactRef,
    BaselineEvaluated,
    BaseModelInfo,
    Best,
    BudgetInfo,
    Evaluator,
    GradeStatus,
    IntegrityFlag,
    Items,
    Recorder,
    RunFinished,
    RunStarted,
    RunStatus,
    SandboxInfo,
    Software,
    SubmissionGraded,
    SubmissionReceived,
    TaskInfo,
)
from posttrace.traces.writer import TraceWriter

QUICK = AuditSettings(resamples=500)
BASE = "b" * 64
JUDGE = Evaluator(id="exact_match", version="1")


@dataclass
class Time:
    """A clock that a test winds by hand."""

    t: float = 0.0

    def clock(self) -> Clock:
        start = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
        return Clock(wall=lambda: start + timedelta(seconds=self.t), monotonic=lambda: self.t)


@dataclass
class Sketch:
    """One run: how many of ``n`` items each submission answers, in order; a word for one without a score."""

    task: str
    agent: str
    seed: int
    base: int
    plan: list[int | str]
    n: int = 200
    status: str = "completed"
    flags: list[str] = field(default_factory=list)

    @property
    def cell_id(self) -> str:
        return f"{self.task}{self.agent}".encode().hex()[:12].ljust(12, "0")

    @property
    def run_id(self) -> str:
        return f"{self.cell_id}-s{self.seed}-a1"


STUDY = (
    # 40 of 200 right at first; 90 of 200 at best: 50 items gained and none lost
    Sketch("spell", "sft", 0, 40, [55, 70, "error", 90, "duplicate", 88]),
    Sketch("spell", "sft", 1, 40, [50, 60, 85, 80]),
    # a lottery: as many items lost as gained
    Sketch(
        "spell",
        "lottery",
        0,
        40,
        ["shuffled", "shuffled", "shuffled", "shuffled", "base"],
        flags=["base_copy"],
    ),
    Sketch("spell", "crash", 0, 40, ["rejected", "error"], status="agent_failed"),
    Sketch("house", "sft", 0, 60, [40, 35]),
    Sketch("house", "grpo", 0, 60, [62, 66, "timeout"], flags=["endpoint_abuse", "test_overlap"]),
    Sketch("house", "grpo", 1, 60, [61], status=""),  # no run.finished: interrupted
)


def write_study(folder: Path, study: tuple[Sketch, ...] = STUDY) -> Path:
    for sketch in study:
        write_run(folder / "study" / sketch.cell_id / f"seed-{sketch.seed}" / "attempt-1", sketch)
    return folder


def write_run(folder: Path, sketch: Sketch) -> Path:
    folder.mkdir(parents=True)
    time = Time()
    with TraceWriter(folder / "trace.jsonl", clock=time.clock()) as writer:
        writer.write(_started(sketch))
        time.t = 5
        base = _first(sketch.base, sketch.n)
        writer.write(
            BaselineEvaluated(
                split="feedback", replicate=0, score=float(base.mean()), items=_items(base), eval_seed=0,
                evaluator=JUDGE, duration_s=1.0,
            )
        )  # fmt: skip
        best: Best | None = None
        for i, what in enumerate(sketch.plan, start=1):
            time.t += 240
            writer.write(SubmissionReceived(submission_id=i, path=f"output/step-{i}"))
            time.t += 5
            graded = writer.write(_graded(i, what, sketch))
            if graded.status == "graded" and (best is None or (graded.score or 0) > best.score):
                best = Best(submission_id=i, score=graded.score or 0)
        for kind in sketch.flags:
            writer.write(IntegrityFlag(kind=kind, count=2))
        if sketch.status:
            writer.write(
                RunFinished(
                    status=cast(RunStatus, sketch.status),
                    reason=None, exit_code=0, wall_s=time.t, submissions=len(sketch.plan), best=best,
                )
            )  # fmt: skip
    return writer.path


def _first(count: int, n: int) -> FloatArray:
    return (np.arange(n) < count).astype(float)


def _items(values: FloatArray) -> Items:
    return Items(ids=[f"item-{i}" for i in range(len(values))], values=values.tolist())


def _graded(i: int, what: int | str, sketch: Sketch) -> SubmissionGraded:
    common: dict[str, Any] = {
        "submission_id": i,
        "split": "feedback",
        "eval_seed": 0,
        "evaluator": JUDGE,
        "queue_s": 0.0,
    }
    if isinstance(what, str) and what not in {"shuffled", "base"}:
        status = cast(GradeStatus, what)
        if what == "duplicate":  # of the first, whose score it carries
            common |= {"duplicate_of": 1, "score": float(sketch.plan[0]) / sketch.n}
        return SubmissionGraded(status=status, reason=f"{what} by plan", **common)
    values = _first(sketch.base, sketch.n)
    if what == "shuffled":  # 6 items lost, 4 + i gained
        values[:6], values[-(4 + i) :] = 0, 1
    elif isinstance(what, int):
        values = _first(what, sketch.n)
    sha = BASE if what == "base" else f"{i:064x}"
    common["eval_seed"] = i if what == "base" else 0  # another scoring than the baseline's own
    artifact = ArtifactRef(sha256=sha, bytes=1000)
    score = float(values.mean())
    return SubmissionGraded(
        status="graded", artifact=artifact, score=score, items=_items(values), duration_s=2.0, **common
    )


def _started(sketch: Sketch) -> RunStarted:
    return RunStarted(
        run_id=sketch.run_id,
        cell_id=sketch.cell_id,
        seed=sketch.seed,
        config={"grading": {"feedback": "score"}},
        task=TaskInfo(id=sketch.task, level="L1", metric="accuracy", n_items=sketch.n, scale_max=1.0),
        agent=AgentInfo(id=sketch.agent, mode="free"),
        base_model=BaseModelInfo(id="tiny", sha256=BASE, bytes=1000),
        budget=BudgetInfo(submissions=8),
        sandbox=SandboxInfo(kind="local", isolates=[]),
        software=Software(python="3.11", posttrace="0.1.0"),
        recorder=Recorder(kind="native"),
    )
