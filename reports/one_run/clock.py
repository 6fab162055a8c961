"""How long a run has lasted as far as its trace tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from posttrace.analysis.runs.reread import reread
from posttrace.traces.reader import ALL_KINDS

if TYPE_CHECKING:
    from posttrace.analysis.runs.records import RunRecord


def last_seen_s(run: RunRecord) -> float | None:
    """Seconds from the start to the end of a finished run, else to its last event; null without times.

    Raises ``TraceError`` when the trace changed since it was loaded.
    """
    if run.wall_s is not None:
        return run.wall_s
    return max((event.t_s for event in reread(run, ALL_KINDS) if event.t_s is not None), default=None)
