"""What a trace says of how its models came about: commands, revisions, model folders, logged metrics."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from posttrace.analysis.records import RunRecord, Submission
from posttrace.analysis.reread import reread
from posttrace.analysis.routes.models import (
    Sighting,
    Version,
    complete,
    in_artifacts,
    in_revisions,
    versions_of,
)
from posttrace.traces.events import (
    ArtifactObserved,
    CodeRevision,
    Event,
    IntegrityFlag,
    LogMetrics,
    ProcessObserved,
)

KINDS: Final[tuple[type[Event], ...]] = (
    CodeRevision,
    ProcessObserved,
    ArtifactObserved,
    LogMetrics,
    IntegrityFlag,
)
SLACK_S: Final = 0.1
"""Clocks of files and of processes differ by a tick of the kernel."""


@dataclass(frozen=True)
class Process:
    """A command that was seen to run; times in seconds since the run's start."""

    pid: int
    ppid: int | None
    argv: tuple[str, ...]
    cwd: str
    """Relative to the workspace, "" for its root; absolute outside of it."""
    started_s: float
    ended_s: float
    """Infinity when nobody saw its end."""

    def ran_in(self, low_s: float, high_s: float) -> bool:
        """Whether it was alive at some time of an interval."""
        return self.started_s <= high_s + SLACK_S and self.ended_s >= low_s - SLACK_S


@dataclass(frozen=True)
class Revision:
    """A state of the code and when it was recorded."""

    t_s: float
    commit: str


@dataclass(frozen=True)
class Logged:
    """The keys of one logged line of metrics, and when it was read."""

    t_s: float
    source: str
    keys: frozenset[str]


@dataclass(frozen=True)
class History:
    """One run. Models go by their weights: folders with equal weights hold one model."""

    run: RunRecord
    root: str | None
    """The workspace as the agent's processes saw it."""
    base_path: str
    processes: tuple[Process, ...]
    """By start."""
    revisions: tuple[Revision, ...]
    """By time."""
    versions: tuple[Version, ...]
    """By time; those that were there before the agent first."""
    submitted: dict[int, str] = field(default_factory=dict)
    """Submission -> weights, where they are known."""
    logged: tuple[Logged, ...] = ()
    lag_s: float = 2.5
    """Logged lines are read up to so many seconds after they were written."""

    def of(self, weights: str) -> tuple[Version, ...]:
        """Every folder that held these weights, in order of time."""
        return tuple(version for version in self.versions if version.weights == weights)

    def env(self) -> dict[str, str]:
        """The variables that every agent gets and that name places or the task."""
        root, start = self.root or "", self.run.started
        names = {"MODEL_PATH": self.base_path, "DATA_PATH": "data", "OUTPUT_DIR": "output"}
        places = {name: posixpath.join(root, path) for name, path in names.items()}
        return {"TASK": start.task.id, "BASE_MODEL": start.base_model.id, "WORKSPACE": root, **places}

    def relative(self, path: str) -> str:
        """A path as the agent gave it, relative to the workspace where it lies below it."""
        return relative(path, self.root)


@dataclass
class _Seen:
    """The events of a run, sorted by what they tell."""

    revisions: list[tuple[float, CodeRevision]] = field(default_factory=list)
    processes: list[ProcessObserved] = field(default_factory=list)
    artifacts: list[tuple[float, ArtifactObserved]] = field(default_factory=list)
    logged: list[Logged] = field(default_factory=list)
    base_copies: set[str] = field(default_factory=set)
    """Artefact hashes whose weights the grader found to be those of the base."""

    def take(self, event: Event, now: float) -> None:
        if isinstance(event, CodeRevision):
            self.revisions.append((now, event))
        elif isinstance(event, ProcessObserved):
            self.processes.append(event)
        elif isinstance(event, ArtifactObserved):
            self.artifacts.append((now, event))
        elif isinstance(event, LogMetrics):
            self.logged.append(Logged(now, event.source, frozenset(event.values)))
        elif isinstance(event, IntegrityFlag) and event.kind.startswith("base_copy"):
            sha256 = (event.evidence or {}).get("sha256")
            self.base_copies |= {sha256} if isinstance(sha256, str) else set()


def read_history(run: RunRecord) -> History:
    """Read again what the trace of a loaded run says beyond its record.

    Raises ``TraceError`` when the trace changed since it was loaded.
    """
    seen, now = _Seen(), 0.0
    for event in reread(run, KINDS):
        now = now if event.t_s is None else event.t_s  # imported traces may have no times
        seen.take(event, now)
    root = _root(seen.processes)
    sightings, artifacts = _sightings(run, seen, root)
    base_path = f"models/{run.started.base_model.id}"
    start = seen.revisions[0][0] if seen.revisions else 0.0
    looked_s = complete(seen.revisions)
    versions, same = versions_of(sightings, looked_s=looked_s, given_until_s=start, base_path=base_path)
    return History(
        run=run,
        root=root,
        base_path=base_path,
        processes=_processes(seen.processes, root),
        revisions=tuple(Revision(t_s, event.commit) for t_s, event in seen.revisions),
        versions=versions,
        submitted={number: same.get(weights, weights) for number, weights in artifacts.items()},
        logged=tuple(seen.logged),
    )


def relative(path: str, root: str | None) -> str:
    """``path`` normalised, and relative to ``root`` where it lies below it."""
    normal = posixpath.normpath(path)
    if root and (normal == root or normal.startswith(f"{root}/")):
        normal = normal[len(root) + 1 :]
    return "" if normal == "." else normal


def _root(processes: Iterable[ProcessObserved]) -> str | None:
    """The agent is launched in its workspace: where its first process worked."""
    first = min(processes, key=lambda p: (p.started_s is None, p.started_s), default=None)
    return first.cwd if first is not None else None


def _sightings(run: RunRecord, seen: _Seen, root: str | None) -> tuple[list[Sighting], dict[int, str]]:
    """Every time that weights were seen somewhere, and the weights of each submission that has a hash."""
    observed = list(in_artifacts(seen.artifacts, _zero(run)))
    listed = list(in_revisions(seen.revisions))
    known = {sha256: sighting.weights for sha256, sighting in observed}
    sightings, submitted = [*(sighting for _, sighting in observed), *listed], {}
    for item in run.submissions:
        path = relative(item.path, root)
        weights = known.get(item.artifact_sha256 or "") or _listed(item, path, seen, listed)
        if weights is not None:
            is_base = item.is_base_copy or item.artifact_sha256 in seen.base_copies
            submitted[item.submission_id] = weights
            sightings.append(Sighting(path, weights, item.received_s or 0.0, is_base=is_base))
    return sightings, submitted


def _listed(item: Submission, path: str, seen: _Seen, listed: Iterable[Sighting]) -> str | None:
    """Weights by the revision that the submission caused; else the hash of the whole folder."""
    if item.artifact_sha256 is None:
        return None
    asked = item.received_s or 0.0
    taken = min((t_s for t_s, _ in seen.revisions if t_s >= asked), default=asked)
    there = [sighting.weights for sighting in listed if sighting.path == path and sighting.t_s <= taken]
    return there[-1] if there else f"artifact {item.artifact_sha256}"


def _zero(run: RunRecord) -> datetime | None:
    """Wall time at second 0 of the run."""
    start = run.started
    if start.ts is None or start.t_s is None:
        return None
    return datetime.fromisoformat(start.ts) - timedelta(seconds=start.t_s)


def _processes(events: Iterable[ProcessObserved], root: str | None) -> tuple[Process, ...]:
    found = [
        Process(
            pid=event.pid,
            ppid=event.ppid,
            argv=tuple(event.argv),
            cwd=relative(event.cwd, root) if event.cwd else "",
            started_s=event.started_s,
            ended_s=float("inf") if event.ended_s is None else event.ended_s,
        )
        for event in events
        if event.started_s is not None
    ]
    return tuple(sorted(found, key=lambda process: process.started_s))
