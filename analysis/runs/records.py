"""One run as an analysis sees it: everything the audit needs, on the 0..1 scale, higher is better."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from posttrace.analysis.arrays import FloatArray
from posttrace.traces.events import RunStarted, RunStatus

State = Literal["final", "superseded", "interrupted", "infrastructure_failed", "invalid"]
"""final: the first final attempt of its (cell, seed), which analyses use; every other state is excluded."""


@dataclass(frozen=True)
class Evaluation:
    """One scoring of one model on one split.

    ``values`` has one entry an item, in the order of ``item_ids``: NaN where the evaluator lost the item.
    Scores and values are native / ``scale_max``, flipped when lower is better. ``None`` = not recorded.
    """

    replicate: int
    split: str
    score: float
    item_ids: tuple[str, ...] | None
    values: FloatArray | None
    clusters: tuple[str, ...] | None
    evaluator: str | None
    """``id@version``."""
    eval_seed: int | None
    duration_s: float | None


@dataclass(frozen=True)
class Submission:
    """One submission and what became of it."""

    submission_id: int
    status: str
    """A ``GradeStatus``, or ``pending`` when the trace ends before it was graded."""
    reason: str | None
    duplicate_of: int | None
    path: str
    artifact_sha256: str | None
    is_base_copy: bool
    """The graded content has the base model's artefact hash."""
    revision: str | None
    received_s: float | None
    graded_s: float | None
    queue_s: float | None
    evaluation: Evaluation | None
    """Only for status ``graded``."""
    rescored: tuple[Evaluation, ...] = ()


@dataclass(frozen=True)
class RunRecord:
    """One run, read in one pass over its trace and its rescore files."""

    path: str
    run_id: str
    started: RunStarted
    state: State
    state_reason: str | None
    status: RunStatus
    """``interrupted`` when the trace has no ``run.finished``."""
    status_reason: str | None
    exit_code: int | None
    wall_s: float | None
    head_hash: str
    torn: bool
    baseline: tuple[Evaluation, ...]
    """Every scoring of the base: all splits, all replicates."""
    baseline_rescored: tuple[Evaluation, ...]
    submissions: tuple[Submission, ...]
    flags: dict[str, int] = field(default_factory=dict)
    """Integrity flag kind -> count."""
    feedback: str | None = None
    """The grading.feedback policy: score, ladder, heldout, none."""
    unusable: dict[str, str] = field(default_factory=dict)
    """Path of a rescore file that was left out -> why."""

    @property
    def split(self) -> str | None:
        """The split that submissions were graded on; ``None`` when there is none, or more than one."""
        splits = {item.evaluation.split for item in self.submissions if item.evaluation is not None}
        return splits.pop() if len(splits) == 1 else None

    @property
    def best(self) -> Submission | None:
        """The graded submission with the largest score, the earliest of equals: what the run reports."""
        best: tuple[float, Submission] | None = None
        for submission in self.submissions:
            score = submission.evaluation.score if submission.evaluation is not None else None
            if score is not None and (best is None or score > best[0]):
                best = score, submission
        return None if best is None else best[1]

    def baseline_on(self, split: str | None) -> tuple[Evaluation, ...]:
        """Scorings of the base model on a split, in the run itself (not the later ones)."""
        return tuple(item for item in self.baseline if item.split == split)


@dataclass(frozen=True)
class Exclusion:
    """A file that analyses leave out, and why."""

    path: str
    state: State
    reason: str
