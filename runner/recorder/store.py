"""Commits of a tree of files in a bare git repository, written object by object.

Git is a format here: there is no index, work tree, attribute, filter, hook or ignore rule, so nothing in the
files can change how they are stored. Trees are written raw, because libgit2's builder refuses names that a
file system allows.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import pygit2
from pygit2.enums import FileMode, ObjectType, RepositoryOpenFlag

AUTHOR: Final = "posttrace"
BRANCH: Final = "refs/heads/main"
MESSAGE: Final = "workspace\n"


class Stored(NamedTuple):
    """A file as a tree holds it."""

    mode: int
    oid: bytes
    """Twenty bytes."""
    size: int
    lines: int | None
    """Null for a link."""


class Store:
    """A new repository at ``path``. Not safe for threads. Raises ``pygit2.GitError`` or ``OSError``."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._repository = pygit2.init_repository(path, bare=True, initial_head="main")
        self._repository.config["core.looseCompression"] = 1  # faster by far, hardly larger
        self._trees: dict[str, tuple[bytes, bytes]] = {}
        self._written: set[bytes] = set()
        """Ids of trees and files."""
        self._commits: list[bytes] = []
        self.head: str | None = None
        """The last commit, and below it the one before."""
        self.parent: str | None = None

    def blob(self, content: bytes) -> bytes:
        """Keep a file's content; return its id."""
        oid = self._repository.create_blob(content).raw
        self._written.add(oid)
        return oid

    def read(self, oid: bytes) -> bytes:
        """Content of a file that was kept."""
        with _as_git_error():
            blob = self._repository[pygit2.Oid(raw=oid)]
        assert isinstance(blob, pygit2.Blob)
        return blob.data

    def lost(self) -> dict[str, Any] | None:
        """What is gone of the commits made so far, with all that belongs to them; null when nothing is.

        The repository is opened anew, so that nothing is answered from memory. Every object is read, which
        compares its content with its id. Keys: ``what``, ``objects`` and ``commits`` (how many are lost).
        """
        if self.head is None:
            return None
        try:
            repository = pygit2.Repository(self._path, RepositoryOpenFlag.NO_SEARCH)
            tip = str(repository.lookup_reference(BRANCH).target) if BRANCH in repository.references else None
        except (pygit2.GitError, OSError) as error:
            return {"what": f"the repository is gone: {error}", "commits": len(self._commits)}
        objects = sum(not _readable(repository, oid) for oid in self._written)
        commits = sum(not _readable(repository, oid) for oid in self._commits)
        if objects or commits:
            return {"what": "objects are gone or changed", "objects": objects, "commits": commits}
        return None if tip == self.head else {"what": f"{BRANCH} is {tip}, not the last commit {self.head}"}

    def commit(self, files: Mapping[str, Stored]) -> str:
        """Commit the tree of these files on top of the last commit.

        Author and time are constants: the same trees in the same order are the same commits.
        """
        tree = pygit2.Oid(raw=self._tree(files))
        author = pygit2.Signature(AUTHOR, f"{AUTHOR}@localhost", 0, 0)
        parents: list[str | pygit2.Oid] = [self.head] if self.head else []
        with _as_git_error():
            made = self._repository.create_commit(BRANCH, author, author, MESSAGE, tree, parents)
        self._commits.append(made.raw)
        self.head, self.parent = str(made), self.head
        return self.head

    def _tree(self, files: Mapping[str, Stored]) -> bytes:
        """Write the trees that changed, deepest first; return the id of the root."""
        folders: dict[str, dict[str, tuple[int, bytes]]] = {"": {}}
        for path, file in files.items():
            folder, _, name = path.rpartition("/")
            above = folder
            while above not in folders:  # an ancestor that is there has all of its own
                folders[above] = {}
                above = above.rpartition("/")[0]
            folders[folder][name] = (file.mode, file.oid)
        written: dict[str, tuple[bytes, bytes]] = {}
        for folder in sorted(folders, key=_depth, reverse=True):
            raw = _encode(folders[folder])
            last = self._trees.get(folder)
            oid = last[1] if last and last[0] == raw else self._repository.write(ObjectType.TREE, raw).raw
            written[folder] = (raw, oid)
            self._written.add(oid)
            if folder:
                above, _, name = folder.rpartition("/")
                folders[above][name] = (FileMode.TREE, oid)
        self._trees = written
        return written[""][1]


@contextlib.contextmanager
def _as_git_error() -> Iterator[None]:
    """An object that is not there is a broken store, not a wrong key."""
    try:
        yield
    except KeyError as error:
        raise pygit2.GitError(f"the store lacks the object {error}") from error


def _readable(repository: pygit2.Repository, oid: bytes) -> bool:
    try:
        repository.odb.read(pygit2.Oid(raw=oid))
    except (KeyError, ValueError, OSError, pygit2.GitError):
        return False
    return True


def _depth(folder: str) -> int:
    return folder.count("/") + 1 if folder else 0


def _encode(entries: Mapping[str, tuple[int, bytes]]) -> bytes:
    """The bytes of a tree object; git sorts a folder as if its name ended in a slash."""
    rows = [
        (os.fsencode(name) + (b"/" if mode == FileMode.TREE else b""), os.fsencode(name), mode, oid)
        for name, (mode, oid) in entries.items()
    ]
    return b"".join(b"%o %b\0%b" % (mode, name, oid) for _, name, mode, oid in sorted(rows))


def count_lines(content: bytes) -> int:
    """Lines of a file as a diff counts them: the last one with or without an end."""
    return content.count(b"\n") + (content != b"" and not content.endswith(b"\n"))


def line_changes(old: bytes, new: bytes) -> tuple[int, int]:
    """Lines added and removed."""
    patch = pygit2.Patch.create_from(old, new)
    _, added, removed = patch.line_stats
    return added, removed
