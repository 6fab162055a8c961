"""A second pass over the trace of a run that was loaded."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from posttrace.analysis.runs.records import RunRecord
from posttrace.traces import TraceError, TraceReader
from posttrace.traces.events import AnyEvent, Event
from posttrace.traces.parent import Parent


def reread(run: RunRecord, kinds: Collection[type[Event]], *, grown: bool = False) -> Iterator[AnyEvent]:
    """Yield the events of ``kinds`` of a loaded run, in order.

    Raises ``TraceError`` at the end when the trace is not the one that was loaded; with ``grown`` it may have
    got more lines since, as that of a run that goes on.
    """
    reader = TraceReader(Path(run.path), kinds, verify=False)  # it was verified when it was loaded
    yield from reader
    if reader.head != run.head_hash and not (grown and Parent.read(reader.path, run.head_hash).has_head):
        raise TraceError(f"{run.path} changed since it was loaded; load it again")
