"""Writes ``tests/golden/posttrace-1``: a run with every event kind, and a rescoring of it.

``python -m tests.golden.make`` replaces the files; a schema change does it in the same commit.

The run: a base that spells 3 or 4 of 12 words right (it samples, so two replicates differ, and the second
lost a word to a timeout), a submission that spells 8, the same again, and one whose grading failed.
"""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from posttrace.traces import Clock, TraceWriter
from posttrace.traces.events import (
    AgentInfo,
    AgentStep,
    ArtifactFile,
    ArtifactObserved,
    ArtifactRef,
    BaselineEvaluated,
    BaseModelInfo,
    Best,
    BudgetInfo,
    CodeRevision,
    Evaluator,
    Event,
    FileChange,
    GpuSample,
    IntegrityFlag,
    Items,
    LogMetrics,
    ModelInfo,
    ProcessObserved,
    Recorder,
    RescoreStarted,
    ResourceSample,
    RunFinished,
    RunStarted,
    SandboxInfo,
    SkippedFile,
    Software,
    Split,
    SubmissionGraded,
    SubmissionReceived,
    SubmissionRescored,
    TaskInfo,
    ToolCall,
    ToolResult,
    Usage,
)
from posttrace.traces.events.metrics import number
from posttrace.traces.text import as_text

FOLDER = Path(__file__).parent / "posttrace-1"
SECRETS = {"API_KEY": 'sk-"golden"'}
RUN_ID = "0123456789ab-s7-a1"
FIRST, SECOND = "1" * 40, "2" * 40
BASE = ArtifactRef(sha256="a" * 64, bytes=415048)
TUNED = ArtifactRef(sha256="b" * 64, bytes=415048)
OTHER = ArtifactRef(sha256="d" * 64, bytes=415048)
EXACT = Evaluator(id="spell.exact", version="1")


def clock() -> Clock:
    """Return a clock that goes on by a quarter of a second with each look at it."""
    ticks = itertools.count()
    start = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    seconds = itertools.count()
    return Clock(
        wall=lambda: start + timedelta(seconds=0.25 * next(seconds)),
        monotonic=lambda: 100.0 + 0.25 * next(ticks),
    )


def items(outcomes: str, prefix: str = "w") -> Items:
    """Return one item for each of ``outcomes``: 1 right, 0 wrong, - lost; two items share a cluster."""
    ids = [f"{prefix}{n}" for n in range(len(outcomes))]
    lost = {key: "timeout" for key, outcome in zip(ids, outcomes, strict=True) if outcome == "-"}
    values = [None if outcome == "-" else float(outcome) for outcome in outcomes]
    clusters = [f"{prefix}-root-{n // 2}" for n in range(len(outcomes))]
    return Items(ids=ids, values=values, clusters=clusters, lost=lost or None)


def trace_events() -> list[Event]:
    """Return the events of ``trace.jsonl``."""
    return [*_beginning(), *_work(), *_submissions(), *_end()]


def rescore_events(parent_head: str) -> list[Event]:
    """Return the events of ``rescore-1.jsonl``."""
    return [
        RescoreStarted(run_id=RUN_ID, parent_head=parent_head),
        _rescored("baseline", 0, 0.25, "100010000100"),
        _rescored(1, 1, 7 / 12, "110011010110"),
    ]


def write(folder: Path) -> None:
    """Write both files into ``folder``."""
    with TraceWriter(folder / "trace.jsonl", clock=clock(), secrets=SECRETS) as writer:
        for event in trace_events():
            writer.write(event)
    with TraceWriter(folder / "rescore-1.jsonl", clock=clock()) as rescore:
        for event in rescore_events(writer.head):
            rescore.write(event)


def _beginning() -> list[Event]:
    return [
        RunStarted(
            run_id=RUN_ID,
            cell_id="0123456789ab",
            seed=7,
            config={"agent": {"env": {"API_KEY": SECRETS["API_KEY"]}}, "seed": 7},
            task=TaskInfo(id="spell", level="L1", metric="exact_match", n_items=12, scale_max=1.0),
            agent=AgentInfo(id="sft", system="script", version="1", mode="free"),
            base_model=BaseModelInfo(id="tiny-gpt2", sha256=BASE.sha256, bytes=BASE.bytes),
            budget=BudgetInfo(wall_s=600.0, submissions=4, steps=100),
            sandbox=SandboxInfo(kind="local", isolates=[]),
            host={"machine": "x86_64", "cpus": 2},
            software=Software(python="3.11", posttrace="0.1.0"),
            recorder=Recorder(kind="native"),
        ),
        _baseline("feedback", 0, 3 / 12, "100100010000"),
        _baseline("feedback", 1, 4 / 11, "10010001001-"),
    ]


def _work() -> list[Event]:
    odd, exact = as_text(b"caf\xe9.py")
    return [
        CodeRevision(
            commit=FIRST,
            parent=None,
            trigger="start",
            files=[
                FileChange(path="code/train.py", status="added", added=40, removed=0, bytes=1200),
                FileChange(path=odd, path_b64=exact, status="added", added=1, removed=0, bytes=8),
            ],
            skipped=[SkippedFile(path="code/.git", reason="vcs", bytes=4096, count=12)],
        ),
        AgentStep(
            source="agent",
            message='Train; the key in the file is sk-\\"golden\\".',
            reasoning="Supervised first.",
            tool_calls=[ToolCall(id="c1", name="bash", arguments={"command": "python code/train.py"})],
            results=[ToolResult(id="c1", content="done", is_error=False)],
            model="scripted",
            usage=Usage(input_tokens=10, cached_tokens=2, output_tokens=5, cost_usd=0.001),
        ),
        ProcessObserved(
            pid=4242,
            ppid=1,
            argv=["python", "code/train.py"],
            cwd="/workspace",
            started_s=1.5,
            ended_s=None,
            exit_code=None,
            interval_s=0.5,
        ),
        LogMetrics(
            source="output/train.log",
            step=1,
            values={"loss": 2.5, "grad": number(float("nan")), "kl": number(float("inf"))},
        ),
        ResourceSample(
            cpu_pct=99.5,
            rss_bytes=123456789,
            disk_bytes=None,
            gpus=[GpuSample(id="0", util_pct=None, mem_bytes=0)],
        ),
        ArtifactObserved(
            path="output/final",
            files=[ArtifactFile(path="model.safetensors", bytes=415048, sha256="c" * 64)],
            model=ModelInfo(
                architecture="GPT2LMHeadModel",
                n_params=110000,
                adapter=False,
                same_as_base=False,
                delta_l2_rel=0.01,
            ),
            mtime="2026-01-02T03:04:06Z",
        ),
        CodeRevision(
            commit=SECOND,
            parent=FIRST,
            trigger="submission",
            files=[FileChange(path="code/train.py", status="modified", added=2, removed=1, bytes=1230)],
        ),
    ]


def _submissions() -> list[Event]:
    grade = items("110101110110")
    return [
        SubmissionReceived(submission_id=1, path="output/final", client_ts="2026-01-02T03:04:07Z"),
        SubmissionGraded(
            submission_id=1,
            status="graded",
            split="feedback",
            artifact=TUNED,
            revision=SECOND,
            score=2 / 3,
            feedback={"score": 2 / 3},
            items=grade,
            eval_seed=11,
            evaluator=EXACT,
            queue_s=0.0,
            duration_s=0.75,
        ),
        SubmissionReceived(submission_id=2, path="output/final"),
        SubmissionGraded(
            submission_id=2,
            status="duplicate",
            duplicate_of=1,
            split="feedback",
            artifact=TUNED,
            revision=SECOND,
            score=2 / 3,
        ),
        SubmissionReceived(submission_id=3, path="output/other"),
        SubmissionGraded(
            submission_id=3,
            status="error",
            reason="the grading process was killed by signal 9",
            split="feedback",
            artifact=OTHER,
            revision=SECOND,
        ),
        IntegrityFlag(kind="path_escape", evidence={"path": "../models/base"}),
        _rescored(1, 0, 0.5, "110010010110"),
    ]


def _end() -> list[Event]:
    return [
        RunFinished(
            status="completed",
            reason=None,
            exit_code=0,
            wall_s=5.0,
            submissions=3,
            best=Best(submission_id=1, score=2 / 3),
            extra={"note": "golden"},
        )
    ]


def _baseline(split: Split, replicate: int, score: float, outcomes: str) -> BaselineEvaluated:
    return BaselineEvaluated(
        split=split,
        replicate=replicate,
        score=score,
        items=items(outcomes),
        eval_seed=replicate,
        evaluator=EXACT,
        duration_s=0.5,
    )


def _rescored(
    which: int | Literal["baseline"], replicate: int, score: float, outcomes: str
) -> SubmissionRescored:
    return SubmissionRescored(
        submission_id=which,
        split="sealed",
        replicate=replicate,
        score=score,
        items=items(outcomes, "s"),
        eval_seed=5 + replicate,
        evaluator=EXACT,
        duration_s=0.5,
    )


if __name__ == "__main__":
    for old in FOLDER.glob("*.jsonl"):
        old.unlink()
    write(FOLDER)
