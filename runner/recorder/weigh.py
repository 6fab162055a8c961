"""What is not kept, by content: hashes of large files and the size of directories, as time allows."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from posttrace.runner.recorder.scan import Key, Skipped, key_of
from posttrace.runner.recorder.walk import Budget, Entry, directory_of, opened, walk
from posttrace.traces.events import SkippedFile
from posttrace.traces.text import as_text

_CHUNK_BYTES: Final = 1 << 20
_MOST_ENTRIES: Final = 200_000


class Scale:
    """Fills in what a scan left open. A hash that was not finished in time goes on where it stopped."""

    def __init__(self, workspace: Path) -> None:
        self._workspace = workspace
        self._hashes: dict[Key, str] = {}
        self._begun: dict[Key, tuple[int, hashlib._Hash]] = {}

    def weigh(self, skipped: dict[str, Skipped], deadline: float) -> Iterator[SkippedFile]:
        """Yield the event's form of each; what could not be measured before ``deadline`` is null."""
        live = {item.key for item in skipped.values() if item.key is not None}
        self._hashes = {key: value for key, value in self._hashes.items() if key in live}
        self._begun = {key: value for key, value in self._begun.items() if key in live}
        for path, item in sorted(skipped.items(), key=lambda pair: (pair[1].directory, pair[0])):
            text, exact = as_text(path)
            count, size, sha256 = None, item.bytes, item.sha256
            if item.directory:
                count, size = self._total(path, deadline)
            elif item.key is not None:
                sha256 = self._hash(path, item.key, deadline)
            yield SkippedFile(
                path=text, path_b64=exact, reason=item.reason, bytes=size, sha256=sha256, count=count
            )

    def _hash(self, path: str, key: Key, deadline: float) -> str | None:
        if key in self._hashes or time.monotonic() > deadline:
            return self._hashes.get(key)
        try:
            with opened(self._workspace, path) as fd:
                if key_of(os.fstat(fd)) != key:  # changed since: the next scan sees it
                    return None
                return self._read(fd, key, deadline)
        except OSError:
            return None

    def _read(self, fd: int, key: Key, deadline: float) -> str | None:
        offset, digest = self._begun.pop(key, (0, hashlib.sha256()))
        while chunk := os.pread(fd, _CHUNK_BYTES, offset):
            digest.update(chunk)
            offset += len(chunk)
            if time.monotonic() > deadline:
                break
        if key_of(os.fstat(fd)) != key:
            return None
        if chunk:
            self._begun[key] = (offset, digest)
            return None
        self._hashes[key] = digest.hexdigest()
        return self._hashes[key]

    def _total(self, path: str, deadline: float) -> tuple[int | None, int | None]:
        """Files and bytes below a directory; null when there are too many to count."""
        budget = Budget(_MOST_ENTRIES, deadline)
        count = size = 0

        def add(entry: Entry) -> None:
            nonlocal count, size
            count += 1
            size += entry.stat.st_size

        try:
            with directory_of(self._workspace, path + "/.") as (directory, _):
                walk(directory, add, lambda *_: True, budget)
        except OSError:
            return None, None
        return (None, None) if budget.spent else (count, size)
