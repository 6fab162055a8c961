"""What goes into a run and what comes out of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from posttrace.runner.layout import RunDir
from posttrace.traces.events import RunStatus


@dataclass(frozen=True)
class Job:
    """A claimed attempt and its resolved configuration."""

    config: Mapping[str, Any]
    run: RunDir
    attempt: int
    retry_of: int | None = None


@dataclass(frozen=True)
class Ending:
    """How a run ended."""

    status: RunStatus
    reason: str | None = None
    exit_code: int | None = None


@dataclass(frozen=True)
class RunResult:
    """What a sweep keeps of a run: where its record is, and the anchor of its hash chain."""

    run_id: str
    path: str
    status: str
    reason: str | None
    submissions: int
    best: float | None
    """Native score of the best submission."""
    head_hash: str
