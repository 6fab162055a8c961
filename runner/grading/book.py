"""The submissions of a run: who may come in, in which order, and how each ended."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from posttrace.runner.grading.feedback import Feedback, better
from posttrace.runner.grading.record import Record, RecordLostError
from posttrace.runner.grading.submission import HTTP_STATUS, Answer, RefusedError, Submission, Verdict
from posttrace.traces.events import Best, SubmissionGraded, SubmissionReceived

NOT_COUNTED: Final = " (this submission does not count against the budget)"
"""Told with each end that has no score; see ``Book``."""


@dataclass(frozen=True)
class Admission:
    """Limits on coming in; null = none."""

    submissions: int | None
    wall_s: float | None
    max_queue: int


class Book:
    """Numbers, admits and closes submissions. Any thread may call it; it holds the order of the record.

    A submission is recorded before anybody hears of it and answered after its end is recorded. The budget is
    spent by submissions that wait, run or got a score: one that ends without a score gives its place back.
    """

    def __init__(
        self, record: Record, admission: Admission, feedback: Feedback, now_s: Callable[[], float]
    ) -> None:
        self.submissions: list[Submission] = []
        self.best: Best | None = None
        """By score on the feedback split; tie: the earliest."""
        self._feedback = feedback
        self.closing: str | None = None
        self._record = record
        self._admission = admission
        self._now_s = now_s
        self._lock = threading.Lock()
        self._scored: dict[str, Submission] = {}
        self._failed: dict[str, tuple[Submission, Verdict, int]] = {}
        """Latest failed evaluation of a content, and how many submissions had come in when it ended."""
        self._spent = 0
        self._pending = 0

    @property
    def remaining(self) -> int | None:
        """Submissions left in the budget; null = no limit."""
        limit = self._admission.submissions
        return None if limit is None else max(0, limit - self._spent)

    def receive(
        self, path: str, client_ts: str | None, *, paid: bool, enter: Callable[[Submission], None]
    ) -> Submission:
        """Record a submission and hand it to ``enter``, in order of arrival.

        Raises ``RefusedError`` when it may not come in, ``RecordLostError`` when it cannot be recorded.
        """
        with self._lock:
            self._admit(paid)
            submission = Submission(
                submission_id=len(self.submissions) + 1,
                path=path,
                received_s=self._now_s(),
                received_at=time.time(),
                paid=paid,
            )
            self._record.write(
                SubmissionReceived(submission_id=submission.submission_id, path=path, client_ts=client_ts)
            )
            self.submissions.append(submission)
            self._pending += 1
            self._spent += paid
            enter(submission)
            return submission

    def _admit(self, paid: bool) -> None:
        if self.closing is not None:
            raise RefusedError(503, "closing", f"the run is ending ({self.closing})")
        if self._record.failure is not None:
            raise RefusedError(503, "closing", "the run cannot be recorded any more")
        wall_s = self._admission.wall_s
        if wall_s is not None and self._now_s() >= wall_s:
            raise RefusedError(429, "budget", f"the time budget of {wall_s:g} s is used up")
        if self._pending >= self._admission.max_queue:
            raise RefusedError(
                429, "queue", f"{self._pending} submissions are waiting; wait for their scores"
            )
        if paid and self.remaining == 0:
            limit = self._admission.submissions
            raise RefusedError(429, "budget", f"the budget of {limit} submissions is used up")

    def seen(self, sha256: str) -> bool:
        """Whether content needs no evaluation of its own: it was scored, or waits for that."""
        waiting = (s.artifact for s in list(self.submissions) if s.pending and s.paid)
        return sha256 in self._scored or any(a is not None and a.sha256 == sha256 for a in waiting)

    def settle_known(self, submission: Submission) -> bool:
        """Finish a submission whose content needs no evaluation of its own; False when it does.

        Content that was scored makes it a ``duplicate``. Content whose evaluation failed *after* this
        submission came in shares that end; submitted later, it is evaluated anew.
        """
        sha256 = submission.artifact.sha256 if submission.artifact else ""
        if (scored := self._scored.get(sha256)) is not None:
            self._settle(submission, scored, Verdict("duplicate", score=scored.score))
            return True
        failed, verdict, received = self._failed.get(sha256, (None, None, 0))
        if failed is None or verdict is None or submission.submission_id > received:
            return False
        self._settle(submission, failed, Verdict(verdict.status, told=verdict.told or verdict.reason))
        return True

    def _settle(self, submission: Submission, earlier: Submission, verdict: Verdict) -> None:
        joined = replace(
            verdict,
            reason=f"the content of submission {earlier.submission_id}",
            duplicate_of=earlier.submission_id,
            queue_s=self._now_s() - submission.received_s,
        )
        self.finish(submission, joined)

    def pay(self, submission: Submission) -> bool:
        """Take a submission's place in the budget, if it has none yet; False when there is none left."""
        with self._lock:
            if not submission.paid and self.remaining != 0:
                submission.paid = True
                self._spent += 1
            return submission.paid

    def finish(self, submission: Submission, verdict: Verdict) -> None:
        """Record how a submission ended, then answer it. Raises ``RecordLostError``, and answers 503 then."""
        with self._lock:
            submission.feedback = self._tell(submission, verdict)
            event = graded_event(submission, verdict)
            try:
                self._record.write(event)
            except RecordLostError:
                lost = {"error": "the result cannot be recorded", "submission_id": submission.submission_id}
                self._close(submission, Verdict("cancelled"))
                submission.answer.set_result(Answer(503, lost))
                raise
            self._close(submission, verdict)
            self._remember(submission, verdict)
            submission.answer.set_result(self._answer(submission, verdict))

    def best_content(self, base: str | None) -> str | None:
        """Content hash of the best scored submission that is no copy of the base."""
        best: Best | None = None
        own = [s for s in self._scored.values() if s.artifact is not None and s.artifact.sha256 != base]
        for submission in own:
            if submission.score is not None:
                best = better(best, submission.submission_id, submission.score, self._feedback.task)
        artifact = None if best is None else self.submissions[best.submission_id - 1].artifact
        return None if artifact is None else artifact.sha256

    def _remember(self, submission: Submission, verdict: Verdict) -> None:
        """Only what is on record counts for the best and for duplicates."""
        score, artifact = submission.score, submission.artifact
        if submission.state == "graded" and score is not None and artifact is not None:
            self._scored[artifact.sha256] = submission
            self.best = better(self.best, submission.submission_id, score, self._feedback.task)
        elif verdict.evaluated is not None and artifact is not None:
            self._failed[artifact.sha256] = (submission, verdict, len(self.submissions))

    def _close(self, submission: Submission, verdict: Verdict) -> None:
        submission.state, submission.score = verdict.status, verdict.score
        self._pending -= 1
        if submission.paid and verdict.status != "graded":
            self._spent -= 1

    def _tell(self, submission: Submission, verdict: Verdict) -> dict[str, Any]:
        if verdict.status == "graded" and verdict.score is not None:
            return self._feedback.tell(submission.submission_id, verdict.score)
        if verdict.status == "duplicate" and verdict.duplicate_of is not None:
            earlier = self.submissions[verdict.duplicate_of - 1].feedback
            return dict(earlier or self._feedback.hidden())
        return self._feedback.without_score()

    def _answer(self, submission: Submission, verdict: Verdict) -> Answer:
        body = submission.head() | {
            **(submission.feedback or {}),
            "elapsed_seconds": self._now_s(),
            "total_submissions": len(self.submissions),
            "remaining_submissions": self.remaining,
            "duplicate_of": verdict.duplicate_of,
        }
        status = verdict.http or HTTP_STATUS[verdict.status]
        if status >= 400:
            said = verdict.told or verdict.reason
            body |= {"error": verdict.status if status < 500 else said, "reason": f"{said}{NOT_COUNTED}"}
        return Answer(status, body)


def graded_event(submission: Submission, verdict: Verdict) -> SubmissionGraded:
    """What the trace says of a submission's end."""
    evaluated = verdict.evaluated
    outcome = evaluated.outcome if evaluated else None
    event = SubmissionGraded(
        submission_id=submission.submission_id,
        status=verdict.status,
        reason=verdict.reason,
        duplicate_of=verdict.duplicate_of,
        split="feedback",
        artifact=submission.artifact,
        revision=submission.revision,
        score=verdict.score,
        feedback=submission.feedback,
        items=outcome.items if outcome else None,
        eval_seed=verdict.seed,
        evaluator=outcome.evaluator if outcome else None,
        queue_s=verdict.queue_s,
        duration_s=evaluated.duration_s if evaluated else None,
    )
    if evaluated and evaluated.network:
        event.extra = {"network": evaluated.network}
    return event
