"""The history of a run out of its trace: one more pass over the events that its record leaves aside."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from posttrace.analysis.records import RunRecord, Submission
from posttrace.analysis.routes.history import Process, Revision, relative
from posttrace.analysis.routes.models import Sighting, in_artifacts, in_revisions
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
        )
        for event in events
        if event.started_s is not None
    ]
    return tuple(sorted(found, key=lambda process: process.started_s))
