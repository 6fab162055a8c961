"""``run.started`` and ``run.finished``: the first and the last line of a native trace."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from posttrace.traces.events.base import SCHEMA, Event

RunStatus = Literal["completed", "agent_failed", "timed_out", "interrupted", "infrastructure_failed"]
FINAL: frozenset[str] = frozenset({"completed", "agent_failed", "timed_out"})
"""Statuses that are outcomes of the agent. Rerunning one of them would be selection."""


class TaskInfo(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The task as far as an analysis needs it."""

    id: str
    level: Literal["L1", "L2", "L3"] | None
    metric: str
    n_items: int | None
    """Items of the split that submissions are graded on."""
    scale_max: float
    """Largest native score; analysis divides by it."""
    higher_is_better: bool = True
    judge: str | None = None


class AgentInfo(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Who acted: option id, the system behind it, the model that drives it, the mode asked for."""

    id: str
    system: str | None = None
    version: str | None = None
    driver: str | None = None
    mode: str | None = None


class BaseModelInfo(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The model the agent starts from. ``sha256`` is the artefact hash (see ``artifact_sha256``)."""

    id: str
    sha256: str | None
    bytes: int | None


class BudgetInfo(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Limits of the run; null = no limit."""

    wall_s: float | None = None
    submissions: int | None = None
    steps: int | None = None
    tokens: int | None = None
    usd: float | None = None


class SandboxInfo(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Where the agent ran, and what that really enforces."""

    kind: str
    isolates: list[str]
    """Of records, test_data, network, processes, resources: what an adversary cannot reach."""


class Software(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What recorded the run."""

    python: str | None
    posttrace: str | None
    git_commit: str | None = None
    git_dirty: bool | None = None


class Recorder(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Whether the trace was recorded while it happened or made from foreign records afterwards."""

    kind: Literal["native", "import"]
    importer: str | None = None
    source: str | None = None
    unknown: list[str] = []
    """What an importer could not know."""


class RunStarted(Event, tag="run.started", kw_only=True):
    """Everything that was decided before the agent started."""

    schema: Literal["posttrace/1"] = SCHEMA
    run_id: str
    cell_id: str
    seed: int | None
    attempt: int = 1
    retry_of: str | None = None
    config: dict[str, Any]
    """The resolved configuration, secrets replaced."""
    task: TaskInfo
    agent: AgentInfo
    base_model: BaseModelInfo
    budget: BudgetInfo
    sandbox: SandboxInfo
    host: dict[str, Any] | None = None
    software: Software
    recorder: Recorder


class Best(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The best submission by its selecting score (native scale; tie: the earliest)."""

    submission_id: int
    score: float


class RunFinished(Event, tag="run.finished", kw_only=True):
    """How the run ended. Without this line it was interrupted."""

    status: RunStatus
    reason: str | None
    exit_code: int | None
    wall_s: float | None
    submissions: int
    """Submissions received, whatever became of them."""
    best: Best | None
