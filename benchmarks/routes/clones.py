"""The text of a repository at a commit, from a git directory on disk; nothing is checked out or run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

import pygit2
from pygit2.enums import FileMode, RepositoryOpenFlag

from posttrace.traces.errors import PosttraceError

MAX_BYTES: Final = 4 << 20
"""Of one file; a larger one is data, or a notebook full of images."""
MAX_FILES: Final = 20_000
_FILES: Final = (FileMode.BLOB, FileMode.BLOB_EXECUTABLE)
_NOT_TEXT: Final = re.compile(
    r"\.(png|jpe?g|gif|svg|ico|webp|pdf|mp[34]|wav|zip|gz|xz|bz2|tar|whl|so|pyc|ttf|woff2?"
    r"|bin|pt|pth|np[yz]|safetensors|parquet|arrow|onnx|h5|pkl|model)$",
    re.I,
)


class Unreadable(PosttraceError):
    """A repository, commit or file that is not there; the reason in one line."""


class Text(Mapping[str, bytes]):
    """Path -> content of the text files of one commit; contents are read when they are asked for.

    A file that the clone lacks, that is too large or that is not text is empty.
    """

    def __init__(self, repository: pygit2.Repository, blobs: Mapping[str, pygit2.Oid]) -> None:
        self._repository, self._blobs = repository, blobs

    def __getitem__(self, path: str) -> bytes:
        data = self.content(path)
        return b"" if data is None else data

    def __iter__(self) -> Iterator[str]:
        return iter(self._blobs)

    def __len__(self) -> int:
        return len(self._blobs)

    def content(self, path: str) -> bytes | None:
        """Content of a file; null where there is no text to read. Raises ``KeyError`` without the path."""
        try:
            blob = self._repository[self._blobs[path]]
        except (KeyError, pygit2.GitError):
            if path not in self._blobs:
                raise KeyError(path) from None
            return None
        if not isinstance(blob, pygit2.Blob) or blob.size > MAX_BYTES or blob.is_binary:
            return None
        return blob.data


def read_text(clones: Path, repo: str, commit: str) -> Text:
    """The text files of ``repo`` (``owner/name``) at ``commit``.

    The git directory is ``clones/owner+name/repo`` or ``clones/owner+name``, bare or not. Raises
    ``Unreadable``.
    """
    folder = clones / repo.replace("/", "+")
    problems = []
    for place in (folder / "repo", folder):
        if place.exists():
            try:
                return _text(place, commit)
            except Unreadable as error:
                problems.append(str(error))
    raise Unreadable("; ".join(problems) or f"no clone at {folder}")


@lru_cache(maxsize=4)
def _text(place: Path, commit: str) -> Text:
    # a clone belongs to whoever fetched it: it is read as data, so its owner does not matter
    pygit2.settings.owner_validation = False
    try:
        repository = pygit2.Repository(place, RepositoryOpenFlag.NO_SEARCH)
    except pygit2.GitError as error:
        raise Unreadable(f"{place} is no git directory: {error}") from error
    try:
        tree = repository.revparse_single(commit).peel(pygit2.Tree)
        return Text(repository, dict(_blobs(repository, tree)))
    except (KeyError, ValueError, pygit2.GitError) as error:
        raise Unreadable(f"{place}: commit {commit} cannot be read: {error}") from error


def _blobs(repository: pygit2.Repository, tree: pygit2.Tree) -> Iterator[tuple[str, pygit2.Oid]]:
    """Files of a tree, at most ``MAX_FILES``, without those that cannot be text by their name."""
    waiting, count = [("", tree)], 0
    while waiting and count < MAX_FILES:
        above, here = waiting.pop()
        for entry in here:
            path = f"{above}{entry.name}"
            if entry.filemode == FileMode.TREE:
                found = repository[entry.id]
                if isinstance(found, pygit2.Tree):
                    waiting.append((f"{path}/", found))
            elif entry.filemode in _FILES and not _NOT_TEXT.search(path):
                count += 1
                yield path, entry.id
