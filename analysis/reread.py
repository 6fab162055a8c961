"""A second pass over the trace of a run that was loaded."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from posttrace.analysis.records import RunRecord
from posttrace.traces import TraceError, TraceReader
from posttrace.traces.events import AnyEvent, Event


def reread(run: RunRecord, kinds: Collection[type[Event]]) -> Iterator[AnyEvent]:
    """Yield the events of ``kinds`` of a loaded run, in order.

    Raises ``TraceError`` at the end when the trace is not the one that was loaded.
    """
    reader = TraceReader(Path(run.path), kinds, verify=False)  # it was verified when it was loaded
    yield from reader
    if reader.head != run.head_hash:
        raise TraceError(f"{run.path} changed since it was loaded; load it again")
