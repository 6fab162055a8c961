"""``process.observed``: a process of the agent, seen by sampling."""

from __future__ import annotations

from posttrace.traces.events.base import Event


class ProcessObserved(Event, tag="process.observed", kw_only=True):
    """A process and its end. A *sample*: trainings are seen, a ``cp`` is not; absence is no evidence."""

    pid: int
    ppid: int | None
    argv: list[str]
    argv_b64: list[str] | None = None
    """Exact bytes, where an argument is not UTF-8."""
    cwd: str | None
    started_s: float | None
    """Seconds since the run started."""
    ended_s: float | None
    """First sample that no longer saw it; null while it ran when the recorder stopped."""
    exit_code: int | None
    interval_s: float
    """Seconds between samples."""
