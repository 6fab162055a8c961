"""``log.metrics``: training metrics as the agent's code logged them."""

from __future__ import annotations

import math
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


def number(x: float) -> Number:
    """Return ``x`` as a trace carries it: itself when finite, else its name."""
    if math.isfinite(x):
        return x
    if math.isnan(x):
        return "NaN"
    return "Infinity" if x > 0 else "-Infinity"
