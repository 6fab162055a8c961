"""Reading a trace that is still being written."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

import msgspec

from posttrace.traces.chain import GENESIS, LINE_LIMIT, split, stated_hash, verify
from posttrace.traces.errors import ChainError, InputError, TraceError
from posttrace.traces.events import AnyEvent, Event
from posttrace.traces.find import TRACE_NAME, find_traces
from posttrace.traces.reader import decode, event_decoder, not_a_line, type_prefix

CLAIM_NAME: Final = "claim.json"
"""Stands in a run directory before its trace does."""


def awaited_trace(path: Path) -> Path:
    """Return the one trace that ``path`` means; it may be about to be written.

    ``path``: a trace, a run directory, or a directory above a single run. Raises ``InputError`` otherwise.
    """
    begun = path.is_dir() and (path / CLAIM_NAME).exists()
    if begun or (not path.exists() and path.suffix == ".jsonl" and path.parent.is_dir()):
        return path / TRACE_NAME if begun else path
    found = find_traces([path])
    if len(found) > 1:
        raise InputError(f"{path} holds {len(found)} runs: name one of them to follow it")
    return found[0]


class TraceTail:
    """Yields what was appended to a trace since the last look, with the checks of ``TraceReader``.

    A last line without its newline is left for the next look: it may still be going on. The file need not
    exist yet. Only the place reached is kept between looks, not the file.

    Raises ``ChainError`` at the first line that does not follow from the one before, and ``TraceError`` for a
    wanted line that is not a ``posttrace/1`` event, for a file that got shorter than what was read, and for
    one that cannot be read; the text begins with the path.
    """

    def __init__(self, path: Path, kinds: Collection[type[Event]]) -> None:
        self.path = path
        self.n_lines = 0
        """Complete lines seen so far."""
        self._prefixes = tuple(type_prefix(kind) for kind in kinds)
        self._decoder = event_decoder(kinds)
        self._previous = GENESIS.encode()
        self._offset = 0

    def new(self) -> Iterator[AnyEvent]:
        """The events since the last look, as far as they are wanted. A look that is not finished goes on."""
        for line in self._lines():
            self._offset += len(line)
            self.n_lines += 1
            if not verify(self._previous, line):
                raise self._broken(line)
            self._previous = stated_hash(line)
            if line.startswith(self._prefixes):
                yield self._decode(line)

    def _lines(self) -> Iterator[bytes]:
        try:
            file = self.path.open("rb")
        except FileNotFoundError:
            return
        except OSError as error:
            raise TraceError(f"{self.path} cannot be read: {error.strerror}") from error
        with file:
            if file.seek(0, 2) < self._offset:
                raise TraceError(f"{self.path} got shorter while it was read: another file took its place")
            file.seek(self._offset)
            while line := file.readline(LINE_LIMIT):
                if line[-1] != 10 and len(line) < LINE_LIMIT:
                    return
                yield line

    def _decode(self, line: bytes) -> AnyEvent:
        sealed = split(line)
        if sealed is None:
            raise self._broken(line)
        try:
            return decode(self._decoder, sealed.signed)
        except msgspec.DecodeError as error:
            raise TraceError(f"{self.path}:{self.n_lines}: not a posttrace/1 event: {error}") from error

    def _broken(self, line: bytes) -> ChainError:
        what = "does not follow from the line before: one of the two was changed, or lines are missing"
        if split(line) is None:
            what = not_a_line(b"" if line[-1] != 10 else line)
        return ChainError(f"{self.path}:{self.n_lines}: {what}")
