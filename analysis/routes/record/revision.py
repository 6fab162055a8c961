"""The code of a run as it stood: commits in the bare repository beside its trace, read and never written."""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, Protocol

import pygit2
from pygit2.enums import FileMode, RepositoryOpenFlag

from posttrace.traces.errors import PosttraceError

STORE: Final = "revisions.git"
CHUNK: Final = 1 << 20
_FILES: Final = (FileMode.BLOB, FileMode.BLOB_EXECUTABLE)


class RevisionError(PosttraceError):
    """A commit, or a file of it, that cannot be read: the store is missing, or damaged."""


class Store(Protocol):
    """Code by revision; ``problem`` says what is not known of it, null when nothing is missing."""

    problem: str | None

    def files(self, commit: str) -> Mapping[str, bytes]:
        """Path -> content; raises ``RevisionError``."""
        ...


class Rebuilt:
    """Code as the agent's steps wrote it, for a run without revisions."""

    def __init__(self, snapshots: Mapping[str, Mapping[str, bytes]], problem: str) -> None:
        self._snapshots = snapshots
        self.problem: str | None = problem

    def files(self, commit: str) -> Mapping[str, bytes]:
        """Path -> content of what was written until then."""
        if commit not in self._snapshots:
            raise RevisionError(f"no step wrote {commit}")
        return self._snapshots[commit]


class Revisions:
    """The commits of one run.

    ``problem`` says why there is none to read, where that is known from the start; null otherwise.
    """

    def __init__(self, trace: Path) -> None:
        self.problem: str | None = None
        self._repository: pygit2.Repository | None = None
        self._trees: dict[str, Mapping[str, bytes]] = {}
        store = trace.parent / STORE
        if not store.exists():
            self.problem = f"{STORE} is not beside the trace: the code of the run is not known"
            return
        try:
            self._repository = pygit2.Repository(store, RepositoryOpenFlag.NO_SEARCH)
        except pygit2.GitError as error:
            self.problem = f"{STORE} cannot be read: {error}"

    def files(self, commit: str) -> Mapping[str, bytes]:
        """Path -> content of the regular files of a commit; contents are read when they are asked for.

        Raises ``RevisionError``; so does a look-up in what it returns.
        """
        if self._repository is None:
            raise RevisionError(self.problem)
        if commit not in self._trees:
            self._trees[commit] = _Files(self._repository, _blobs(self._repository, commit))
        return self._trees[commit]


class _Files(Mapping[str, bytes]):
    """Files of one tree, by path."""

    def __init__(self, repository: pygit2.Repository, blobs: Mapping[str, pygit2.Oid]) -> None:
        self._repository, self._blobs = repository, blobs

    def __getitem__(self, path: str) -> bytes:
        blob = _object(self._repository, self._blobs[path])
        if not isinstance(blob, pygit2.Blob):
            raise RevisionError(f"{STORE}: {path} is no file")
        return blob.data

    def __iter__(self) -> Iterator[str]:
        return iter(self._blobs)

    def __len__(self) -> int:
        return len(self._blobs)


def _blobs(repository: pygit2.Repository, commit: str) -> dict[str, pygit2.Oid]:
    """Path -> id of every regular file; links and nested repositories are no code of the run."""
    _check_whole(repository, commit)
    try:
        top = repository[commit]
        _check_whole(repository, str(getattr(top, "tree_id", "")))
        root = top.peel(pygit2.Tree)
    except (KeyError, ValueError, pygit2.GitError) as error:
        raise RevisionError(f"{STORE} lacks the commit {commit}") from error
    blobs: dict[str, pygit2.Oid] = {}
    open_trees = [("", root.id)]
    while open_trees:
        folder, oid = open_trees.pop()
        tree = _object(repository, oid)
        if not isinstance(tree, pygit2.Tree):
            raise RevisionError(f"{STORE}: {folder or commit} is no folder")
        for entry in tree:
            path = folder + os.fsdecode(entry.raw_name or b"")
            if entry.filemode == FileMode.TREE:
                open_trees.append((f"{path}/", entry.id))
            elif entry.filemode in _FILES:
                blobs[path] = entry.id
    return blobs


def _check_whole(repository: pygit2.Repository, oid: str) -> None:
    """Raise ``RevisionError`` for a loose object that was cut short: libgit2 would read it without end."""
    if not re.fullmatch("[0-9a-f]{40}", oid):
        return
    try:
        left = (Path(repository.path) / "objects" / oid[:2] / oid[2:]).read_bytes()
    except OSError:  # packed, or not there
        return
    stream = zlib.decompressobj()
    try:
        while left and not stream.eof:
            stream.decompress(left, CHUNK)
            left = stream.unconsumed_tail
    except zlib.error as error:
        raise RevisionError(f"{STORE}: the object {oid} is damaged: {error}") from error
    if not stream.eof:
        raise RevisionError(f"{STORE}: the object {oid} is cut short")


def _object(repository: pygit2.Repository, oid: pygit2.Oid) -> pygit2.Object:
    _check_whole(repository, str(oid))
    try:
        return repository[oid]
    except (KeyError, ValueError, pygit2.GitError) as error:
        raise RevisionError(f"{STORE} lacks the object {oid}") from error
