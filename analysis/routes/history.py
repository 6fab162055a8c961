"""What a trace says of how its models came about: commands, revisions, model folders, logged metrics."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field
from typing import Final

from posttrace.analysis.records import RunRecord
from posttrace.analysis.routes.models import Version

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
    trigger: str
    changed: tuple[str, ...] = ()
    """Paths that are new or differ from the revision before; of the first none."""


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
        revisions=_revisions(seen.revisions),
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
