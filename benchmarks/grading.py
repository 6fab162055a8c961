"""What a submission costs beside its evaluation: HTTP, durable records and the copy (no code snapshot)."""

from __future__ import annotations

import os
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

import httpx
import numpy as np
from safetensors.numpy import save_file

from benchmarks.row import Row
from posttrace.runner.artifacts import copy_artifact
from posttrace.runner.grading import GradingService, GradingSettings
from posttrace.runner.layout import RunDir
from posttrace.runner.tasks.base import Outcome
from posttrace.traces import TraceWriter, read_events
from posttrace.traces.events import (
    BaseModelInfo,
    BudgetInfo,
    Evaluator,
    Items,
    Split,
    SubmissionGraded,
    SubmissionReceived,
    TaskInfo,
)

GOAL_MS: Final = 20.0
CLIENTS: Final = 64
PARAMETERS: Final = 110_000
ITEMS: Final = 2000


@dataclass(frozen=True)
class Instant:
    """A task whose evaluation takes no time and returns as many items as the embedded ones."""

    @property
    def info(self) -> TaskInfo:
        return TaskInfo(id="instant", level=None, metric="none", n_items=ITEMS, scale_max=1.0)

    def prepare(self, workspace: Path) -> None:
        (workspace / "description.md").write_text("Submit anything.\n")

    def evaluate(self, model_dir: Path, split: Split, seed: int) -> Outcome:
        items = Items(ids=[str(i) for i in range(ITEMS)], values=[1.0] * ITEMS)
        return Outcome(score=1.0, items=items, evaluator=Evaluator(id="instant", version="1"))


@dataclass(frozen=True)
class Bench:
    """A running service and its client."""

    run: RunDir
    service: GradingService
    client: httpx.Client
    url: str

    def submit(self, number: int) -> tuple[int, str, float]:
        """Submit model ``number``; return its id, its status, and the seconds that the client waited."""
        started = time.perf_counter()
        body = self.client.post(f"{self.url}/submit", json={"model_path": f"output/{number}"}).json()
        return body["submission_id"], body["status"], time.perf_counter() - started


def run(quick: bool) -> list[Row]:
    one_by_one, models = (8, 4) if quick else (40, 16)
    with tempfile.TemporaryDirectory() as folder, httpx.Client(timeout=600, limits=limits()) as client:
        run_dir = RunDir(Path(folder))
        base = save_model(run_dir.root / "base", 0)
        for number in range(1, one_by_one + models + 1):
            save_model(run_dir.workspace / f"output/{number}", number)
        with TraceWriter(run_dir.trace) as writer:
            service = GradingService(
                run_dir,
                task_spec={"_target_": "benchmarks.grading.Instant"},
                task=Instant(),
                base_dir=base,
                base=BaseModelInfo(id="base", sha256=None, bytes=None),
                settings=GradingSettings(baseline_replicates=1),
                budget=BudgetInfo(),
                seed=0,
                write=writer.write,
                clock=writer.clock,
                revision=lambda: None,
            )
            service.evaluate_baseline()
            bench = Bench(run_dir, service, client, service.start())
            rows = [*sequential(bench, one_by_one), *concurrent(bench, one_by_one, models)]
            service.close("measured")
        return [*rows, copying(Path(folder), 64 if quick else 512)]


def limits() -> httpx.Limits:
    return httpx.Limits(max_connections=2 * CLIENTS)


def save_model(path: Path, number: int) -> Path:
    path.mkdir(parents=True)
    save_file({"a": np.full(PARAMETERS, number, dtype=np.float32)}, path / "model.safetensors")
    (path / "config.json").write_text("{}")
    return path


def sequential(bench: Bench, count: int) -> list[Row]:
    waited = {number: seconds for number, _, seconds in map(bench.submit, range(1, count + 1))}
    evaluated = {event.submission_id: event.duration_s or 0.0 for event in graded_events(bench.run)}
    overheads = [1000 * (seconds - evaluated[number]) for number, seconds in waited.items()]
    overhead = median(overheads)
    return [
        Row(
            f"grading API, one client, {count} submissions: median overhead",
            overhead,
            "ms",
            goal=f"< {GOAL_MS:g} ms",
            met=overhead < GOAL_MS,
        ),
        Row("grading API: slowest overhead of these", max(overheads), "ms"),
        Row("grading child that does nothing: start to report", 1000 * median(evaluated.values()), "ms"),
    ]


def graded_events(run: RunDir) -> list[SubmissionGraded]:
    return [event for event in read_events(run.trace) if isinstance(event, SubmissionGraded)]


def received_ids(run: RunDir) -> list[int]:
    return [event.submission_id for event in read_events(run.trace) if isinstance(event, SubmissionReceived)]


def concurrent(bench: Bench, first: int, models: int) -> list[Row]:
    """64 clients at once; each of ``models`` checkpoints is submitted by several."""
    numbers = [first + 1 + i % models for i in range(CLIENTS)]
    before = bench.service.received
    started = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        replies = list(pool.map(bench.submit, numbers))
    wall_s = time.perf_counter() - started
    graded = graded_events(bench.run)[before:]
    evaluated_s = sum(event.duration_s or 0.0 for event in graded)
    expected = list(range(before + 1, before + CLIENTS + 1))
    wrong = sum(
        [
            received_ids(bench.run)[before:] != expected,
            sorted(event.submission_id for event in graded) != expected,
            sorted(number for number, _, _ in replies) != expected,
            sum(status == "graded" for _, status, _ in replies) != models,
        ]
    )
    overhead = 1000 * (wall_s - evaluated_s) / CLIENTS
    name = f"grading API, {CLIENTS} clients at once"
    return [
        Row(
            f"{name}: overhead a submission", overhead, "ms", goal=f"< {GOAL_MS:g} ms", met=overhead < GOAL_MS
        ),
        Row(f"{name}: records lost, reordered or doubled", wrong, "", goal="0", met=wrong == 0),
    ]


def copying(folder: Path, megabytes: int) -> Row:
    """A checkpoint's copy with its hash, which grows with the model and is part of the overhead."""
    big = folder / "big"
    big.mkdir()
    (big / "config.json").write_text("{}")
    save_file({"a": np.zeros(megabytes << 20, dtype=np.uint8)}, big / "model.safetensors")
    os.sync()
    started = time.perf_counter()
    copy_artifact(big, folder / "copy")
    return Row(f"copy and hash a {megabytes} MiB model", megabytes / (time.perf_counter() - started), "MiB/s")
