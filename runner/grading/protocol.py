"""What the grading server and the grading child say to one another."""

from __future__ import annotations

import math
from typing import Any

import msgspec

from posttrace.runner.tasks.base import Outcome
from posttrace.traces.errors import GradingError
from posttrace.traces.events import Split


class Request(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """One evaluation, on the child's standard input."""

    task: dict[str, Any]
    """Resolved configuration node with ``_target_``."""
    model_dir: str
    split: Split
    seed: int
    memory_bytes: int | None
    network: bool
    parent: int
    """Process id of the server; the child does not outlive it."""


class Report(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What became of it, as one line on the pipe. Either ``outcome`` or ``error`` is set."""

    outcome: Outcome | None = None
    error: str | None = None
    """What is wrong with the checkpoint, in words that the agent may hear."""
    network: str
    """``cut``, ``allowed``, or ``open: <why it could not be cut>``."""


def check_outcome(outcome: Outcome) -> Outcome:
    """Return the outcome, or raise ``GradingError`` when it is no score: a failure is never a number."""
    items = outcome.items
    if not math.isfinite(outcome.score):
        raise GradingError(f"the score is {outcome.score}, which is no number")
    if len(items.ids) != len(items.values) or len(set(items.ids)) != len(items.ids):
        raise GradingError(f"{len(items.ids)} item ids and {len(items.values)} values do not belong together")
    if any(value is not None and not math.isfinite(value) for value in items.values):
        raise GradingError("an item's value is no number; a lost item must be null")
    return outcome
