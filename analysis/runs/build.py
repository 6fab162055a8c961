"""A run's record while its events arrive in order."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self, TypeAlias

import numpy as np

from posttrace.analysis.arrays import FloatArray
from posttrace.analysis.runs.records import Evaluation, RunRecord, Submission
from posttrace.traces import TraceError, TraceReader
from posttrace.traces.events import (
    AnyEvent,
    BaselineEvaluated,
    Evaluator,
    Event,
    IntegrityFlag,
    Items,
    RescoreStarted,
    RunFinished,
    RunStarted,
    SubmissionGraded,
    SubmissionReceived,
    SubmissionRescored,
    TaskInfo,
)
from posttrace.traces.parent import Parent

KINDS: Final[tuple[type[Event], ...]] = (
    RunStarted,
    BaselineEvaluated,
    SubmissionReceived,
    SubmissionGraded,
    SubmissionRescored,
    IntegrityFlag,
    RunFinished,
)
"""What a record is made of; all other lines are passed over."""

Texts: TypeAlias = tuple[str, ...]
Scoring: TypeAlias = BaselineEvaluated | SubmissionGraded | SubmissionRescored


class SharedTexts(dict[Texts, Texts]):
    """Equal id lists of many evaluations kept once."""

    def once(self, texts: list[str] | None) -> Texts | None:
        """The first tuple equal to ``texts``."""
        return None if texts is None else self.setdefault(key := tuple(texts), key)


@dataclass
class RunBuilder:
    """Takes the events of ``KINDS`` and keeps what a record needs: values as arrays, ids once.

    Raises ``TraceError`` where events contradict each other in what a score belongs to; everything else that
    must hold between events is for ``posttrace validate`` to find.
    """

    path: Path
    started: RunStarted
    shared: SharedTexts
    finished: RunFinished | None = None
    baseline: list[Evaluation] = field(default_factory=list)
    received: dict[int, SubmissionReceived] = field(default_factory=dict)
    graded: dict[int, SubmissionGraded] = field(default_factory=dict)
    scored: dict[int, Evaluation] = field(default_factory=dict)
    rescored: dict[int | str, list[Evaluation]] = field(default_factory=dict)
    flags: Counter[str] = field(default_factory=Counter)
    unusable: dict[str, str] = field(default_factory=dict)

    @classmethod
    def begin(cls, path: Path, first: AnyEvent, shared: SharedTexts) -> Self:
        """Start with the first event, which must be ``run.started`` with a usable scale."""
        if not isinstance(first, RunStarted):
            raise TraceError(f"{path}: no run.started before the first score; this is not the whole run")
        if not (math.isfinite(first.task.scale_max) and first.task.scale_max > 0):
            raise TraceError(f"{path}: task.scale_max is {first.task.scale_max}; it must be positive")
        return cls(path, first, shared)

    def add(self, event: AnyEvent) -> None:
        """Take the next event of the run's own trace."""
        match event:
            case RunStarted():
                raise self._wrong(event, "the run starts a second time")
            case BaselineEvaluated():
                self.baseline.append(self._evaluation(self.path, event))
            case SubmissionReceived():
                if event.submission_id in self.received:
                    raise self._wrong(event, f"submission {event.submission_id} was received before")
                self.received[event.submission_id] = event
            case SubmissionGraded():
                self._grade(event)
            case SubmissionRescored():
                self._rescore(*self._rescoring(self.path, event))
            case IntegrityFlag():
                self.flags[event.kind] += event.count
            case RunFinished():
                self.finished = event

    def add_rescore(self, path: Path, *, head: str) -> None:
        """Take a rescore file as a whole, or leave it out as a whole and keep the reason.

        ``head``: hash of the last line of the run's trace, which the rescoring should name.
        """
        try:
            found = self._rescorings(path, head)
        except TraceError as error:
            self.unusable[str(path)] = str(error)
        else:
            for which, evaluation in found:
                self._rescore(which, evaluation)

    def build(self, *, head: str, torn: bool) -> RunRecord:
        """The record, with its own status; ``settle`` decides its state among the attempts."""
        end = self.finished
        return RunRecord(
            path=str(self.path),
            run_id=self.started.run_id,
            started=self.started,
            state="final",
            state_reason=None,
            status=end.status if end else "interrupted",
            status_reason=end.reason if end else "no run.finished",
            exit_code=end.exit_code if end else None,
            wall_s=end.wall_s if end else None,
            head_hash=head,
            torn=torn,
            baseline=tuple(self.baseline),
            baseline_rescored=tuple(self.rescored.get("baseline", ())),
            submissions=tuple(self._submission(number) for number in sorted(self.received)),
            flags=dict(self.flags),
            feedback=_feedback(self.started.config),
            unusable=self.unusable,
        )

    def _grade(self, event: SubmissionGraded) -> None:
        number = event.submission_id
        self._known(self.path, event, number)
        if number in self.graded:
            raise self._wrong(event, f"submission {number} was graded before")
        self.graded[number] = event
        if event.status == "graded":
            self.scored[number] = self._evaluation(self.path, event)
        event.items = None  # kept as an array; the lists are ten times as large

    def _rescorings(self, path: Path, head: str) -> list[tuple[int | str, Evaluation]]:
        events = iter(TraceReader(path, (RescoreStarted, SubmissionRescored)))
        first = next(events, None)
        if not isinstance(first, RescoreStarted) or first.run_id != self.started.run_id:
            raise TraceError(f"{path}: does not begin as a rescoring of {self.started.run_id}")
        # A rescoring of a run that was still going names a line further up.
        if first.parent_head != head and not Parent.read(self.path, first.parent_head).has_head:
            raise TraceError(f"{path}: rescores another trace: no line here has the hash {first.parent_head}")
        return [self._rescoring(path, event) for event in events if isinstance(event, SubmissionRescored)]

    def _rescoring(self, path: Path, event: SubmissionRescored) -> tuple[int | str, Evaluation]:
        if event.submission_id != "baseline":
            self._known(path, event, event.submission_id)
        return event.submission_id, self._evaluation(path, event)

    def _rescore(self, which: int | str, evaluation: Evaluation) -> None:
        self.rescored.setdefault(which, []).append(evaluation)

    def _evaluation(self, path: Path, event: Scoring) -> Evaluation:
        task, items = self.started.task, event.items
        if event.score is None:
            raise self._wrong(event, "the status graded needs a score", path)
        if items is not None and len(set(_lengths(items))) > 1:
            raise self._wrong(event, "ids, values and clusters of items differ in length", path)
        return Evaluation(
            replicate=0 if isinstance(event, SubmissionGraded) else event.replicate,
            split=event.split,
            score=_unit(event.score, task),
            item_ids=self.shared.once(items.ids) if items else None,
            values=_values(items, task) if items else None,
            clusters=self.shared.once(items.clusters) if items else None,
            evaluator=_evaluator(event.evaluator),
            eval_seed=event.eval_seed,
            duration_s=event.duration_s,
        )

    def _submission(self, number: int) -> Submission:
        asked, grade = self.received[number], self.graded.get(number)
        artifact = grade.artifact.sha256 if grade and grade.artifact else None
        return Submission(
            submission_id=number,
            status=grade.status if grade else "pending",
            reason=grade.reason if grade else None,
            duplicate_of=grade.duplicate_of if grade else None,
            path=asked.path,
            artifact_sha256=artifact,
            is_base_copy=artifact is not None and artifact == self.started.base_model.sha256,
            revision=grade.revision if grade else None,
            received_s=asked.t_s,
            graded_s=grade.t_s if grade else None,
            queue_s=grade.queue_s if grade else None,
            evaluation=self.scored.get(number),
            rescored=tuple(self.rescored.get(number, ())),
        )

    def _known(self, path: Path, event: Event, number: int) -> None:
        if number not in self.received:
            raise self._wrong(event, f"submission {number} was never received", path)

    def _wrong(self, event: Event, what: str, path: Path | None = None) -> TraceError:
        return TraceError(f"{path or self.path}:{event.seq + 1}: {what}")


def _unit(native: float, task: TaskInfo) -> float:
    """Native scale to 0..1, higher is better."""
    share = native / task.scale_max
    return share if task.higher_is_better else 1.0 - share


def _values(items: Items, task: TaskInfo) -> FloatArray:
    share = np.array(items.values, dtype=np.float64) / task.scale_max  # null becomes NaN
    return share if task.higher_is_better else 1.0 - share


def _lengths(items: Items) -> tuple[int, ...]:
    counts = len(items.ids), len(items.values)
    return counts if items.clusters is None else (*counts, len(items.clusters))


def _evaluator(evaluator: Evaluator | None) -> str | None:
    return f"{evaluator.id}@{evaluator.version}" if evaluator else None


def _feedback(config: dict[str, Any]) -> str | None:
    grading = config.get("grading")
    policy = grading.get("feedback") if isinstance(grading, dict) else None
    return policy if isinstance(policy, str) else None
