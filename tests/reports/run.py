"""One run with everything a timeline shows: two scripts, a slip, a failed submission, and its code."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import pygit2

from posttrace.traces.events import (
    ArtifactFile,
    ArtifactObserved,
    BaselineEvaluated,
    Best,
    CodeRevision,
    FileChange,
    LogMetrics,
    ProcessObserved,
    RunFinished,
    SubmissionReceived,
)
from posttrace.traces.writer import TraceWriter
from tests.reports import study
from tests.reports.study import JUDGE, Sketch, Time

SKETCH = Sketch("spell", "hybrid", 0, 40, [60, "rejected", 90])
WARM_UP = b"import numpy\n\nprint('warm up')\n"
POLICY = b"import numpy\n\nprint('policy')\n"
STATES: tuple[Mapping[str, bytes], ...] = (
    {"description.md": b"a task\n"},
    {"description.md": b"a task\n", "code/sft.py": WARM_UP, "output/warm-up/config.json": b"{}\n"},
    {"description.md": b"a task\n", "code/sft.py": WARM_UP + b"# again\n", "code/grpo.py": POLICY},
)
"""Files of the workspace at the start, at the first submission, and at the third."""


def write_store(folder: Path) -> list[str]:
    """A bare repository with one commit a state; their hashes."""
    repository = pygit2.init_repository(folder / "revisions.git", bare=True)
    who = pygit2.Signature("posttrace", "posttrace@example.org", 0, 0)
    commits: list[str] = []
    for files in STATES:
        index = pygit2.Index()
        for path, content in files.items():
            index.add(pygit2.IndexEntry(path, repository.create_blob(content), pygit2.enums.FileMode.BLOB))
        tree = index.write_tree(repository)
        commits.append(str(repository.create_commit(None, who, who, "state", tree, [])))
    return commits


def write_told_run(folder: Path, *, store: bool = True) -> Path:
    """The run on disk, with ``revisions.git`` beside its trace or, without ``store``, none."""
    place = folder / "study" / SKETCH.cell_id / "seed-0" / "attempt-1"
    place.mkdir(parents=True)
    commits = write_store(place)
    if not store:
        (place / "revisions.git").rename(folder / "elsewhere.git")
    time = Time()
    with TraceWriter(place / "trace.jsonl", clock=time.clock()) as writer:
        writer.write(study._started(SKETCH))
        base = study._first(SKETCH.base, SKETCH.n)
        writer.write(
            BaselineEvaluated(
                split="feedback", replicate=0, score=float(base.mean()), items=study._items(base),
                eval_seed=0, evaluator=JUDGE, duration_s=1.0,
            )
        )  # fmt: skip
        _tell(writer, time, commits)
    return folder


def _tell(writer: TraceWriter, time: Time, commits: list[str]) -> None:
    writer.write(_revision(commits, 0, "start", [("description.md", 1, 0)]))
    time.t = 30
    writer.write(_model("output/warm-up", "1" * 64))
    _submit(writer, 1, "output/warm-up")
    files = [("code/sft.py", 3, 0), ("output/warm-up/config.json", 1, 0)]
    writer.write(_revision(commits, 1, "submission", files))
    _grade(writer, 1, 60, commits[1])
    time.t = 40
    writer.write(_process(3, "code/sft.py", 10, 38, exit_code=0))
    writer.write(_process(4, "code/grpo.py", 42, 44, exit_code=1))
    time.t = 50
    _submit(writer, 2, "output/nothing")
    _grade(writer, 2, "rejected", commits[1])
    time.t = 80
    writer.write(_model("output/policy", "2" * 64))
    _submit(writer, 3, "output/policy")
    writer.write(LogMetrics(source="output/log.jsonl", step=1, values={"reward": 1.0}))
    changed = [("code/sft.py", 1, 0), ("code/grpo.py", 3, 0), ("output/log.jsonl", 1, 0)]
    writer.write(_revision(commits, 2, "submission", changed))
    _grade(writer, 3, 90, commits[2])
    time.t = 100
    writer.write(_process(5, "code/grpo.py", 52, 99, exit_code=None))
    best = Best(submission_id=3, score=90 / SKETCH.n)
    ended = RunFinished(status="completed", reason=None, exit_code=0, wall_s=100, submissions=3, best=best)
    writer.write(ended)


def _submit(writer: TraceWriter, number: int, path: str) -> None:
    writer.write(SubmissionReceived(submission_id=number, path=path))


def _grade(writer: TraceWriter, number: int, what: int | str, commit: str) -> None:
    event = study._graded(number, what, SKETCH)
    event.revision = commit
    writer.write(event)


def _revision(
    commits: list[str],
    place: int,
    trigger: Literal["start", "submission"],
    files: list[tuple[str, int, int]],
) -> CodeRevision:
    changes = [
        FileChange(path=path, status="modified", added=added, removed=removed, bytes=1)
        for path, added, removed in files
    ]
    parent = commits[place - 1] if place else None
    return CodeRevision(commit=commits[place], parent=parent, trigger=trigger, files=changes)


def _model(path: str, weights: str) -> ArtifactObserved:
    files = [ArtifactFile(path="model.safetensors", bytes=1, sha256=weights)]
    return ArtifactObserved(path=path, files=files, model=None, mtime=None)


def _process(
    pid: int, script: str, started: float, ended: float, *, exit_code: int | None
) -> ProcessObserved:
    argv = ["/usr/bin/python", script, "--steps", "3"]
    return ProcessObserved(
        pid=pid, ppid=2, argv=argv, cwd="/work", started_s=started, ended_s=ended, exit_code=exit_code,
        interval_s=0.5,
    )  # fmt: skip
