"""``baseline.evaluated``: one scoring of the base model."""

from __future__ import annotations

from typing import Literal

from posttrace.traces.events.base import Evaluator, Event, Items

Split = Literal["feedback", "sealed", "fresh"]
"""feedback: what the agent hears of; sealed: never fed back; fresh: drawn after the selection."""


class BaselineEvaluated(Event, tag="baseline.evaluated", kw_only=True):
    """One scoring of the base model on one split; replicates differ in ``eval_seed`` alone."""

    split: Split
    replicate: int
    """0, 1, 2, ... within the split."""
    score: float
    items: Items | None
    eval_seed: int | None
    evaluator: Evaluator | None
    duration_s: float | None
