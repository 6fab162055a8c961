"""A run as it goes on: after each submission the evidence so far."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias

import numpy as np

from posttrace.analysis.audit.clean import SubmissionState
from posttrace.analysis.follow.evidence import Compared, compare
from posttrace.analysis.runs.build import KINDS, RunBuilder, SharedTexts
from posttrace.analysis.runs.records import Evaluation
from posttrace.analysis.stats.items.evalue import Evidence, Weights
from posttrace.traces.chain import GENESIS
from posttrace.traces.events import AnyEvent, RunFinished, RunStarted, SubmissionGraded, SubmissionRescored
from posttrace.traces.follow import TraceTail


@dataclass(frozen=True)
class Began:
    """The first line of the run. ``hears``: the agent is told scores of the items it is tested on."""

    run_id: str
    task: str
    agent: str
    weights: Weights
    hears: bool


@dataclass(frozen=True)
class Step:
    """One graded submission and the evidence after it; scores and gain on 0..1, NaN where there is none.

    ``state`` as in the audit: only a ``scored`` one has an e-value. ``split``: of the score. ``counts``: the
    e-value has a weight and is part of ``evidence``. ``hears`` as in ``Began``.
    """

    submission_id: int
    state: SubmissionState
    evidence: Evidence
    hears: bool
    compared: Compared
    split: str | None = None
    score: float = math.nan
    gain: float = math.nan
    counts: bool = False


@dataclass(frozen=True)
class Ended:
    """``run.finished``: the status of the run, and the evidence at its end."""

    status: str
    evidence: Evidence
    hears: bool


Sight: TypeAlias = Began | Step | Ended


@dataclass
class Watch:
    """Takes the events of one run in order.

    Each submission is compared with the scorings of the baseline that are known by then. Its weight follows
    from its number among the scored ones and was fixed by the budget. With sealed items (feedback policy
    ``heldout``) these alone are evidence: the agent cannot have climbed on them.
    """

    path: Path
    run: RunBuilder | None = None
    evidence: Evidence = field(default_factory=lambda: Evidence(Weights()))
    hears: bool = True
    sealed: bool = False
    contents: set[str] = field(default_factory=set)
    awaited: set[int] = field(default_factory=set)
    """Scored submissions whose sealed score is still to come."""

    def take(self, event: AnyEvent) -> Sight | None:
        """What there is to say after ``event``, if anything."""
        if self.run is None:
            self.run = RunBuilder.begin(self.path, event, SharedTexts())
            return self._began(self.run)
        self.run.add(event)
        match event:
            case SubmissionGraded():
                return self._graded(self.run, event)
            case SubmissionRescored(submission_id=int(number), split="sealed") if number in self.awaited:
                self.awaited.remove(number)
                return self._compared(self.run, number, self.run.rescored[number][-1])
            case RunFinished():
                return Ended(event.status, self.evidence, self.hears)
        return None

    def _began(self, run: RunBuilder) -> Began:
        started: RunStarted = run.started
        self.evidence = Evidence(Weights(started.budget.submissions or None))
        feedback = run.build(head=GENESIS, torn=False).feedback
        self.sealed = feedback == "heldout"
        self.hears = not self.sealed and feedback != "none"
        about = started.run_id, started.task.id, started.agent.id
        return Began(*about, self.evidence.weights, self.hears)

    def _graded(self, run: RunBuilder, event: SubmissionGraded) -> Step:
        number, state = event.submission_id, self._state(run, event)
        scored = run.scored.get(number)
        if scored is None:
            return Step(number, state, self.evidence, self.hears, Compared(why=event.reason))
        if state == "scored" and not self.sealed:
            return self._compared(run, number, scored)
        if state == "scored":
            self.awaited.add(number)
        why = "its score on sealed items follows" if state == "scored" else None
        step = Step(number, state, self.evidence, self.hears, Compared(why=why))
        return replace(step, split=scored.split, score=scored.score, gain=_gain(run, scored))

    def _compared(self, run: RunBuilder, number: int, scored: Evaluation) -> Step:
        compared = compare(_baseline(run, scored.split), scored)
        counts = not math.isnan(compared.log_e) and self.evidence.weights(self.evidence.counted + 1) > 0
        self.evidence = self.evidence.add(compared.log_e)
        about = scored.split, scored.score, _gain(run, scored)
        return Step(number, "scored", self.evidence, self.hears, compared, *about, counts)

    def _state(self, run: RunBuilder, event: SubmissionGraded) -> SubmissionState:
        """As the audit sorts them, one at a time."""
        content = None if event.artifact is None else event.artifact.sha256
        is_base = content is not None and content == run.started.base_model.sha256
        if event.status == "duplicate":
            return "base copy" if is_base else "duplicate"
        if event.status != "graded":
            return "failed"
        if is_base:
            return "base copy"
        if content in self.contents:
            return "rescored"
        if content is not None:
            self.contents.add(content)
        return "scored"


def follow(path: Path, wait: Callable[[], object]) -> Iterator[Sight]:
    """Read the trace at ``path`` from its first line, and on as it grows, to ``run.finished``.

    The file need not exist yet. ``wait()`` is called when there is nothing new. Raises ``TraceError`` when
    the trace cannot be trusted.
    """
    tail, watch = TraceTail(path, KINDS), Watch(path)
    while True:
        for event in tail.new():
            seen = watch.take(event)
            if seen is not None:
                yield seen
            if isinstance(seen, Ended):
                return
        wait()


def _baseline(run: RunBuilder, split: str) -> list[Evaluation]:
    return [e for e in (*run.baseline, *run.rescored.get("baseline", ())) if e.split == split]


def _gain(run: RunBuilder, scored: Evaluation) -> float:
    scores = [e.score for e in _baseline(run, scored.split)]
    return scored.score - float(np.mean(scores)) if scores else math.nan
