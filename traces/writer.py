"""The one writer of a trace."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeVar

from msgspec.structs import replace

from posttrace.traces.appendfile import AppendFile
from posttrace.traces.chain import GENESIS, seal, stated_hash
from posttrace.traces.clock import Clock
from posttrace.traces.encode import Encoder
from posttrace.traces.errors import TraceError
from posttrace.traces.events import (
    BaselineEvaluated,
    Event,
    IntegrityFlag,
    RescoreStarted,
    RunFinished,
    RunStarted,
    SubmissionGraded,
    SubmissionReceived,
    SubmissionRescored,
)

SYNCED: Final[tuple[type[Event], ...]] = (
    BaselineEvaluated,
    IntegrityFlag,
    RescoreStarted,
    RunFinished,
    RunStarted,
    SubmissionGraded,
    SubmissionReceived,
    SubmissionRescored,
)
"""Kinds that are on the disk before ``write`` returns; they are rare, and others act on them."""

_ATTEMPTS: Final = 8
"""Times in a row that a stranger may get in between the check and the write of one event."""

E = TypeVar("E", bound=Event)


class TraceWriter:
    """Appends events to a new trace; safe to call from any thread of the process that made it.

    One thread owns the file. ``write`` hands it the event, waits, and returns the event as recorded: stamped
    with ``seq``, ``ts`` and ``t_s``, secrets replaced, overlong strings cut. When ``write`` returns, the line
    is in the file (it survives a kill of the process); for ``submission.*``, ``baseline.*``, ``run.*``,
    ``rescore.started`` and ``integrity.flag`` it is on the disk (it survives a power cut). When it raises, no
    byte of the event is in the file and the writer can go on.

    Every failure is raised in the caller: ``TraceError`` for an event that cannot be recorded, for a file
    that cannot be written, and after ``run.finished``, which is the last line; ``DiskFullError`` when there
    is no room. After a ``DiskFullError`` only ``submission.graded`` and ``run.finished`` are taken: 1 MiB of
    the disk is kept back for them from the start.

    Before each line the file is compared with what was written last (identity, size, last 4 KiB). A foreign
    write is recorded as one ``integrity.flag`` of kind ``record_tampering``, and nothing a stranger wrote is
    destroyed: ``posttrace.traces.foreign`` says what is done and what validation says afterwards.

    ``secrets`` maps names to values: each value is replaced by ``<secret:NAME>`` in every string before it is
    hashed. Names are the caller's choice of what is secret: a value as common as ``1`` mangles every text.

    Raises ``TraceError`` when ``path`` exists: a trace is opened for appending once in its life.
    """

    def __init__(
        self, path: Path, *, clock: Clock | None = None, secrets: Mapping[str, str] | None = None
    ) -> None:
        self.path = path
        self.clock = clock or Clock()
        self._encoder = Encoder(secrets or {})
        self._file = AppendFile(path)
        self._head = GENESIS
        self._seq = 0
        self._finished = False
        self._closed = False
        self._pid = os.getpid()
        self._handing_over = threading.Lock()
        self._owner = ThreadPoolExecutor(max_workers=1, thread_name_prefix="trace-writer")

    @property
    def head(self) -> str:
        """Hash of the last line written; 64 zeros before the first."""
        return self._head

    def write(self, event: E) -> E:
        """Record ``event`` and return it as recorded."""
        if os.getpid() != self._pid:
            raise TraceError(f"{self.path} belongs to process {self._pid}: a forked child cannot write to it")
        with self._handing_over:
            if self._closed:
                raise TraceError(f"{self.path} is closed")
            recorded = self._owner.submit(self._record, event)
        return recorded.result()

    def close(self) -> None:
        """Wait for events under way, then close the file; a second call does nothing."""
        with self._handing_over:
            if self._closed:
                return
            self._closed = True
        self._owner.shutdown()
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _record(self, event: E) -> E:
        if self._finished:
            raise TraceError(f"{self.path} has its run.finished, which is the last line: nothing can follow")
        for _ in range(_ATTEMPTS):
            evidence = self._file.settle(last_words=self._last_words(event))
            if evidence is not None:
                evidence["expected_head"] = self._head
                if self._line(IntegrityFlag(kind="record_tampering", evidence=evidence)) is None:
                    continue
            written = self._line(event)
            if written is not None:
                self._finished = isinstance(event, RunFinished)
                return written
        raise TraceError(f"{self.path}: another process keeps writing to it")

    def _last_words(self, event: Event) -> bool:
        """Tell whether the reserve is for this event."""
        return isinstance(event, RunFinished) or (
            self._file.full and isinstance(event, SubmissionGraded | IntegrityFlag)
        )

    def _line(self, event: E) -> E | None:
        """Append one line; None when a stranger got in first."""
        ts, t_s = self.clock.stamp()
        stamped, body = self._encoder.encode(replace(event, seq=self._seq, ts=ts, t_s=t_s))
        line = seal(self._head, body)
        sync, last_words = isinstance(event, SYNCED), self._last_words(event)
        if not self._file.append(line, sync=sync, last_words=last_words):
            return None
        self._seq += 1
        self._head = stated_hash(line).decode()
        return stamped
