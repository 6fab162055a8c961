"""The bytes of a trace on disk: whole lines are appended, or nothing is; foreign writes are noticed."""

from __future__ import annotations

import errno
import os
import resource
from pathlib import Path
from typing import Any, Final

from posttrace.traces.errors import DiskFullError, TraceError
from posttrace.traces.foreign import Foreign, sync_folder
from posttrace.traces.reserve import RESERVE_BYTES, Reserve

_FULL: Final = frozenset({errno.ENOSPC, errno.EFBIG, errno.EDQUOT})
_TAIL: Final = 4096
"""Last bytes remembered and compared before each append; a line's hash is in its last 76."""


class AppendFile:
    """A file that this process made and alone appends to.

    ``append`` writes a line with one write call (more only when the system took part of it) and returns
    with the line in the file, or raises with the file cut back to the end of the line before. With ``sync``
    the line is on the disk before it returns.

    A full disk (or quota, or file size limit, less 1 MiB kept back) raises ``DiskFullError``, and from then
    on for every line but ``last_words``: those may use the reserve.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.full = False
        self._fd = _create(path)
        try:
            self._reserve = Reserve(path.parent)
            sync_folder(path)
        except OSError as error:
            os.close(self._fd)
            path.unlink()
            raise self._failure(error) from error
        self._size = 0
        self._tail = b""
        self._prefix = b""

    def append(self, line: bytes, *, sync: bool, last_words: bool = False) -> bool:
        """Append a line; False when foreign bytes got in just before it, which ``settle`` then handles."""
        if self.full and not last_words:
            raise DiskFullError(f"{self.path}: the disk is full: only the end of the run can be written")
        try:
            return self._put(line, sync=sync, last_words=last_words)
        except OSError as error:
            self._cut(len(self._prefix) + len(line))
            self.full = self.full or error.errno in _FULL
            if not (error.errno in _FULL and last_words and self._reserve.held):
                raise self._failure(error) from error
        self._reserve.release()
        return self.append(line, sync=sync, last_words=True)

    def settle(self, *, last_words: bool = False) -> dict[str, Any] | None:
        """Compare path, size and tail with what was written last; handle and describe any difference.

        What stands under the path but is not ours as we left it is never overwritten or cut. See
        ``posttrace.traces.foreign`` for what is done instead. It may need room for a copy of our lines.
        """
        try:
            return self._settle()
        except OSError as error:
            self.full = self.full or error.errno in _FULL
            if not (error.errno in _FULL and last_words and self._reserve.held):
                raise self._failure(error) from error
        self._reserve.release()
        return self.settle(last_words=True)

    def _settle(self) -> dict[str, Any] | None:
        foreign = Foreign.look(self.path, self._fd, self._size, self._tail)
        if foreign is None:
            return None
        evidence, self._fd = foreign.set_aside()
        size = os.fstat(self._fd).st_size
        last = os.pread(self._fd, _TAIL, max(0, size - _TAIL))
        self._size, self._tail = size, last
        # A line that was cut short by a stranger is ended, so that ours begins on its own.
        self._prefix = b"" if last.endswith(b"\n") or not last else b"\n"
        return evidence

    def close(self) -> None:
        """Sync and close the file, and give the reserve back."""
        try:
            os.fsync(self._fd)
        except OSError as error:
            raise self._failure(error) from error
        finally:
            os.close(self._fd)
            self._reserve.release()

    def _put(self, line: bytes, *, sync: bool, last_words: bool) -> bool:
        data = self._prefix + line
        limit = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
        kept_back = 0 if last_words else RESERVE_BYTES
        if limit != resource.RLIM_INFINITY and self._size + len(data) + kept_back > limit:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
        left = memoryview(data)
        while left:
            left = left[os.write(self._fd, left) :]
        if os.fstat(self._fd).st_size != self._size + len(data):
            return False
        if sync:
            os.fsync(self._fd)
        self._size += len(data)
        self._tail = data[-_TAIL:]
        self._prefix = b""
        return True

    def _cut(self, most: int) -> None:
        """Take back what was written of a line, unless more than that is there: then a stranger wrote too."""
        try:
            if self._size < os.fstat(self._fd).st_size <= self._size + most:
                os.ftruncate(self._fd, self._size)
        except OSError as error:
            raise self._failure(error) from error

    def _failure(self, error: OSError) -> TraceError:
        if error.errno in _FULL:
            return DiskFullError(f"{self.path}: {error.strerror}: free some space")
        return TraceError(f"{self.path} cannot be written: {error.strerror}")


def _create(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o644)
    except FileExistsError:
        raise TraceError(f"{path} exists: a trace is opened for appending once in its life") from None
    except OSError as error:
        raise TraceError(f"{path} cannot be created: {error.strerror}") from error
