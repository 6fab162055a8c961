"""Reading a file that somebody else is still writing."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from typing import Final

MAX_LINE_BYTES: Final = 1 << 16
MAX_READ_BYTES: Final = 8 << 20
"""In one look; the rest is read at the next."""
MAX_LAST_BYTES: Final = 256 << 20
"""In the last look, which has no next; a file may claim any size."""


class Tail:
    """Complete lines of one file, each once.

    A file that was replaced or cut is read anew from its start. Lines over ``MAX_LINE_BYTES`` are dropped.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._identity: tuple[int, int] | None = None
        self._offset = 0
        self._rest = b""
        self._dropping = False

    def lines(self, *, last: bool = False) -> Iterator[str]:
        """What was completed since the last call; with ``last`` all that is left, an unfinished line too.

        Raises ``OSError`` when the file cannot be read; a file that is not there has no lines.
        """
        for _ in range(MAX_LAST_BYTES // MAX_READ_BYTES if last else 1):
            data = self._read()
            yield from self._split(data)
            if len(data) < MAX_READ_BYTES:
                break
        if last:
            yield from self._split(b"\n")

    def _split(self, data: bytes) -> list[str]:
        parts = (self._rest + data).split(b"\n")
        self._rest = parts.pop()
        if self._dropping and parts:
            parts.pop(0)
            self._dropping = False
        if len(self._rest) > MAX_LINE_BYTES:
            self._rest, self._dropping = b"", True
        return [part.decode(errors="replace") for part in parts if part and len(part) <= MAX_LINE_BYTES]

    def _read(self) -> bytes:
        try:
            fd = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            return b""
        try:
            found = os.fstat(fd)
            if not stat.S_ISREG(found.st_mode):
                return b""
            identity = (found.st_dev, found.st_ino)
            if identity != self._identity or found.st_size < self._offset:
                self._identity, self._offset, self._rest, self._dropping = identity, 0, b"", False
            data = os.pread(fd, MAX_READ_BYTES, self._offset)
        finally:
            os.close(fd)
        self._offset += len(data)
        return data
