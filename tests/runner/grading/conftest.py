from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from posttrace.runner.grading import GradingService, GradingSettings
from posttrace.runner.layout import RunDir
from posttrace.traces import TraceWriter, read_events
from posttrace.traces.events import BaseModelInfo, BudgetInfo, Event, IntegrityFlag, SubmissionGraded
from tests.runner.grading.toy import SPEC, Toy, save_model


@dataclass
class Lab:
    """A service with its workspace, trace and a client."""

    run: RunDir
    writer: TraceWriter
    client: httpx.Client
    service: GradingService = field(init=False)
    url: str = field(init=False)

    def serve(self, *, listen: bool = True, **changes: Any) -> Lab:
        """Make a service (settings and arguments by name), score the base 0.5 and start it."""
        arguments: dict[str, Any] = {
            "task_spec": SPEC,
            "task": Toy(),
            "base_dir": self.run.root / "base",
            "base": BaseModelInfo(id="base", sha256=None, bytes=None),
            "budget": BudgetInfo(),
            "seed": 7,
            "write": self.writer.write,
            "clock": self.writer.clock,
            "revision": lambda: "c" * 40,
        }
        given = {name: changes.pop(name) for name in list(changes) if name in arguments}
        settings = GradingSettings(**{"baseline_replicates": 1, "evaluation_timeout_s": 60.0} | changes)
        self.service = GradingService(self.run, settings=settings, **arguments | given)
        if listen:
            self.service.evaluate_baseline()
            self.url = self.service.start()
        return self

    def model(self, name: str, *values: float, **acts: float) -> str:
        save_model(self.run.workspace / "output" / name, *values, **acts)
        return f"output/{name}"

    def submit(self, path: object, **query: int) -> httpx.Response:
        return self.client.post(f"{self.url}/submit", json={"model_path": path}, params=query)

    def get(self, path: str) -> httpx.Response:
        return self.client.get(f"{self.url}/{path}")

    def events(self, *kinds: type[Event]) -> list[Any]:
        return list(read_events(self.run.trace, kinds or None))

    def statuses(self) -> list[tuple[int, str]]:
        return [(event.submission_id, event.status) for event in self.events(SubmissionGraded)]

    def flags(self) -> list[tuple[str, str]]:
        return [(event.kind, event.evidence["what"]) for event in self.events(IntegrityFlag)]

    def came_in(self, count: int) -> bool:
        return self.service.received == count


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    run = RunDir(tmp_path / "attempt-1")
    (run.workspace / "output").mkdir(parents=True)
    run.logs.mkdir()
    save_model(run.root / "base", 0.0, 1.0)
    shutil.copytree(run.root / "base", run.workspace / "models" / "base")
    limits = httpx.Limits(max_connections=128)
    with TraceWriter(run.trace) as writer, httpx.Client(timeout=120, limits=limits) as client:
        made = Lab(run, writer, client)
        yield made
        if hasattr(made, "service"):
            made.service.close("end of test", finish="none")


@pytest.fixture
def gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Evaluations with ``act_wait`` wait until it is called; pass ``env_passthrough=("TOY_GATE",)``."""
    folder = tmp_path / "gate"
    folder.mkdir()
    monkeypatch.setenv("TOY_GATE", str(folder))
    return (folder / "open").touch
