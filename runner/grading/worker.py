"""The one thread that grades: one submission at a time, in order of arrival."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from posttrace.runner.artifacts import remove_artifact
from posttrace.runner.grading.book import Book
from posttrace.runner.grading.evaluation import Evaluated, Evaluation, Grader
from posttrace.runner.grading.flags import FlagLog
from posttrace.runner.grading.kept import KeptArtifacts
from posttrace.runner.grading.record import Record, RecordLostError
from posttrace.runner.grading.seeds import submission_seed
from posttrace.runner.grading.submission import Submission, Verdict
from posttrace.traces.events import ArtifactRef, Split, SubmissionRescored

Finish = Literal["all", "running", "none"]
"""At the end of a run: grade everything that came in, only what is being graded, or nothing more."""


@dataclass
class Worker:
    """Grades what is put in; ``close`` ends it."""

    book: Book
    record: Record
    flags: FlagLog
    grader: Grader
    kept: KeptArtifacts
    run_seed: int
    sealed: bool
    """Score the sealed split beside the feedback split."""
    copy_of: Callable[[Submission], Path]
    now_s: Callable[[], float]
    _queue: queue.SimpleQueue[Submission | None] = field(default_factory=queue.SimpleQueue)
    _stopping: str | None = None
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to grade."""
        self._thread = threading.Thread(target=self._run, name="grading", daemon=True)
        self._thread.start()

    def put(self, submission: Submission) -> None:
        """Queue a submission."""
        self._queue.put(submission)

    def stop(self, reason: str, finish: Finish) -> None:
        """Begin no new evaluation (``running``), end the one under way too (``none``), or go on (``all``)."""
        if finish != "all":
            self._stopping = reason
        if finish == "none":
            self.grader.cancel()

    def close(self, reason: str) -> None:
        """End when the queue is empty; nothing may be put in any more. Every submission has its end then."""
        self._queue.put(None)
        if self._thread is not None:
            self._thread.join()
        for submission in self.book.submissions:
            if submission.pending:  # the thread broke down before it came to this one
                with contextlib.suppress(RecordLostError):
                    self.book.finish(submission, Verdict("cancelled", reason=reason))

    def _run(self) -> None:
        try:
            while (submission := self._queue.get()) is not None:
                try:
                    self._handle(submission)
                except RecordLostError:
                    continue  # it has been answered; ``Record`` knows, and the run ends because of it
                finally:
                    remove_artifact(self.copy_of(submission))
        except BaseException:
            self.record.fail("the grading thread broke down")
            raise

    def _handle(self, submission: Submission) -> None:
        submission.copied.wait()
        if not submission.pending or submission.artifact is None:
            return
        if self.book.settle_known(submission):
            return
        if self._stopping is not None:
            self.book.finish(
                submission, Verdict("cancelled", reason=self._stopping, told="the run has ended")
            )
        elif not self.book.pay(submission):
            reason = "the budget of submissions is used up"
            self.book.finish(submission, Verdict("rejected", reason=reason, http=429))
        else:
            self._grade(submission, submission.artifact)

    def _grade(self, submission: Submission, artifact: ArtifactRef) -> None:
        queue_s = self.now_s() - submission.received_s
        submission.state = "grading"
        place = self.copy_of(submission)
        seed = submission_seed(self.run_seed, submission.submission_id, "feedback")
        evaluated = self._evaluate(submission, place, "feedback", seed)
        score = evaluated.outcome.score if evaluated.outcome else None
        verdict = Verdict(
            evaluated.status,
            reason=evaluated.reason,
            told=evaluated.told,
            score=score,
            seed=seed,
            evaluated=evaluated,
            queue_s=queue_s,
        )
        if score is not None:
            place = self.kept.put(place, artifact.sha256)
        self.book.finish(submission, verdict)
        if score is not None and self.sealed:
            self._seal(submission, place)
        self.kept.prune(self.book.best_content(self.kept.base))

    def _evaluate(self, submission: Submission, place: Path, split: Split, seed: int) -> Evaluated:
        name = f"submission-{submission.submission_id}-{split}"
        try:
            return self.grader.evaluate(Evaluation(place, split, seed, name))
        except OSError as error:  # no process, no pipe, no scratch directory: ours, not the agent's
            told = "the grader could not be started"
            return Evaluated("error", 0.0, reason=f"{told}: {error}", told=told)

    def _seal(self, submission: Submission, place: Path) -> None:
        """Score the sealed split; the agent has its answer and hears nothing of this."""
        seed = submission_seed(self.run_seed, submission.submission_id, "sealed")
        evaluated = self._evaluate(submission, place, "sealed", seed)
        if evaluated.outcome is None:
            failed = {"submission_id": submission.submission_id, "reason": evaluated.reason}
            self.flags.note("sealed_evaluation_failed", evaluated.status, **failed)
            return
        event = SubmissionRescored(
            submission_id=submission.submission_id,
            split="sealed",
            replicate=0,
            score=evaluated.outcome.score,
            items=evaluated.outcome.items,
            eval_seed=seed,
            evaluator=evaluated.outcome.evaluator,
            duration_s=evaluated.duration_s,
        )
        self.record.write(event)
