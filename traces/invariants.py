"""What must hold between the events of one trace, checked in one pass."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime
from typing import Literal, NamedTuple

from posttrace.traces.events import (
    AnyEvent,
    BaselineEvaluated,
    CodeRevision,
    Items,
    RescoreStarted,
    RunFinished,
    RunStarted,
    SubmissionGraded,
    SubmissionReceived,
    SubmissionRescored,
)
from posttrace.traces.parent import Parent

Severity = Literal["error", "warning"]


class Problem(NamedTuple):
    """Something wrong, before it has a path and a line."""

    code: str
    message: str
    severity: Severity = "error"


class Invariants:
    """Takes the events of a trace in order. ``parent`` is given for a rescore file.

    Keeps submissions and commits, which are few; nothing else grows with the trace.
    """

    def __init__(self, parent: Parent | None) -> None:
        self._parent = parent
        self._started: RunStarted | RescoreStarted | None = None
        self._begun = False
        self._now: datetime | None = None
        self._t_s: float | None = None
        self._next_seq = 0
        self._finished = False
        self._received: set[int] = set(parent.submissions) if parent else set()
        self._graded: dict[int, SubmissionGraded] = {}
        self._commits: set[str] = set()

    def check(self, event: AnyEvent) -> Iterator[Problem]:
        """Yield what is wrong with the next event."""
        yield from self._order(event)
        yield from self._clocks(event)
        match event:
            case RunStarted() | RescoreStarted():
                yield from self._start(event)
            case CodeRevision():
                yield from self._revision(event.parent)
                self._commits.add(event.commit)
            case SubmissionReceived():
                yield from self._submitted(event)
            case SubmissionGraded():
                yield from self._scored(event)
            case SubmissionRescored():
                yield from self._rescored(event)
            case RunFinished():
                yield from self._end(event)
        if isinstance(event, BaselineEvaluated | SubmissionGraded | SubmissionRescored) and event.items:
            yield from _items(event.items)
        self._begun = True

    @property
    def has_revisions(self) -> bool:
        """Whether commits are named that posttrace itself made; an imported trace names somebody else's."""
        native = isinstance(self._started, RunStarted) and self._started.recorder.kind == "native"
        return native and bool(self._commits)

    def finish(self) -> Iterator[Problem]:
        """Yield what is missing at the end."""
        if isinstance(self._started, RescoreStarted):
            return
        if not self._begun:
            yield Problem("NO_START", "there is no event at all: nothing was recorded")
        severity: Severity = "error" if self._finished else "warning"
        for waiting in sorted(self._received - self._graded.keys()):
            yield Problem("NOT_GRADED", f"submission {waiting} has no submission.graded", severity)
        if not self._finished:
            yield Problem("NO_FINISH", "run.finished is missing: the run was interrupted", "warning")

    def _order(self, event: AnyEvent) -> Iterator[Problem]:
        if event.seq != self._next_seq:
            yield Problem("BAD_SEQ", f"seq is {event.seq}, expected {self._next_seq}")
        self._next_seq = event.seq + 1
        if not self._begun and not isinstance(event, RunStarted | RescoreStarted):
            yield Problem("NO_START", "the first event is neither run.started nor rescore.started")
        if self._finished:
            yield Problem("AFTER_FINISH", "an event follows run.finished, which is the last one")

    def _clocks(self, event: AnyEvent) -> Iterator[Problem]:
        started = event if self._started is None else self._started
        imported = isinstance(started, RunStarted) and started.recorder.kind == "import"
        if (event.ts is None or event.t_s is None) and not imported:
            yield Problem("NO_CLOCK", "ts or t_s is null, which only an imported trace may have")
        now = None if event.ts is None else _instant(event.ts)
        if event.ts is not None and now is None:
            yield Problem("BAD_TS", f"ts is {event.ts!r}, which is not an RFC 3339 time with its offset")
        if event.t_s is not None:
            if self._t_s is not None and event.t_s < self._t_s:
                yield Problem("T_S_BACK", f"t_s goes back from {self._t_s} to {event.t_s}")
            self._t_s = event.t_s
        if now is not None:
            if self._now is not None and now < self._now:
                yield Problem("TS_BACK", f"ts goes back to {event.ts}", "warning")
            self._now = now

    def _start(self, event: RunStarted | RescoreStarted) -> Iterator[Problem]:
        if self._begun:
            yield Problem("STARTED_AGAIN", "a trace starts once, with its first event")
            return
        self._started = event
        if not isinstance(event, RescoreStarted) or self._parent is None:
            return
        if self._parent.error is not None:
            yield Problem("BAD_PARENT", f"the run's trace cannot be read: {self._parent.error}")
            return
        if not self._parent.has_head:
            yield Problem("BAD_PARENT", f"no line of the run's trace has the hash {event.parent_head}")
        if self._parent.run_id != event.run_id:
            yield Problem(
                "BAD_PARENT", f"run_id is {event.run_id}, the run's trace has {self._parent.run_id}"
            )

    def _revision(self, commit: str | None) -> Iterator[Problem]:
        if commit is not None and commit not in self._commits:
            yield Problem("UNKNOWN_REVISION", f"no code.revision before this line has the commit {commit}")

    def _submitted(self, event: SubmissionReceived) -> Iterator[Problem]:
        expected = max(self._received, default=0) + 1
        if event.submission_id in self._received:
            yield Problem("RECEIVED_TWICE", f"submission {event.submission_id} was received before")
        elif event.submission_id != expected:
            yield Problem("BAD_ID", f"submission_id is {event.submission_id}, expected {expected}")
        self._received.add(event.submission_id)

    def _scored(self, event: SubmissionGraded) -> Iterator[Problem]:
        sid = event.submission_id
        yield from self._known(sid)
        if sid in self._graded:
            yield Problem("GRADED_TWICE", f"submission {sid} was graded before")
        if event.status == "duplicate":
            yield from self._duplicate(event)
        elif event.duplicate_of is not None:
            yield Problem("BAD_DUPLICATE", f"duplicate_of is given for the status {event.status}")
        if event.status == "graded" and event.score is None:
            yield Problem("BAD_SCORE", "the status graded needs a score")
        if event.status not in ("graded", "duplicate") and event.score is not None:
            yield Problem("BAD_SCORE", f"the status {event.status} has no score: null, not {event.score}")
        yield from self._revision(event.revision)
        self._graded.setdefault(sid, event)

    def _duplicate(self, event: SubmissionGraded) -> Iterator[Problem]:
        first = event.duplicate_of
        if first is None or first == event.submission_id or first not in self._received:
            yield Problem("BAD_DUPLICATE", f"duplicate_of is {first}, which is no other submission")
        elif first in self._graded and self._graded[first].score != event.score:
            score = self._graded[first].score
            yield Problem("BAD_DUPLICATE", f"score is {event.score}, submission {first} has {score}")

    def _rescored(self, event: SubmissionRescored) -> Iterator[Problem]:
        if event.submission_id != "baseline":
            yield from self._known(event.submission_id)

    def _known(self, submission_id: int) -> Iterator[Problem]:
        if submission_id not in self._received:
            yield Problem("UNKNOWN_SUBMISSION", f"submission {submission_id} was never received")

    def _end(self, event: RunFinished) -> Iterator[Problem]:
        self._finished = True
        if event.submissions != len(self._received):
            yield Problem(
                "BAD_COUNT", f"submissions is {event.submissions}, {len(self._received)} were received"
            )
        scored = [g for g in self._graded.values() if g.status == "graded" and g.score is not None]
        if len({g.split for g in scored}) > 1:
            return  # scores of different splits are not comparable; which one selects is not in the trace
        sign = (
            -1.0 if isinstance(self._started, RunStarted) and not self._started.task.higher_is_better else 1.0
        )
        best = max(scored, key=lambda g: (sign * (g.score or 0.0), -g.submission_id), default=None)
        if (best is None) != (event.best is None):
            yield Problem("BAD_BEST", f"best is {event.best}, {len(scored)} submissions have a score")
        elif best is not None and event.best is not None:
            same = best.score is not None and math.isclose(best.score, event.best.score, rel_tol=1e-9)
            if best.submission_id != event.best.submission_id or not same:
                expected = f"submission {best.submission_id} with {best.score}"
                yield Problem("BAD_BEST", f"best is {event.best}, the graded scores say {expected}")


def _instant(ts: str) -> datetime | None:
    try:
        instant = datetime.fromisoformat(ts)
    except ValueError:
        return None
    return instant if instant.tzinfo is not None else None


def _items(items: Items) -> Iterator[Problem]:
    n = len(items.ids)
    if len(items.values) != n or (items.clusters is not None and len(items.clusters) != n):
        yield Problem("BAD_ITEMS", f"{n} ids, {len(items.values)} values: the lists must be equally long")
        return
    if len(set(items.ids)) != n:
        yield Problem("BAD_ITEMS", "ids of items repeat")
    lost = {key for key, value in zip(items.ids, items.values, strict=True) if value is None}
    if items.lost is not None and items.lost.keys() - lost:
        yield Problem("BAD_ITEMS", "lost names an item that has a value or is not there")
