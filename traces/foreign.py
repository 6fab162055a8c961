"""What the writer does when somebody else wrote to its trace.

Nothing that a stranger wrote is overwritten or cut; what we wrote goes on in one readable file.

- *appended, replaced, removed*: our lines are intact behind the open descriptor. Whatever stands under the
  trace's path is renamed to ``<trace>.foreign-<n>``, whole, and our own lines are copied to a new file under
  the path, which is synced before it gets the name. A process that still holds the old file open goes on
  writing into the kept one. The chain of the trace is unbroken, and its flag says what was set aside:
  so a stranger cannot make a run unreadable by appending to its record.
- *shortened, changed*: lines of ours are gone and cannot be restored. The file stays as it is found and
  goes on after the damage; its chain is broken there, and validation says so at that line, for good.

Size, identity and the last 4 KiB are compared. An edit further up that keeps the size is not noticed while
writing; validation finds it, because the chain breaks there.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Literal, Self

_BLOCK: Final = 1024 * 1024


@dataclass(frozen=True)
class Foreign:
    """A trace that is not as its writer left it."""

    path: Path
    fd: int
    size: int
    """Bytes the writer had written."""
    found: int | None
    """Bytes found under the path; None when nothing is there."""
    what: Literal["appended", "shortened", "changed", "replaced", "removed"]

    @classmethod
    def look(cls, path: Path, fd: int, size: int, tail: bytes) -> Self | None:
        """Compare the file under ``path`` with ours: its identity, its ``size`` and its last bytes."""
        ours = os.fstat(fd)
        try:
            there = path.lstat()
        except FileNotFoundError:
            return cls(path, fd, size, None, "removed")
        if (there.st_dev, there.st_ino) != (ours.st_dev, ours.st_ino):
            return cls(path, fd, size, there.st_size, "replaced")
        if ours.st_size < size:
            return cls(path, fd, size, ours.st_size, "shortened")
        if os.pread(fd, len(tail), size - len(tail)) != tail:
            return cls(path, fd, size, ours.st_size, "changed")
        if ours.st_size > size:
            return cls(path, fd, size, ours.st_size, "appended")
        return None

    def set_aside(self) -> tuple[dict[str, Any], int]:
        """Keep the foreign bytes, go on with ours; return the evidence and the descriptor to write to.

        ``OSError`` when that fails: our lines are then still behind ``fd``, and it can be tried again.
        """
        evidence: dict[str, Any] = {
            "what": self.what,
            "expected_bytes": self.size,
            "found_bytes": self.found,
        }
        if self.what in ("shortened", "changed"):
            return evidence, self.fd
        if self.what == "appended":
            evidence["foreign_sha256"] = _sha256(self.fd, self.size)
        fresh = self.path.with_name(self.path.name + ".new")
        fresh.unlink(missing_ok=True)
        fd = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o644)
        try:
            _copy(self.fd, fd, self.size)
            os.fsync(fd)
            if self.found is not None:
                kept = free_name(self.path, "foreign")
                self.path.rename(kept)
                evidence["kept"] = kept.name
            # A link, unlike a rename, fails when somebody has put a file under the name again.
            os.link(fresh, self.path)
            sync_folder(self.path)
        except OSError:
            os.close(fd)
            raise
        finally:
            fresh.unlink(missing_ok=True)
        os.close(self.fd)
        return evidence, fd


def free_name(path: Path, suffix: str) -> Path:
    """Return ``<path>.<suffix>-<n>`` with the first n, from 1, that is not taken."""
    n = 1
    while os.path.lexists(name := path.with_name(f"{path.name}.{suffix}-{n}")):
        n += 1
    return name


def sync_folder(path: Path) -> None:
    """Make the name ``path`` itself durable, not only what is in the file."""
    fd = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _copy(source: int, target: int, size: int) -> None:
    done = 0
    while done < size:
        block = memoryview(os.pread(source, min(_BLOCK, size - done), done))
        if not block:
            return
        done += len(block)
        while block:
            block = block[os.write(target, block) :]


def _sha256(fd: int, start: int) -> str:
    found = sha256()
    while block := os.pread(fd, _BLOCK, start):
        found.update(block)
        start += len(block)
    return found.hexdigest()
