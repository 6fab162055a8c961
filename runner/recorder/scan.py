"""One look at a workspace's files: what is kept, what is skipped and why, with what is known from before."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from pygit2.enums import FileMode

from posttrace.runner.recorder import rules
from posttrace.runner.recorder.store import Store, Stored, count_lines
from posttrace.runner.recorder.walk import Budget, Entry, directory_of, open_file, walk

_RACE_NS: Final = 50_000_000
"""A file changed so shortly before it was read may change again without a new time stamp."""

Key = tuple[int, ...]
"""Equal for the same content of a file, as far as its status tells: device, inode, size, times, mode."""


def key_of(found: os.stat_result) -> Key:
    """The change time is part of it because, unlike the others, a program cannot set it back."""
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_mode


class Skipped(NamedTuple):
    """A file or directory that is not kept."""

    reason: str
    bytes: int | None = None
    sha256: str | None = None
    key: Key | None = None
    """Set where the content can still be hashed."""
    directory: bool = False


@dataclass
class Seen:
    """What one scan found, by path."""

    files: dict[str, Stored] = field(default_factory=dict)
    skipped: dict[str, Skipped] = field(default_factory=dict)
    truncated: bool = False


class Scanner:
    """Scans one workspace into one store; remembers files whose status is as when they were read."""

    def __init__(self, workspace: Path, store: Store, redact: Callable[[str], str] | None = None) -> None:
        self._workspace = workspace
        self._keep = _Keeper(store, redact).keep
        self._known: dict[str, tuple[Key, Stored | Skipped]] = {}

    def scan(self, budget: Budget, launched: Collection[str]) -> Seen:
        """Look at everything. ``launched`` are files to keep even in directories that are skipped.

        Raises ``OSError`` when the workspace cannot be opened.
        """
        one = _Scan(self._workspace, self._keep, self._known)
        walk(self._workspace, one.visit, one.enter, budget)
        one.seen.truncated = budget.spent
        for path in sorted(launched):
            one.visit_launched(path)
        self._known = self._known | one.known if budget.spent else one.known
        return one.seen


class _Keeper:
    """Puts content into the store, without the secrets that ``redact`` knows."""

    def __init__(self, store: Store, redact: Callable[[str], str] | None) -> None:
        self._store, self._redact = store, redact

    def keep(self, mode: FileMode, content: bytes) -> Stored:
        """``size`` is that of the file itself; lines are those that are kept."""
        size = len(content)
        if self._redact is not None:
            text = content.decode(errors="surrogateescape")
            clean = self._redact(text)
            content = content if clean == text else clean.encode(errors="surrogateescape")
        lines = None if mode == FileMode.LINK else count_lines(content)
        return Stored(mode, self._store.blob(content), size, lines)


class _Scan:
    def __init__(
        self,
        workspace: Path,
        keep: Callable[[FileMode, bytes], Stored],
        before: dict[str, tuple[Key, Stored | Skipped]],
    ) -> None:
        self._workspace, self._keep, self._before = workspace, keep, before
        self._began_ns = time.time_ns()
        self.known: dict[str, tuple[Key, Stored | Skipped]] = {}
        self.seen = Seen()

    def enter(self, entry: Entry, names: frozenset[str]) -> bool:
        reason = rules.skip_directory(entry.path, names)
        if reason is not None:
            self.seen.skipped[entry.path] = Skipped(reason, directory=True)
        return reason is None

    def visit(self, entry: Entry) -> None:
        key = key_of(entry.stat)
        before = self._before.get(entry.path)
        try:
            found = before[1] if before and before[0] == key else self._look(entry, key)
        except FileNotFoundError:
            return
        except OSError as error:
            found = Skipped(f"unreadable ({error.strerror})", entry.stat.st_size)
        if entry.stat.st_ctime_ns < self._began_ns - _RACE_NS:
            self.known[entry.path] = (key, found)
        if isinstance(found, Stored):
            self.seen.files[entry.path] = found
        else:
            self.seen.skipped[entry.path] = found

    def visit_launched(self, path: str) -> None:
        """A file in a directory that was skipped, because a process was started from it."""
        if path in self.seen.files or path in self.seen.skipped:
            return
        try:
            with directory_of(self._workspace, path) as (directory, name):
                found = os.stat(name, dir_fd=directory, follow_symlinks=False)
                if not stat.S_ISDIR(found.st_mode):
                    self.visit(Entry(path, name, directory, found))
        except OSError:  # it has gone
            return

    def _look(self, entry: Entry, key: Key) -> Stored | Skipped:
        size = entry.stat.st_size
        if stat.S_ISLNK(entry.mode):
            target = os.fsencode(os.readlink(entry.name, dir_fd=entry.directory))
            return self._keep(FileMode.LINK, target)
        if not stat.S_ISREG(entry.mode):
            return Skipped("special file")
        if entry.path in rules.RUNNERS:
            return Skipped("written by the runner")
        if rules.is_secret(entry.path):
            return Skipped("secret", size)
        if size > rules.MAX_BYTES:
            return Skipped("large", size, key=key)
        return self._read(entry, key)

    def _read(self, entry: Entry, key: Key) -> Stored | Skipped:
        fd = open_file(entry.name, entry.directory)
        with os.fdopen(fd, "rb") as file:
            content = file.read(rules.MAX_BYTES + 1)
        if len(content) > rules.MAX_BYTES:  # it grew
            return Skipped("large", len(content), key=key)
        if rules.holds_key(content):
            return Skipped("secret", len(content))
        if rules.is_binary(content):
            return Skipped("binary", len(content), hashlib.sha256(content).hexdigest())
        mode = FileMode.BLOB_EXECUTABLE if entry.mode & stat.S_IXUSR else FileMode.BLOB
        return self._keep(mode, content)
