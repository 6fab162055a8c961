"""``log.metrics``: training metrics as the agent's code logged them."""

from __future__ import annotations

from typing import Literal

from posttrace.traces.events.base import Event

Number = float | Literal["NaN", "Infinity", "-Infinity"]
"""JSON has no non-finite numbers; a diverged loss is evidence and is kept as its name."""


class LogMetrics(Event, tag="log.metrics", kw_only=True):
    """One logged line of metrics."""

    source: str
    """File the line was read from, relative to the workspace, or ``stdout``."""
    step: int | None
    values: dict[str, Number]
