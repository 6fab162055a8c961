"""The head hash of a trace, from its last bytes alone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from posttrace.traces.chain import GENESIS, LINE_LIMIT, stated_hash
from posttrace.traces.errors import TraceError

_BLOCK: Final = 64 * 1024
_SEAL: Final = 128
"""Enough bytes of a line's end to hold its hash."""


class Head(NamedTuple):
    """The end of a trace."""

    hash: str
    """What the last complete line states, unchecked; 64 zeros when there is none."""
    torn: bool
    """Whether bytes without a newline follow it."""


def read_head(path: Path) -> Head:
    """Return the head of a trace without reading the rest; as the key of a cache, not as a check.

    Raises ``TraceError`` when the file cannot be read or its last lines are longer than a trace's can be.
    """
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            end = _last_newline(file, size) + 1
            file.seek(max(0, end - _SEAL))
            line = file.read(min(end, _SEAL))
    except OSError as error:
        raise TraceError(f"{path} cannot be read: {error.strerror}") from error
    if end == 0 and size > LINE_LIMIT:
        raise TraceError(f"{path} is not a trace: it has no line end")
    return Head(stated_hash(line).decode("ascii", "replace") if line else GENESIS, end < size)


def _last_newline(file: BinaryIO, size: int) -> int:
    """Return the position of the last newline, or -1."""
    start = size
    while start > 0:
        start, stop = max(0, start - _BLOCK), start
        file.seek(start)
        at = file.read(stop - start).rfind(b"\n")
        if at >= 0:
            return start + at
    return -1
