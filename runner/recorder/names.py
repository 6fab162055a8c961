"""Paths as a revision may show them: without the secrets that are in the names of files and folders."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

T = TypeVar("T")


def published(files: Mapping[str, T], redact: Callable[[str], str] | None) -> dict[str, T]:
    """The same files under names that ``redact`` leaves as they are; none is lost.

    A name without a secret stays. Where two become the same, the later one by its real path is numbered:
    ``<secret:KEY>``, ``<secret:KEY>~2``. It depends on nothing but the files.
    """
    if redact is None:
        return dict(files)
    clean = {path: redact(path) for path in files}
    taken = _Taken()
    shown = {path: file for path, file in files.items() if clean[path] == path}
    for path in shown:
        taken.add(path)
    for path in sorted(files.keys() - shown.keys()):
        shown[taken.add(clean[path])] = files[path]
    return shown


class _Taken:
    """A tree of names in the making."""

    def __init__(self) -> None:
        self._files: set[str] = set()
        self._folders: set[str] = set()

    def add(self, path: str) -> str:
        """Take a path, or the next one like it whose name is free and whose folders are no files."""
        *folders, name = path.split("/")
        above = ""
        for folder in folders:
            above = _free(above + folder, self._files) + "/"
            self._folders.add(above[:-1])
        taken = _free(above + name, self._files, self._folders)
        self._files.add(taken)
        return taken


def _free(wanted: str, *taken: set[str]) -> str:
    name, number = wanted, 1
    while any(name in some for some in taken):
        number += 1
        name = f"{wanted}~{number}"
    return name
