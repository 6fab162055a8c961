"""Iterations of a run: the work up to each outcome, a submission or a launch that failed, and why."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from posttrace.analysis.digits import significant
from posttrace.analysis.failures.finding import Cause, Cited, ranked
from posttrace.analysis.failures.launches import Failed, cause_of
from posttrace.analysis.failures.scan import grader_log
from posttrace.analysis.failures.scores import Standing
from posttrace.analysis.failures.told import Told
from posttrace.analysis.failures.training import BELOW_BASE, NO_GAIN, UNCHANGED, Lines, explain
from posttrace.analysis.runs.records import Submission

EndsIn = Literal["submission", "failed launch", "end of the run"]
LOADING: Final = frozenset({"shape", "json", "missing_file", "nonfinite", "key"})
"""Exceptions of a grader that are of the model it was given."""


@dataclass(frozen=True)
class Iteration:
    """The work after the outcome before, up to and with its own; ``causes`` are empty unless it failed."""

    number: int
    """1, 2, ..."""
    ends_in: EndsIn
    submission_id: int | None
    started: float
    ended: float
    outcome: str
    """Status of the grade, ``base copy``, ``below base``, ``exception`` (of a launch), or ``unfinished``."""
    score: float
    """0..1; NaN without one."""
    causes: tuple[Cause, ...]

    @property
    def failed(self) -> bool:
        """Whether anything says that it failed."""
        return bool(self.causes)


@dataclass(frozen=True)
class _Outcome:
    at: float
    submission: Submission | None = None
    failed: Failed | None = None


def iterations(
    told: Told, launches: Sequence[Failed], standings: Mapping[int, Standing]
) -> tuple[Iteration, ...]:
    """Cut a run where something came out, and ask each piece why it failed."""
    found: list[Iteration] = []
    low, scored = -math.inf, False  # what was logged at once is of the first
    for outcome in _outcomes(told, launches):
        number, high, item = len(found) + 1, min(outcome.at, told.end), outcome.submission
        ends_in, what, causes = _judged(told, outcome, standings, (low, high))
        found.append(
            Iteration(
                number=number,
                ends_in=ends_in,
                submission_id=item.submission_id if item else None,
                started=max(0.0, low),
                ended=high,
                outcome=what,
                score=item.evaluation.score if item and item.evaluation else math.nan,
                causes=_placed(told, causes, number, early=not scored),
            )
        )
        scored = scored or (item is not None and item.submission_id in standings)
        low = high
    return tuple(found)


def _outcomes(told: Told, launches: Sequence[Failed]) -> list[_Outcome]:
    submitted = [
        _Outcome(told.received.get(item.submission_id, math.inf), submission=item)
        for item in told.run.submissions
    ]
    failed = [_Outcome(one.at, failed=one) for one in launches]
    found = sorted((*submitted, *failed), key=lambda outcome: (outcome.at, outcome.failed is not None))
    last = found[-1].at if found else -math.inf
    worked = any(launch.started > last for launch in told.launches) or told.worked > last
    if last < math.inf and (worked or any(piece.between(last, math.inf) for piece in told.pieces.all)):
        found.append(_Outcome(math.inf))
    return found


def _placed(told: Told, causes: Sequence[Cause], number: int, *, early: bool) -> tuple[Cause, ...]:
    """Ranked, with where they were found; paths of the workspace relative to it."""
    return ranked(
        replace(cause, says=told.within(cause.says), iteration=number, early=early) for cause in causes
    )


def _judged(
    told: Told, outcome: _Outcome, standings: Mapping[int, Standing], span: tuple[float, float]
) -> tuple[EndsIn, str, tuple[Cause, ...]]:
    """How a piece of work ended, what came of it, and why that failed."""
    if outcome.failed is not None:
        return "failed launch", "exception", _of_launch(told, outcome.failed, span)
    item = outcome.submission
    if item is None:
        return "end of the run", "unfinished", tuple(_unfinished(told, span))
    return "submission", *_of_submission(told, item, standings.get(item.submission_id), span)


def _of_launch(told: Told, failed: Failed, span: tuple[float, float]) -> tuple[Cause, ...]:
    """The exception, and before it a divergence that the same training logged."""
    return failed.cause, *(c for c in explain(_trained(told, span), UNCHANGED) if c.rule == "nonfinite_loss")


def _unfinished(told: Told, span: tuple[float, float]) -> Iterator[Cause]:
    """Work after the last outcome failed only where the budget cut off a launch that was still running."""
    if told.run.status != "timed_out" or told.finished is None:
        return
    cited = Cited.of("trace.jsonl", told.finished + 1, told.run.status_reason or "timed_out")
    for launch in told.launches:
        if launch.started >= span[0] and launch.ended >= told.end - 1:
            where = Cited.of("trace.jsonl", launch.seq + 1, launch.typed)
            yield Cause("cut_by_budget", f"the budget ended while {launch.typed} ran", (cited, where))
            return


def _of_submission(
    told: Told, item: Submission, standing: Standing | None, span: tuple[float, float]
) -> tuple[str, tuple[Cause, ...]]:
    number = item.submission_id
    if told.copied(number):
        return "base copy", (_copy(told, item), *explain(_trained(told, span), UNCHANGED))
    if item.status in ("rejected", "error", "timeout", "cancelled"):
        return item.status, tuple(_ungraded(told, item))
    if standing is None or standing.level == "fine":
        return item.status, ()
    if standing.level == "no_gain":
        # too little for a failure, unless something says that what was learnt does not carry over
        return item.status, explain(_trained(told, span), NO_GAIN)
    rule = "score_collapsed" if standing.level == "collapsed" else "below_base"
    cited = _grade(told, number, f"score {significant(100 * standing.score, 4)} %")
    words = "the score collapsed" if standing.level == "collapsed" else "the score fell"
    symptom = Cause(rule, f"{words}: {standing.says}", (cited,))
    return "below base", (symptom, *explain(_trained(told, span), BELOW_BASE))


def _copy(told: Told, item: Submission) -> Cause:
    cited = _grade(told, item.submission_id, f"{item.path}: artefact {(item.artifact_sha256 or '')[:12]}")
    says = f"submission {item.submission_id} ({item.path}) has the weights of the base model"
    return Cause("base_copy", says, (cited,))


def _ungraded(told: Told, item: Submission) -> Iterator[Cause]:
    """Why a submission has no score: what the grader said, and what its log ends in."""
    number, reason = item.submission_id, item.reason or item.status
    cited = _grade(told, number, reason)
    if item.status == "rejected":
        rule = "over_budget" if "budget" in reason else "rejected"
        yield Cause(rule, f"submission {number} was refused: {reason}", (cited,))
        return
    yield Cause("grading_failed", f"submission {number} has no score ({item.status}): {reason}", (cited,))
    log = grader_log(told.folder, number) if item.status == "error" else None
    if log is not None and log.crashes and log.crashes[-1].kind in LOADING:
        crash = log.crashes[-1]
        where = Cited.of(log.name, crash.line, crash.text, crash.end_line)
        yield replace(cause_of(crash, where), evidence=(where, cited))


def _grade(told: Told, number: int, text: str) -> Cited:
    seq = told.graded.get(number)
    return Cited.of("trace.jsonl", 0 if seq is None else seq + 1, text)


def _trained(told: Told, span: tuple[float, float]) -> list[Lines]:
    """What was logged up to the end of an iteration by the trainings that logged something in it."""
    low, high = span
    pieces = [piece for piece in told.pieces.all if piece.between(low, high)]
    return [piece.until(high) for piece in pieces]
