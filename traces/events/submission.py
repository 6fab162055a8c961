"""``submission.received``, ``submission.graded``, ``submission.rescored``: the life of a submission."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from posttrace.traces.events.base import Evaluator, Event, Items
from posttrace.traces.events.baseline import Split

GradeStatus = Literal["graded", "duplicate", "rejected", "error", "timeout", "cancelled"]


class ArtifactRef(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The content that was graded, by hash."""

    sha256: str
    bytes: int


class SubmissionReceived(Event, tag="submission.received", kw_only=True):
    """The agent asked for a grade."""

    submission_id: int
    """1, 2, ... in order of arrival."""
    path: str
    """As the agent gave it."""
    client_ts: str | None = None


class SubmissionGraded(Event, tag="submission.graded", kw_only=True):
    """What became of a submission: exactly one for each received.

    ``graded``: scored. ``duplicate``: the content of an earlier submission; carries that one's score.
    ``rejected``: refused before any evaluation. ``error``, ``timeout``, ``cancelled``: no score exists.
    """

    submission_id: int
    status: GradeStatus
    reason: str | None = None
    duplicate_of: int | None = None
    split: Split
    artifact: ArtifactRef | None = None
    revision: str | None = None
    """Commit of the workspace's code when the submission arrived."""
    score: float | None = None
    """Native scale; null unless graded or duplicate."""
    feedback: dict[str, Any] | None = None
    """What the agent was told."""
    items: Items | None = None
    eval_seed: int | None = None
    evaluator: Evaluator | None = None
    queue_s: float | None = None
    duration_s: float | None = None
    """Seconds in the evaluation itself."""


class SubmissionRescored(Event, tag="submission.rescored", kw_only=True):
    """A later evaluation of a kept artefact, or of the baseline (``submission_id`` = "baseline")."""

    submission_id: int | Literal["baseline"]
    split: Split
    replicate: int
    score: float
    items: Items | None
    eval_seed: int | None
    evaluator: Evaluator | None
    duration_s: float | None


class RescoreStarted(Event, tag="rescore.started", kw_only=True):
    """First line of a ``rescore-<n>.jsonl``: anchors it to the head of the trace it belongs to."""

    schema: Literal["posttrace/1"] = "posttrace/1"
    run_id: str
    parent_head: str
    """Hash of the last line of the run's trace when the rescoring began."""
