"""The grading service of one run: base first, then submissions over HTTP until it is closed."""

from __future__ import annotations

import contextlib
import secrets
import shutil
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any, Final, Protocol

from posttrace.runner.artifacts import remove_artifact
from posttrace.runner.grading.baseline import BaselineGrading
from posttrace.runner.grading.book import Admission, Book
from posttrace.runner.grading.evaluation import Grader
from posttrace.runner.grading.feedback import Feedback
from posttrace.runner.grading.flags import FlagLog
from posttrace.runner.grading.intake import BaseContent, Intake
from posttrace.runner.grading.kept import KeptArtifacts
from posttrace.runner.grading.record import Record, RecordLostError
from posttrace.runner.grading.settings import GradingSettings
from posttrace.runner.grading.submission import RefusedError, Submission
from posttrace.runner.grading.worker import Finish, Worker
from posttrace.runner.layout import RunDir
from posttrace.runner.tasks.base import Task
from posttrace.traces.errors import GradingError
from posttrace.traces.events import BaselineEvaluated, BaseModelInfo, Best, BudgetInfo, Event, Split

if TYPE_CHECKING:
    from posttrace.runner.grading.server import Server

__all__ = ["GradingService", "GradingSettings"]

INTAKE_THREADS: Final = 4
"""Submissions that are copied at a time."""


class SecondsClock(Protocol):
    """Monotonic seconds since the run started."""

    def t_s(self) -> float:
        """Seconds."""
        ...


class GradingService:
    """Scores the base, then serves one agent. ``write`` must be callable from any thread.

    ``task_spec`` is the resolved configuration node of the task (with ``_target_``), from which each grading
    child builds its own ``task``. ``revision()`` snapshots the workspace's code and returns the commit.
    ``token`` is drawn when none is given; whoever gives it can keep it out of the trace.
    """

    def __init__(
        self,
        run: RunDir,
        *,
        task_spec: Mapping[str, Any],
        task: Task,
        base_dir: Path,
        base: BaseModelInfo,
        settings: GradingSettings,
        budget: BudgetInfo,
        seed: int,
        write: Callable[[Event], object],
        clock: SecondsClock,
        revision: Callable[[], str | None],
        token: str | None = None,
    ) -> None:
        self.settings = settings
        self.task = task
        self._run, self._base_dir, self._base = run, base_dir, base
        self._budget, self._seed, self._clock, self._revision = budget, seed, clock, revision
        self._token = token or secrets.token_urlsafe(24)
        self._record = Record(write)
        self._flags = FlagLog(self._record.write, clock.t_s)
        self._grader = Grader(task_spec, run, settings)
        self._kept = KeptArtifacts(run, settings.keep)
        self._notes = ThreadPoolExecutor(1, thread_name_prefix="grading-flags")
        self._intake_pool = ThreadPoolExecutor(INTAKE_THREADS, thread_name_prefix="grading-intake")
        self._content: BaseContent | None = None
        self._feedback: Feedback | None = None
        self._book: Book | None = None
        self._intake: Intake | None = None
        self._worker: Worker | None = None
        self._server: Server | None = None
        self._started_s = clock.t_s()
        self._closed = False

    @property
    def best(self) -> Best | None:
        """The best scored submission by its score on the feedback split."""
        return self._book.best if self._book else None

    @property
    def received(self) -> int:
        """Submissions received, whatever became of them."""
        return len(self._book.submissions) if self._book else 0

    @property
    def last_submit_time(self) -> float | None:
        """Unix seconds of the latest submission."""
        return self._book.submissions[-1].received_at if self.received and self._book else None

    @property
    def failure(self) -> str | None:
        """Why the run cannot go on (no room for the record, a broken server); null while it can."""
        return self._record.failure

    def evaluate_baseline(self) -> list[BaselineEvaluated]:
        """Score the base and record it. Raises ``GradingError`` when that gives no score.

        The agent hears the mean of the replicates on the feedback split.
        """
        splits: tuple[Split, ...] = ("feedback",)
        if self.settings.feedback == "heldout":
            splits = ("feedback", "sealed")
        grading = BaselineGrading(
            run=self._run,
            record=self._record,
            grader=self._grader,
            kept=self._kept,
            replicates=self.settings.baseline_replicates,
            splits=splits,
            seed=self._seed,
        )
        self._content, events = grading.evaluate(self._base_dir, self._base)
        baseline = fmean(event.score for event in events if event.split == "feedback")
        self._feedback = Feedback(self.settings.feedback, self.task.info, baseline, self.settings.ladder_eta)
        return events

    def start(self) -> str:
        """Begin to listen; return the URL with the run's token. The wall budget starts to run.

        Raises ``GradingError`` before ``evaluate_baseline``, ``ConfigError`` when the port is taken.
        """
        from posttrace.runner.grading.app import build_app
        from posttrace.runner.grading.server import Server

        if self._content is None or self._feedback is None:
            raise GradingError("the base model has no score yet; call evaluate_baseline() first")
        self._server = Server(build_app(self, self._token), self.settings.host, self.settings.port)
        self._started_s = self._clock.t_s()
        self._assemble(self._content, self._feedback)
        self._server.start()
        return f"{self._server.url}/r/{self._token}"

    def _assemble(self, content: BaseContent, feedback: Feedback) -> None:
        limits = Admission(self._budget.submissions, self._budget.wall_s, self.settings.max_queue)
        book = Book(self._record, limits, feedback, self.elapsed_s)
        worker = Worker(
            book=book,
            record=self._record,
            flags=self._flags,
            grader=self._grader,
            kept=self._kept,
            run_seed=self._seed,
            sealed=self.settings.feedback == "heldout",
            copy_of=self._copy_of,
            now_s=self.elapsed_s,
        )
        self._book, self._worker = book, worker
        self._intake = Intake(
            self._run, book, self._record, self._flags, content, self._revision, self._copy_of, worker.put
        )
        worker.start()

    def _copy_of(self, submission: Submission) -> Path:
        return self._run.grading / f"submission-{submission.submission_id}"

    def elapsed_s(self) -> float:
        """Seconds since ``start``."""
        return self._clock.t_s() - self._started_s

    def submit(self, path: str, client_ts: str | None) -> Future[Submission]:
        """Take a submission in, in another thread. Raises ``RefusedError`` when the service is closing."""
        if self._closed or self._intake is None:
            self.refused("refused_closing", "closing", path=path)
            raise RefusedError(503, "closing", "the run is ending")
        try:
            return self._intake_pool.submit(self._intake.submit, path, client_ts)
        except RuntimeError as error:  # the pool was shut down in between
            raise RefusedError(503, "closing", "the run is ending") from error

    def refused(self, kind: str, what: str, **evidence: Any) -> None:
        """Record a request that was refused, as a flag of this kind; returns at once."""
        shown = {k: str(v).replace(self._token, "<secret:token>") for k, v in evidence.items()}
        with contextlib.suppress(RuntimeError):  # closed: nobody counts any more
            self._notes.submit(self._flags.note, kind, what, **shown)

    def submissions(self) -> list[Submission]:
        """All submissions so far, in order."""
        return list(self._book.submissions) if self._book else []

    def time(self) -> dict[str, Any]:
        """The clock as the agent may read it; unix seconds, null = no limit."""
        now, limit = time.time(), self._budget.wall_s
        return {
            "start_time": now - self.elapsed_s(),
            "timeout_s": limit,
            "now": now,
            "remaining": None if limit is None else max(0.0, limit - self.elapsed_s()),
            "last_submit_time": self.last_submit_time,
            "submissions_left": self._book.remaining if self._book else self._budget.submissions,
        }

    def health(self) -> dict[str, str]:
        """Whether submissions are taken, and for which task."""
        closed = self._closed or self.failure is not None
        return {"status": "closing" if closed else "ok", "task": self.task.info.id}

    def close(self, reason: str, finish: Finish = "running") -> None:
        """End the service: new submissions get 503, each received one gets its end, the server stops.

        ``finish`` says what is still graded; the rest is ``cancelled`` with ``reason``. An evaluation under
        way has been paid for with the agent's time, so by default it may end. A second call does nothing.
        """
        if self._closed:
            return
        self._closed = True
        if self._book is not None:
            self._book.closing = reason
        if self._worker is None:
            self._grader.cancel()
        else:
            self._worker.stop(reason, finish)
        self._intake_pool.shutdown()
        if self._worker is not None:
            self._worker.close(reason)
        if self._server is not None:
            self._server.stop()
        self._notes.shutdown()
        with contextlib.suppress(RecordLostError):  # ``failure`` is set then
            self._kept.check(self._flags)
            self._flags.flush()
        self._clean()

    def _clean(self) -> None:
        """Delete copies that a failure left behind."""
        if self._run.grading.is_dir():
            for copy in self._run.grading.iterdir():
                remove_artifact(copy)
            shutil.rmtree(self._run.grading)
