"""From traces on disk to records: one streaming pass over each run and its rescore files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from posttrace.analysis.attempts import settle
from posttrace.analysis.records import Evaluation, Exclusion, RunRecord, Submission
from posttrace.analysis.tables import TraceSet
from posttrace.traces import TraceError, TraceReader, find_rescores, find_traces
from posttrace.traces.events import (
    BaselineEvaluated,
    Evaluator,
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

READ = (
    RunStarted,
    BaselineEvaluated,
    SubmissionReceived,
    SubmissionGraded,
    SubmissionRescored,
    IntegrityFlag,
    RunFinished,
)
Texts: TypeAlias = tuple[str, ...]


def load(
    paths: str | Path | Iterable[str | Path],
    *,
    verify: bool = True,
    progress: Callable[[int, int], object] | None = None,
) -> TraceSet:
    """Read every run below ``paths`` (a trace, a run directory, or any folder above some).

    A trace that cannot be trusted (a broken chain, no ``run.started``, a line that is no event) is not an
    error of the set: it stands under ``excluded`` as ``invalid`` with the reason. Without ``verify`` the hash
    chain is taken on trust, several times faster: for traces that were verified before. ``progress`` is
    called with (traces read, traces found) after each. Memory: the item values; ids are shared.

    Raises ``InputError`` for a path that is missing or holds no trace.
    """
    given = [paths] if isinstance(paths, str | Path) else list(paths)
    traces = find_traces(given)
    shared = _Shared()
    records, invalid = [], []
    for n, trace in enumerate(traces, start=1):
        try:
            records.append(load_record(trace, shared, verify=verify))
        except TraceError as error:
            invalid.append(Exclusion(str(trace), "invalid", str(error)))
        if progress:
            progress(n, len(traces))
    return TraceSet(settle(records), tuple(invalid))


class _Shared(dict[Texts, Texts]):
    """Equal id lists of many evaluations kept once."""

    def once(self, texts: list[str] | None) -> Texts | None:
        """The first tuple equal to ``texts``."""
        return None if texts is None else self.setdefault(key := tuple(texts), key)


def load_record(trace: Path, shared: _Shared | None = None, *, verify: bool = True) -> RunRecord:
    """Read one trace and its rescore files; its state is provisional until all attempts are known.

    Raises ``TraceError`` when the chain is broken or a line is no event of ``posttrace/1``.
    """
    reader = TraceReader(trace, READ, verify=verify)
    run = _Builder(str(trace), _Shared() if shared is None else shared)
    for event in reader:
        run.add(event)
    if run.started is None:
        raise TraceError(f"{trace}: no run.started; this is not the beginning of a run")
    for path in find_rescores(trace):
        run.add_rescore(path)
    return run.build(head=reader.head, torn=reader.torn)


@dataclass
class _Builder:
    """A run while its trace is read."""

    path: str
    shared: _Shared
    started: RunStarted | None = None
    finished: RunFinished | None = None
    baseline: list[Evaluation] = field(default_factory=list)
    received: dict[int, SubmissionReceived] = field(default_factory=dict)
    graded: dict[int, SubmissionGraded] = field(default_factory=dict)
    scored: dict[int, Evaluation] = field(default_factory=dict)
    rescored: dict[int | str, list[Evaluation]] = field(default_factory=dict)
    flags: Counter[str] = field(default_factory=Counter)
    unusable: dict[str, str] = field(default_factory=dict)

    def add(self, event: Any) -> None:
        """Take one event of the run's own trace."""
        match event:
            case RunStarted():
                self.started = event
            case _ if self.started is None:
                raise TraceError(f"{self.path}:1: the first line is no run.started")
            case BaselineEvaluated():
                self.baseline.append(self._evaluation(event, event.replicate))
            case SubmissionReceived():
                self.received[event.submission_id] = event
            case SubmissionGraded():
                self._grade(event)
            case SubmissionRescored():
                self._rescore(event)
            case IntegrityFlag():
                self.flags[event.kind] += event.count
            case RunFinished():
                self.finished = event

    def add_rescore(self, path: Path) -> None:
        """Take a rescore file as a whole, or leave it out with its reason."""
        assert self.started is not None
        try:
            first, *events = TraceReader(path, (RescoreStarted, SubmissionRescored))
            if not isinstance(first, RescoreStarted) or first.run_id != self.started.run_id:
                raise TraceError(f"{path}: does not begin as a rescoring of {self.started.run_id}")
        except TraceError as error:
            self.unusable[str(path)] = str(error)
        except ValueError:
            self.unusable[str(path)] = f"{path}: no line is complete"
        else:
            for event in events:
                assert isinstance(event, SubmissionRescored)
                self._rescore(event)

    def build(self, *, head: str, torn: bool) -> RunRecord:
        """The record, with its own status; ``settle`` decides its state among the attempts."""
        started, end = self.started, self.finished
        assert started is not None
        return RunRecord(
            path=self.path,
            run_id=started.run_id,
            started=started,
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
            submissions=tuple(self._submission(n) for n in sorted(self.received.keys() | self.graded)),
            flags=dict(self.flags),
            feedback=_feedback(started.config),
            unusable=self.unusable,
        )

    def _grade(self, event: SubmissionGraded) -> None:
        self.graded[event.submission_id] = event
        if event.status == "graded":
            self.scored[event.submission_id] = self._evaluation(event, 0)
            event.items = None  # kept as an array; the lists are ten times as large

    def _rescore(self, event: SubmissionRescored) -> None:
        self.rescored.setdefault(event.submission_id, []).append(self._evaluation(event, event.replicate))

    def _evaluation(
        self, event: BaselineEvaluated | SubmissionGraded | SubmissionRescored, replicate: int
    ) -> Evaluation:
        assert self.started is not None
        task, items = self.started.task, event.items
        score = float("nan") if event.score is None else float(_unit(event.score, task))
        return Evaluation(
            replicate=replicate,
            split=event.split,
            score=score,
            item_ids=self.shared.once(items.ids) if items else None,
            values=_values(items, task) if items else None,
            clusters=self.shared.once(items.clusters) if items else None,
            evaluator=_evaluator(event.evaluator),
            eval_seed=event.eval_seed,
            duration_s=event.duration_s,
        )

    def _submission(self, number: int) -> Submission:
        assert self.started is not None
        asked, grade = self.received.get(number), self.graded.get(number)
        artifact = grade.artifact.sha256 if grade and grade.artifact else None
        return Submission(
            submission_id=number,
            status=grade.status if grade else "pending",
            reason=grade.reason if grade else None,
            duplicate_of=grade.duplicate_of if grade else None,
            path=asked.path if asked else "",
            artifact_sha256=artifact,
            is_base_copy=artifact is not None and artifact == self.started.base_model.sha256,
            revision=grade.revision if grade else None,
            received_s=asked.t_s if asked else None,
            graded_s=grade.t_s if grade else None,
            queue_s=grade.queue_s if grade else None,
            evaluation=self.scored.get(number),
            rescored=tuple(self.rescored.get(number, ())),
        )


def _unit(native: Any, task: TaskInfo) -> Any:
    """Native scale to 0..1, higher is better."""
    share = native / task.scale_max
    return share if task.higher_is_better else 1.0 - share


def _values(items: Items, task: TaskInfo) -> Any:
    return _unit(np.array(items.values, dtype=np.float64), task)  # null becomes NaN


def _evaluator(evaluator: Evaluator | None) -> str | None:
    return f"{evaluator.id}@{evaluator.version}" if evaluator else None


def _feedback(config: dict[str, Any]) -> str | None:
    grading = config.get("grading")
    policy = grading.get("feedback") if isinstance(grading, dict) else None
    return policy if isinstance(policy, str) else None
