"""Large traces for the benchmarks, through the real structs and the real chain."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from posttrace.traces.chain import GENESIS, seal, stated_hash
from posttrace.traces.events import (
    AgentInfo,
    AgentStep,
    BaseModelInfo,
    BudgetInfo,
    Evaluator,
    Event,
    Items,
    LogMetrics,
    Recorder,
    ResourceSample,
    RunFinished,
    RunStarted,
    SandboxInfo,
    Software,
    SubmissionGraded,
    SubmissionReceived,
    TaskInfo,
    Usage,
)

SUBMISSION_EVERY = 10_000
IDS = [f"item-{n:05d}" for n in range(1319)]


def write_trace(path: Path, events: int, *, seed: int = 0, every: int = SUBMISSION_EVERY) -> None:
    """A trace through the real structs and the real chain, with a submission every so many events."""
    encoder, previous = msgspec.json.Encoder(), GENESIS
    with path.open("wb") as file:
        for seq, event in enumerate(long_run(events, seed, every)):
            event.seq, event.ts, event.t_s = seq, "2026-01-01T00:00:00.000000Z", seq / 10
            line = seal(previous, encoder.encode(event))
            previous = stated_hash(line).decode()
            file.write(line)


def long_run(events: int, seed: int, every: int) -> Iterator[Event]:
    """Started, then steps, metrics, samples and submissions in turn, then finished."""
    yield started(seed)
    usage = Usage(input_tokens=1000, cached_tokens=10, output_tokens=200)
    text = "the agent reads a file, edits it and runs the training again; " * 75
    submission = 0
    for n in range(1, events - 1):
        if n % every == 0:
            submission += 1
            yield SubmissionReceived(submission_id=submission, path=f"output/{submission}")
            yield graded(submission)
        elif n % 10 == 0:
            yield ResourceSample(cpu_pct=100.0, rss_bytes=10**9, disk_bytes=10**9)
        elif n % 3 == 0:
            yield LogMetrics(source="output/log.jsonl", step=n, values={"loss": 1.0 / n, "lr": 1e-4})
        else:
            yield AgentStep(source="agent", message=text, model="m", usage=usage)
    yield RunFinished(
        status="completed", reason=None, exit_code=0, wall_s=1.0, submissions=submission, best=None
    )


def graded(submission: int) -> Event:
    """A graded submission with per-item outcomes."""
    values: list[float | None] = [100.0 * ((n * submission) % 3 == 0) for n in range(len(IDS))]
    return SubmissionGraded(
        submission_id=submission,
        status="graded",
        split="feedback",
        score=float(submission),
        items=Items(ids=IDS, values=values),
        evaluator=Evaluator(id="exact", version="1"),
    )


def started(seed: int) -> Event:
    """The first line."""
    return RunStarted(
        run_id=f"bench-s{seed}-a1",
        cell_id="bench",
        seed=seed,
        config={},
        task=TaskInfo(id="t", level=None, metric="accuracy", n_items=len(IDS), scale_max=100.0),
        agent=AgentInfo(id="a"),
        base_model=BaseModelInfo(id="b", sha256=None, bytes=None),
        budget=BudgetInfo(),
        sandbox=SandboxInfo(kind="local", isolates=[]),
        software=Software(python=None, posttrace=None),
        recorder=Recorder(kind="native"),
    )
