"""Watches a running agent and writes what it sees: code, processes, models, metrics, resources."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import psutil
import pygit2

from posttrace.runner.layout import RunDir
from posttrace.runner.recorder.artifacts import Artifacts
from posttrace.runner.recorder.metrics import Metrics
from posttrace.runner.recorder.processes import HasTime, Processes
from posttrace.runner.recorder.resources import Resources
from posttrace.runner.recorder.revisions import Revisions, Trigger
from posttrace.runner.recorder.watch import Watch
from posttrace.runner.sandbox.base import Running
from posttrace.traces.errors import InputError, PosttraceError
from posttrace.traces.events import Event, IntegrityFlag
from posttrace.traces.redact import Redactor

T = TypeVar("T")

FAILURES = (OSError, ValueError, RecursionError, psutil.Error, pygit2.GitError, InputError)
"""What an agent can cause by what it does to its files and processes while they are looked at."""


@dataclass(frozen=True)
class RecorderSettings:
    """Seconds between two looks."""

    process_interval_s: float = 0.2
    watch_interval_s: float = 2.0
    """Of code, models and metrics. A change of code is recorded once the tree rested for one interval."""
    resource_interval_s: float = 10.0


class Recorder:
    """The observers of one run, each in a thread of its own, so that hashing a model delays no sample.

    An observer that fails is recorded once (``integrity.flag`` of kind ``observer_failed``) and goes on.
    Whatever else it raises, as when the trace cannot be written, ends it: ``failure`` says so from then on,
    and ``stop`` raises it.

    Make it when the workspace is complete: models that are there by then are not reported. ``secrets`` are
    replaced in the files that code revisions keep, by the same rule as in the trace.
    """

    def __init__(
        self,
        run: RunDir,
        *,
        write: Callable[[Event], object],
        clock: HasTime,
        base_dir: Path,
        settings: RecorderSettings,
        secrets: Mapping[str, str] | None = None,
    ) -> None:
        redact = Redactor(secrets).text if secrets else None
        self._run, self._write, self._clock, self._settings = run, write, clock, settings
        self._revisions = Revisions(run.workspace, run.revisions, redact=redact)
        self._watch = Watch(run.workspace, lambda: self._snapshot("watch"))
        self._artifacts = Artifacts(run.workspace, base_dir, write=write)
        self._metrics = Metrics(run.workspace, run.logs / "agent.stdout.log", write=write)
        self._processes: Processes | None = None
        self._ending = threading.Event()
        self._pool = ThreadPoolExecutor(max_workers=5, thread_name_prefix="recorder")
        self._loops: list[Future[None]] = []
        self._flagged: set[str] = set()
        self._ordered = threading.Lock()
        self._code_launched = False

    def start(self, running: Running) -> None:
        """Begin to watch the agent and its workspace."""
        settings = self._settings
        self._processes = Processes(
            running,
            write=self._write,
            clock=self._clock,
            interval_s=settings.process_interval_s,
            launched=self._launched,
        )
        resources = Resources(running, self._run.workspace)
        self._loop("processes", self._look_at_processes, settings.process_interval_s)
        self._loop("code", self._watch.look, settings.watch_interval_s)
        self._loop("models", self._artifacts.scan, settings.watch_interval_s)
        self._loop("metrics", self._metrics.scan, settings.watch_interval_s)
        self._loop("resources", lambda: self._write(resources.sample()), settings.resource_interval_s)

    def revision(self, trigger: Trigger) -> str | None:
        """Snapshot the code now, record it, and return its commit; null when that failed. Thread-safe."""
        return self._try("code", lambda: self._snapshot(trigger))

    @property
    def failure(self) -> str | None:
        """Why an observer ended early, as when the trace cannot be written; null while none has."""
        for loop in self._loops:
            error = loop.exception() if loop.done() else None
            if error is not None:
                return str(error) if isinstance(error, PosttraceError) else f"{type(error).__name__}: {error}"
        return None

    def stop(self) -> None:
        """Stop watching, look a last time, and write what is left. Raises what ended an observer early."""
        self._ending.set()
        self._pool.shutdown()
        if self._processes is not None:
            self._try("processes", self._processes.stop)
        self._try("metrics", lambda: self._metrics.scan(last=True))
        self._try("models", lambda: self._artifacts.scan(last=True))
        end = self.revision("end")
        self._try("revisions", lambda: self._check_store(end))
        for loop in self._loops:
            loop.result()

    def _launched(self, argv: Sequence[str], cwd: str | None) -> None:
        self._code_launched |= self._revisions.launched(argv, cwd)

    def _look_at_processes(self) -> None:
        """Sample, and keep the code that was just started: an agent edits the same file again soon."""
        assert self._processes is not None
        self._processes.sample()
        if self._code_launched:
            self._code_launched = False
            self.revision("launch")

    def _snapshot(self, trigger: Trigger) -> str | None:
        with self._ordered:  # a revision is in the trace before another names it as its parent
            event = self._revisions.snapshot(trigger)
            if event is not None:
                self._write(event)
        return self._revisions.commit

    def _check_store(self, end: str | None) -> None:
        """Flag a store that somebody else deleted from, wholly or in part."""
        lost = self._revisions.lost()
        if lost is not None:
            ended = "recorded" if end else "could not be recorded"
            evidence = {"place": self._run.revisions.name, **lost, "end_revision": ended}
            self._write(IntegrityFlag(kind="record_tampering", evidence=evidence))

    def _loop(self, name: str, look: Callable[[], object], interval_s: float) -> None:
        def loop() -> None:
            while True:
                self._try(name, look)
                if self._ending.wait(interval_s):
                    return

        self._loops.append(self._pool.submit(loop))

    def _try(self, name: str, look: Callable[[], T]) -> T | None:
        try:
            return look()
        except FAILURES as error:
            if name not in self._flagged:
                self._flagged.add(name)
                reason = f"{type(error).__name__}: {error}"
                self._write(
                    IntegrityFlag(kind="observer_failed", evidence={"observer": name, "reason": reason})
                )
            return None
