"""A submission while the server holds it, and how it can end."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Literal

from posttrace.runner.grading.evaluation import Evaluated
from posttrace.traces.errors import PosttraceError
from posttrace.traces.events import ArtifactRef, GradeStatus

HTTP_STATUS: Final[dict[GradeStatus, int]] = {
    "graded": 200,
    "duplicate": 200,
    "rejected": 400,
    "error": 500,
    "timeout": 500,
    "cancelled": 503,
}


class RefusedError(PosttraceError):
    """A request that does not become a submission; ``error`` is one word for programs."""

    def __init__(self, status: int, error: str, reason: str) -> None:
        super().__init__(reason)
        self.status, self.error = status, error


@dataclass(frozen=True)
class Answer:
    """What a client gets: HTTP status and JSON body."""

    status: int
    body: dict[str, Any]


@dataclass(frozen=True)
class Verdict:
    """How a submission ended."""

    status: GradeStatus
    reason: str | None = None
    told: str | None = None
    """The reason in words for the agent; null = the same."""
    http: int | None = None
    """Null = the usual one of the status."""
    duplicate_of: int | None = None
    score: float | None = None
    seed: int | None = None
    evaluated: Evaluated | None = None
    queue_s: float | None = None


@dataclass
class Submission:
    """One submission; the ``Book`` changes it, everybody may read it."""

    submission_id: int
    path: str
    received_s: float
    received_at: float
    """Unix seconds."""
    paid: bool
    """False when it was let in beyond the budget because its content has been seen."""
    state: GradeStatus | Literal["queued", "grading"] = "queued"
    copied: threading.Event = field(default_factory=threading.Event)
    """Set once ``artifact`` is known, or never will be."""
    artifact: ArtifactRef | None = None
    revision: str | None = None
    score: float | None = None
    feedback: dict[str, Any] | None = None
    answer: Future[Answer] = field(default_factory=Future)

    @property
    def pending(self) -> bool:
        """Whether it still waits for its end."""
        return self.state in ("queued", "grading")

    def head(self) -> dict[str, Any]:
        """What is known from the start."""
        received = datetime.fromtimestamp(self.received_at, UTC)
        return {
            "submission_id": self.submission_id,
            "timestamp": received.isoformat(timespec="microseconds"),
            "model_path": self.path,
            "status": self.state,
        }
