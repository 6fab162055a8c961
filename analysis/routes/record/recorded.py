"""The history of a run out of its trace: one more pass over the events that its record leaves aside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from posttrace.analysis.routes.record.history import History, Logged, Process, Revision, relative
from posttrace.analysis.routes.record.models import (
    Sighting,
    complete,
    in_artifacts,
    in_revisions,
    versions_of,
)
from posttrace.analysis.routes.record.revision import Rebuilt, Revisions, Store
from posttrace.analysis.routes.record.typed import typed
from posttrace.analysis.routes.record.written import root_of, snapshots
from posttrace.analysis.runs.records import RunRecord, Submission
from posttrace.analysis.runs.reread import reread
from posttrace.traces.events import (
    AgentStep,
    ArtifactObserved,
    CodeRevision,
    Event,
    IntegrityFlag,
    LogMetrics,
    ProcessObserved,
    RunFinished,
    SubmissionReceived,
)

KINDS: Final[tuple[type[Event], ...]] = (
    CodeRevision,
    ProcessObserved,
    ArtifactObserved,
    LogMetrics,
    IntegrityFlag,
    AgentStep,
    SubmissionReceived,
    RunFinished,
)
UNTIMED_S: Final = 1.0
"""Between two events of an imported trace that has no times: only their order is known."""
UNHASHED: Final = "unhashed"
OUTPUT: Final = "output"
"""Folder of the workspace that agents are told to write to."""
WATCH_INTERVAL_S: Final = 2.0
"""Between two looks at logs and models, where the configuration does not say."""
LOOK_S: Final = 0.5


@dataclass
class _Seen:
    """The events of a run, sorted by what they tell."""

    revisions: list[tuple[float, CodeRevision]] = field(default_factory=list)
    processes: list[ProcessObserved] = field(default_factory=list)
    artifacts: list[tuple[float, ArtifactObserved]] = field(default_factory=list)
    logged: list[Logged] = field(default_factory=list)
    base_copies: set[str] = field(default_factory=set)
    """Artefact hashes whose weights the grader found to be those of the base."""
    steps: list[tuple[float, AgentStep]] = field(default_factory=list)
    asked_s: dict[int, float] = field(default_factory=dict)
    """Submission -> when it arrived."""
    finished: bool = False

    def take(self, event: Event, now: float) -> None:
        if isinstance(event, AgentStep):
            self.steps.append((now, event))
        elif isinstance(event, SubmissionReceived):
            self.asked_s[event.submission_id] = now
        elif isinstance(event, RunFinished):
            self.finished = True
        elif isinstance(event, CodeRevision):
            self.revisions.append((now, event))
        elif isinstance(event, ProcessObserved):
            self.processes.append(event)
        elif isinstance(event, ArtifactObserved):
            self.artifacts.append((now, event))
        elif isinstance(event, LogMetrics):
            self.logged.append(Logged(now, event.source, event.step, frozenset(event.values)))
        elif isinstance(event, IntegrityFlag) and event.kind.startswith("base_copy"):
            sha256 = (event.evidence or {}).get("sha256")
            self.base_copies |= {sha256} if isinstance(sha256, str) else set()


def read_history(run: RunRecord) -> History:
    """Read again what the trace of a loaded run says beyond its record.

    Raises ``TraceError`` when the trace is not the one that was loaded; it may have more lines by now.
    """
    seen, now = _Seen(), 0.0
    for event in reread(run, KINDS, grown=True):
        now = now + UNTIMED_S if event.t_s is None else event.t_s
        seen.take(event, now)
    root = _root(seen.processes, run.submissions) or root_of(seen.steps)
    sightings, artifacts = _sightings(run, seen, root)
    base_path = f"models/{run.started.base_model.id}"
    start = seen.revisions[0][0] if seen.revisions else 0.0
    looked_s = complete(seen.revisions)
    versions, same = versions_of(sightings, looked_s=looked_s, given_until_s=start, base_path=base_path)
    lag_s = _lag_s(run.started.config)
    return History(
        run=run,
        root=root,
        base_path=base_path,
        processes=_processes(seen.processes, root),
        revisions=_revisions(seen.revisions),
        versions=versions,
        submitted={number: same.get(weights, weights) for number, weights in artifacts.items()},
        logged=tuple(seen.logged),
        lag_s=lag_s,
        typed=typed(seen.steps, root, lag_s),
        steps=tuple(seen.steps),
        finished=seen.finished,
    )


def with_code(history: History) -> tuple[History, Store]:
    """A history and the store of its revisions; where there is none, as the agent's steps tell the code."""
    store = Revisions(Path(history.run.path))
    if store.problem is None and history.revisions:
        return history, store
    written = snapshots(history.steps, history.root)
    if not written:
        return history, store
    named = {f"step {t_s:.1f} s": files for t_s, files in written}
    problem = "there are no revisions: the code is what the agent's steps wrote, as far as they tell"
    revisions = tuple(
        Revision(t_s, commit, "launch") for commit, (t_s, _) in zip(named, written, strict=True)
    )
    return replace(history, revisions=revisions), Rebuilt(named, problem)


def _root(processes: Iterable[ProcessObserved], submissions: Iterable[Submission]) -> str | None:
    """The agent is launched in its workspace: where its first process worked.

    Without processes, what stands before the folder of outputs in the path of a submission.
    """
    timed = [(process.started_s, process.cwd) for process in processes if process.started_s is not None]
    if timed:
        return min(timed, key=lambda pair: pair[0])[1]
    named = (item.path.partition(f"/{OUTPUT}/") for item in submissions if item.path.startswith("/"))
    return next((before for before, there, _ in named if there), None)


def _sightings(run: RunRecord, seen: _Seen, root: str | None) -> tuple[list[Sighting], dict[int, str]]:
    """Every time that weights were seen somewhere, and the weights of each submission that has a hash."""
    observed = list(in_artifacts(seen.artifacts, _zero(run)))
    listed = list(in_revisions(seen.revisions))
    known = {sha256: sighting.weights for sha256, sighting in observed}
    sightings, submitted = [*(sighting for _, sighting in observed), *listed], {}
    for item in run.submissions:
        path = relative(item.path, root)
        asked_s = seen.asked_s.get(item.submission_id, 0.0)
        weights = known.get(item.artifact_sha256 or "") or _listed(item, path, asked_s, seen, listed)
        if weights is not None:
            is_base = item.is_base_copy or item.artifact_sha256 in seen.base_copies
            submitted[item.submission_id] = weights
            unhashed = weights.startswith(UNHASHED)
            sightings.append(Sighting(path, weights, asked_s, is_base=is_base, unhashed=unhashed))
    return sightings, submitted


def _listed(
    item: Submission, path: str, asked_s: float, seen: _Seen, listed: Iterable[Sighting]
) -> str | None:
    """Weights by the revision that the submission caused; else the hash of the whole folder.

    A model that was graded although no hash of it is recorded is one of its own.
    """
    if item.artifact_sha256 is None:
        return f"{UNHASHED} {item.submission_id}" if item.status in ("graded", "duplicate") else None
    taken = min((t_s for t_s, _ in seen.revisions if t_s >= asked_s), default=asked_s)
    there = [sighting.weights for sighting in listed if sighting.path == path and sighting.t_s <= taken]
    return there[-1] if there else f"artifact {item.artifact_sha256}"


def _zero(run: RunRecord) -> datetime | None:
    """Wall time at second 0 of the run."""
    start = run.started
    if start.ts is None or start.t_s is None:
        return None
    return datetime.fromisoformat(start.ts) - timedelta(seconds=start.t_s)


def _lag_s(config: Mapping[str, Any]) -> float:
    """How late a logged line may be read: one interval of the recorder's looks, and what the look takes."""
    recorder = config.get("recorder")
    interval_s = recorder.get("watch_interval_s") if isinstance(recorder, dict) else None
    return (interval_s if isinstance(interval_s, int | float) else WATCH_INTERVAL_S) + LOOK_S


def _revisions(events: Sequence[tuple[float, CodeRevision]]) -> tuple[Revision, ...]:
    found = []
    for n, (t_s, event) in enumerate(events):
        changed = (*(file.path for file in event.files), *(file.path for file in event.skipped))
        found.append(Revision(t_s, event.commit, event.trigger, changed if n else ()))
    return tuple(found)


def _processes(events: Iterable[ProcessObserved], root: str | None) -> tuple[Process, ...]:
    found = [
        Process(
            pid=event.pid,
            ppid=event.ppid,
            argv=tuple(event.argv),
            cwd=relative(event.cwd, root) if event.cwd else "",
            started_s=event.started_s,
            ended_s=float("inf") if event.ended_s is None else event.ended_s,
            exit_code=event.exit_code,
        )
        for event in events
        if event.started_s is not None
    ]
    return tuple(sorted(found, key=lambda process: process.started_s))
