"""The way from the grading server into the trace."""

from __future__ import annotations

import threading
from collections.abc import Callable

from posttrace.traces.errors import PosttraceError, TraceError
from posttrace.traces.events import Event


class RecordLostError(PosttraceError):
    """An event could not be recorded, so nothing may be promised any more."""


class Record:
    """Writes events, and remembers that it failed. Callable from any thread."""

    def __init__(self, write: Callable[[Event], object]) -> None:
        self._write = write
        self._lock = threading.Lock()
        self._failure: str | None = None

    @property
    def failure(self) -> str | None:
        """Why the record is incomplete; null while it is whole."""
        return self._failure

    def fail(self, reason: str) -> None:
        """Note that the run cannot go on; the first reason stands."""
        with self._lock:
            self._failure = self._failure or reason

    def write(self, event: Event) -> None:
        """Record an event. Raises ``RecordLostError``; later calls try again."""
        try:
            self._write(event)
        except (TraceError, OSError) as error:
            self.fail(str(error))
            raise RecordLostError(str(error)) from error
