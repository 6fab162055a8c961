"""The trace that a rescore file belongs to, as far as the file can be checked against it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from posttrace.traces.chain import stated_hash
from posttrace.traces.errors import TraceError
from posttrace.traces.events import RunStarted, SubmissionReceived
from posttrace.traces.lines import Lines
from posttrace.traces.reader import TraceReader


@dataclass(frozen=True)
class Parent:
    """A run's trace, read for its rescoring."""

    error: str | None
    """Why the trace could not be read; the other fields are then empty."""
    run_id: str | None = None
    submissions: frozenset[int] = frozenset()
    has_head: bool = False
    """Whether some line of the trace has the hash that the rescoring names."""

    @classmethod
    def read(cls, path: Path, head: str) -> Self:
        """Read a trace in constant memory but for its submission ids; never raises ``TraceError``."""
        run_id, submissions = None, set()
        try:
            for event in TraceReader(path, (RunStarted, SubmissionReceived)):
                if isinstance(event, RunStarted):
                    run_id = event.run_id
                elif isinstance(event, SubmissionReceived):
                    submissions.add(event.submission_id)
            wanted = head.encode()
            has_head = any(stated_hash(line) == wanted for line in Lines(path))
        except TraceError as error:
            return cls(str(error))
        return cls(None, run_id, frozenset(submissions), has_head)
