"""Walking a tree that somebody else is changing: by open directories, links never followed, bounded.

A directory is entered relative to its open parent, so one that is swapped for a link to elsewhere while it is
walked leads nowhere; nothing that could block (FIFO, device, socket) is ever opened.
"""

from __future__ import annotations

import contextlib
import os
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

MAX_DEPTH: Final = 64
"""Directories below one another; each costs an open descriptor."""
_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_FIRST: Final = "code"
"""A walk that is cut short should have seen the code."""


@dataclass(frozen=True)
class Entry:
    """Something in an open directory. Valid while it is visited."""

    path: str
    """Relative to the root of the walk; bytes that are not UTF-8 as ``os.fsdecode`` makes them."""
    name: str
    directory: int
    """Open descriptor of the directory it is in."""
    stat: os.stat_result

    @property
    def mode(self) -> int:
        """Type and permissions."""
        return self.stat.st_mode


@dataclass
class Budget:
    """How much a walk may do; ``spent`` says that it had to stop."""

    entries: int
    deadline: float = field(default=float("inf"))
    """On ``time.monotonic``."""
    spent: bool = False

    def take(self) -> bool:
        """Count one entry; False when there is no more to take."""
        self.entries -= 1
        self.spent = self.spent or self.entries < 0 or time.monotonic() > self.deadline
        return not self.spent


Enter = Callable[[Entry, frozenset[str]], bool]
"""Called for a directory with the names in it: whether to walk it."""


def walk(
    root: Path | int, visit: Callable[[Entry], None], enter: Enter, budget: Budget, prefix: str = ""
) -> None:
    """Call ``visit`` for everything below ``root`` that is no directory, in an order that is always the same.

    In each directory files come before directories, hidden directories last, ``code`` first. What vanishes
    meanwhile is left out. Raises ``OSError`` when ``root`` itself cannot be opened.
    """
    top = os.open(root, _DIRECTORY) if isinstance(root, Path) else os.dup(root)
    try:
        _walk(top, prefix, _names(top), visit, enter, budget)
    finally:
        os.close(top)


def _names(directory: int) -> list[str]:
    return sorted(os.listdir(directory))


def _walk(
    top: int,
    prefix: str,
    names: list[str],
    visit: Callable[[Entry], None],
    enter: Enter,
    budget: Budget,
) -> None:
    inner = []
    for name in names:
        try:
            found = os.stat(name, dir_fd=top, follow_symlinks=False)
        except OSError:  # it vanished
            continue
        entry = Entry(prefix + name, name, top, found)
        if stat.S_ISDIR(found.st_mode):
            inner.append(entry)
        elif budget.take():
            visit(entry)
        if budget.spent:
            return
    for entry in sorted(inner, key=lambda entry: (entry.path != _FIRST, entry.name.startswith("."))):
        _enter(entry, visit, enter, budget)
        if budget.spent:
            return


def _enter(entry: Entry, visit: Callable[[Entry], None], enter: Enter, budget: Budget) -> None:
    if entry.path.count("/") >= MAX_DEPTH:
        budget.spent = True
        return
    if not budget.take():
        return
    try:
        fd = os.open(entry.name, _DIRECTORY, dir_fd=entry.directory)
    except OSError:  # it vanished, became a link, or may not be read
        return
    try:
        names = _names(fd)
        if enter(entry, frozenset(names)):
            _walk(fd, entry.path + "/", names, visit, enter, budget)
    finally:
        os.close(fd)


def open_file(name: str, directory: int) -> int:
    """Open a regular file without following links or waiting for anything; raise ``OSError`` otherwise."""
    fd = os.open(name, _FILE, dir_fd=directory)
    if stat.S_ISREG(os.fstat(fd).st_mode):
        return fd
    os.close(fd)
    raise OSError(f"{name!a} is no regular file")


@contextlib.contextmanager
def directory_of(root: Path, path: str) -> Iterator[tuple[int, str]]:
    """Open the directory that ``path`` is in, entered from ``root`` without following links.

    Yields it with the last part of ``path``. Raises ``OSError`` when it is not there.
    """
    *parents, name = path.split("/")
    fd = os.open(root, _DIRECTORY)
    try:
        for part in parents:
            inner = os.open(part, _DIRECTORY, dir_fd=fd)
            os.close(fd)
            fd = inner
        yield fd, name
    finally:
        os.close(fd)


@contextlib.contextmanager
def opened(root: Path, path: str) -> Iterator[int]:
    """Open the regular file ``path`` below ``root`` without following links."""
    with directory_of(root, path) as (directory, name):
        fd = open_file(name, directory)
    try:
        yield fd
    finally:
        os.close(fd)
