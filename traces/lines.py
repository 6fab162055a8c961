"""The lines of a trace as bytes, one at a time, whatever is in the file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from posttrace.traces.chain import LINE_LIMIT
from posttrace.traces.errors import TraceError

_BUFFER: Final = 1024 * 1024


class Lines:
    """Iterates over the complete lines of a file, newline included; holds one line at a time.

    What follows the last newline is a torn tail: it is not a line, ``torn_bytes`` counts it. A line beyond
    the limit of 8 MiB comes as ``b""``, which no line is otherwise; its bytes are passed over, not held.
    Raises ``TraceError`` when the file cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.torn_bytes = 0
        self.whole_bytes = 0
        """Bytes up to and with the newline of the last complete line seen."""

    def __iter__(self) -> Iterator[bytes]:
        try:
            file = self.path.open("rb", buffering=_BUFFER)
        except OSError as error:
            raise TraceError(f"{self.path} cannot be read: {error.strerror}") from error
        with file:
            while line := file.readline(LINE_LIMIT):
                if line[-1] == 10:
                    self.whole_bytes += len(line)
                    yield line
                    continue
                passed, ended = _pass_over(file)
                if not ended:
                    self.torn_bytes = len(line) + passed
                    return
                self.whole_bytes += len(line) + passed
                yield b""


def _pass_over(file: BinaryIO) -> tuple[int, bool]:
    """Read on to the next newline; return the bytes passed and whether there was one."""
    passed = 0
    while part := file.readline(_BUFFER):
        passed += len(part)
        if part[-1] == 10:
            return passed, True
    return passed, False
