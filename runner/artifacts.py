"""Model directories by content: the hash of one, and a copy that its author cannot touch.

Everything is opened relative to an open directory and without following links, so that renaming, swapping or
deleting files while they are read changes at most *which* bytes are copied, never where they come from; the
bytes that were copied are the ones that are hashed.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from posttrace.runner.artifact_rules import ArtifactRejected, check_content, check_name
from posttrace.traces.events import ArtifactFile, ArtifactRef

MAX_BYTES: Final = 256 << 30
MAX_FILES: Final = 10_000
MAX_DEPTH: Final = 16
_CHUNK_BYTES: Final = 1 << 20
_FICLONE: Final = 0x40049409
"""``ioctl`` request of linux/fs.h that makes one file share the blocks of another."""
_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

Skip = Callable[[str, str, str | None], None]
"""Called with (relative path, what it is, target if it is a link) for what is no readable regular file."""

__all__ = [
    "ArtifactRejected",
    "copy_artifact",
    "hash_directory",
    "move_artifact",
    "printable",
    "remove_artifact",
]


def hash_directory(path: Path, *, within: Path | None = None) -> tuple[ArtifactRef, list[ArtifactFile]]:
    """Return the content hash of a directory and its regular files, sorted by path.

    The hash is the SHA-256 over the lines ``<relative path>\\0<bytes>\\0<SHA-256 of the file>\\n``. Links,
    special files and what cannot be read are left out. ``within`` as in ``copy_artifact``. Raises ``OSError``
    when the directory itself cannot be read, ``ArtifactRejected`` when it is too deep.
    """
    files = []
    with _directory(path, within) as top:
        for name, fd in _regular_files(top, "", lambda *_: None):
            size, digest = _read_all(fd, lambda _: None)
            files.append(ArtifactFile(path=printable(name), bytes=size, sha256=digest))
    return _reference(files)


def copy_artifact(
    src: Path, dst: Path, *, within: Path | None = None, max_bytes: int = MAX_BYTES
) -> tuple[ArtifactRef, list[ArtifactFile]]:
    """Copy the model directory ``src`` to the new directory ``dst`` and return the hash of *the copy*.

    Blocks are shared where the file system can (never hard links); the copy is read-only. With ``within``,
    ``src`` is entered component by component from there, so no link on the way can lead out of it.
    Raises ``ArtifactRejected`` when the content may not be graded, ``OSError`` when the copy cannot be
    written; ``dst`` is gone then.
    """
    dst.mkdir(parents=True)
    try:
        with _directory(src, within) as top:
            files = _copy_tree(src, top, dst, max_bytes)
        check_content(dst, {file.path for file in files})
        _set_modes(dst, 0o444, 0o555)
    except BaseException:
        remove_artifact(dst)
        raise
    return _reference(files)


def remove_artifact(path: Path) -> None:
    """Delete a read-only copy; nothing happens when it is not there."""
    if path.is_dir():
        _set_modes(path, 0o600, 0o700)
        shutil.rmtree(path)


def move_artifact(src: Path, dst: Path) -> None:
    """Move a read-only copy within its file system; an equal copy that is already there stays."""
    if dst.exists():
        return remove_artifact(src)
    dst.parent.mkdir(parents=True, exist_ok=True)
    src.chmod(0o755)  # a directory that changes its parent must be writable
    src.rename(dst)
    dst.chmod(0o555)
    return None


def _reference(files: list[ArtifactFile]) -> tuple[ArtifactRef, list[ArtifactFile]]:
    files = sorted(files, key=lambda file: file.path)
    whole = hashlib.sha256()
    for file in files:
        whole.update(f"{file.path}\0{file.bytes}\0{file.sha256}\n".encode())
    return ArtifactRef(sha256=whole.hexdigest(), bytes=sum(file.bytes for file in files)), files


def printable(name: str) -> str:
    """A path as UTF-8, other bytes as backslash escapes."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


@contextlib.contextmanager
def _directory(path: Path, within: Path | None) -> Iterator[int]:
    """Open a directory; below ``within`` no component may be a link."""
    parts = () if within is None else path.relative_to(within).parts
    fd = os.open(path if within is None else within, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in parts:
            try:
                inner = os.open(part, _READ | os.O_DIRECTORY, dir_fd=fd)
            except OSError as error:
                raise ArtifactRejected(f"{part} cannot be entered ({error.strerror})") from error
            os.close(fd)
            fd = inner
        yield fd
    finally:
        os.close(fd)


def _regular_files(top: int, prefix: str, skip: Skip) -> Iterator[tuple[str, int]]:
    """Yield (relative path, open file) for each regular file below an open directory."""
    if prefix.count("/") > MAX_DEPTH:
        raise ArtifactRejected(f"nested deeper than {MAX_DEPTH} directories; submit only the model's files")
    for name in sorted(os.listdir(top)):
        path = prefix + name
        try:
            fd = _open_entry(top, name)
        except _NotAFile as entry:
            skip(path, str(entry), entry.target)
            continue
        except OSError as error:  # it vanished, became a link, or is not readable
            skip(path, f"cannot be read ({error.strerror})", None)
            continue
        try:
            if stat.S_ISDIR(os.fstat(fd).st_mode):
                yield from _regular_files(fd, path + "/", skip)
            else:
                yield path, fd
        finally:
            os.close(fd)


class _NotAFile(Exception):
    """An entry that is neither a regular file nor a directory."""

    def __init__(self, what: str, target: str | None = None) -> None:
        super().__init__(what)
        self.target = target


def _open_entry(top: int, name: str) -> int:
    mode = os.stat(name, dir_fd=top, follow_symlinks=False).st_mode
    if stat.S_ISLNK(mode):
        raise _NotAFile("is a symbolic link", os.readlink(name, dir_fd=top))
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):  # opening a device may do something
        raise _NotAFile("is no regular file")
    fd = os.open(name, _READ, dir_fd=top)
    mode = os.fstat(fd).st_mode
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
        return fd
    os.close(fd)
    raise _NotAFile("is no regular file")


def _copy_tree(src: Path, top: int, dst: Path, max_bytes: int) -> list[ArtifactFile]:
    def refuse(path: str, what: str, target: str | None) -> None:
        link = None if target is None else (src / path).parent / target
        advice = "copy the file itself (cp -L)" if link else "submit only the model's files"
        raise ArtifactRejected(f"{printable(path)} {what}; {advice}", link)

    files: list[ArtifactFile] = []
    room = max_bytes
    for path, fd in _regular_files(top, "", refuse):
        check_name(path)
        if len(files) == MAX_FILES:
            raise ArtifactRejected(f"there are more than {MAX_FILES} files; submit only the model's files")
        if os.fstat(fd).st_size > room:
            raise ArtifactRejected(f"more than {max_bytes} bytes; submit one model without checkpoints")
        size, digest = _copy_file(fd, dst / path, room)
        room -= size
        files.append(ArtifactFile(path=path, bytes=size, sha256=digest))
    return files


def _copy_file(source: int, target: Path, room: int) -> tuple[int, str]:
    """Copy an open file; return bytes and SHA-256 of the copy."""
    target.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    with target.open("xb+", buffering=0) as file:
        if _reflink(source, file.fileno()):
            return _read_all(file.fileno(), lambda _: None)

        def write(chunk: memoryview) -> None:
            nonlocal written
            written += len(chunk)
            if written > room:  # the file grew while it was read
                raise ArtifactRejected("it grew beyond the size limit while copied; submit a finished model")
            while chunk:
                chunk = chunk[file.write(chunk) :]

        return _read_all(source, write)


def _reflink(source: int, target: int) -> bool:
    """Make ``target`` share the blocks of ``source``; False where the file system cannot."""
    if not sys.platform.startswith("linux"):
        return False
    import fcntl

    try:
        fcntl.ioctl(target, _FICLONE, source)
    except OSError:
        return False
    return True


def _read_all(fd: int, use: Callable[[memoryview], None]) -> tuple[int, str]:
    """Read an open file to its end; return bytes and SHA-256."""
    digest, size, buffer = hashlib.sha256(), 0, memoryview(bytearray(_CHUNK_BYTES))
    while count := os.readv(fd, [buffer]):
        chunk = buffer[:count]
        digest.update(chunk)
        use(chunk)
        size += count
    return size, digest.hexdigest()


def _set_modes(top: Path, files: int, directories: int) -> None:
    for root, _, names in os.walk(top, topdown=directories & 0o200 != 0):
        for name in names:
            (Path(root) / name).chmod(files)
        Path(root).chmod(directories)
