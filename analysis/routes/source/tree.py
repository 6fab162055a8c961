"""Source files of a folder on disk: listed once, read when they are asked for, never executed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from posttrace.analysis.routes.static.entries.entries import DOCUMENTS, SHELL
from posttrace.analysis.routes.static.entries.makefiles import NAMES
from posttrace.traces.errors import InputError

MOST_FILES: Final = 20_000
LARGEST_BYTES: Final = 100_000_000
"""Of one file; of a larger one only the name is known."""
_MARKS: Final = (".git", "pyproject.toml", "setup.py", "setup.cfg", "requirements.txt")
_SUFFIXES: Final = (".py", ".ipynb", ".yaml", ".yml", ".toml", ".json", ".mk", *SHELL, *DOCUMENTS)
_LEFT_OUT: Final = frozenset(
    {"node_modules", "__pycache__", "site-packages", "venv", "env", "build", "dist", "wandb", "checkpoints"}
)
_LARGEST_NAMELESS: Final = 200_000
_HIGHEST: Final = 4
"""Folders above a listed file that its project may begin at."""


class Tree(Mapping[str, bytes]):
    """Path relative to ``root`` -> content of the files that are source, settings or documents.

    Links to folders are not followed. ``problems``: what was left out, one line each.
    """

    def __init__(self, root: Path, also: tuple[Path, ...] = ()) -> None:
        self.root = root
        self.problems: list[str] = []
        self._files = {path.relative_to(root).as_posix(): path for path in also}
        self._read: dict[str, bytes] = {}
        for path in _walked(root):
            if len(self._files) >= MOST_FILES:
                self.problems.append(f"{root}: more than {MOST_FILES} files, the rest is left out")
                break
            self._files[path.relative_to(root).as_posix()] = path

    def __getitem__(self, name: str) -> bytes:
        if name not in self._read:
            self._read[name] = self._content(self._files[name])
        return self._read[name]

    def __contains__(self, name: object) -> bool:
        return name in self._files

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)

    def _content(self, path: Path) -> bytes:
        try:
            if path.stat().st_size > LARGEST_BYTES:
                self.problems.append(f"{path}: larger than {LARGEST_BYTES} bytes, not read")
                return b""
            return path.read_bytes()
        except OSError as error:
            self.problems.append(f"{path}: {error.strerror or error}")
            return b""


def _walked(root: Path) -> Iterator[Path]:
    for folder, names, files in os.walk(root, followlinks=False):
        names[:] = sorted(name for name in names if not name.startswith(".") and name not in _LEFT_OUT)
        for name in sorted(files):
            path = Path(folder, name)
            if _is_source(path):
                yield path


def _is_source(path: Path) -> bool:
    if path.name.endswith(_SUFFIXES) or path.name in NAMES:
        return path.is_file()
    if path.suffix or path.name.startswith("."):
        return False
    try:
        with path.open("rb") as opened:
            return opened.read(2) == b"#!" and path.stat().st_size < _LARGEST_NAMELESS
    except OSError:
        return False


def planted(paths: tuple[Path, ...]) -> Tree:
    """The tree that listed files and folders stand in: their project, or the folder that holds them all.

    Raises ``InputError`` for a path that is not there.
    """
    for path in paths:
        if not path.exists():
            raise InputError(f"{path}: there is no such file or folder; give source files or folders of them")
    found = [path.resolve() for path in paths]
    shared = Path(os.path.commonpath([path if path.is_dir() else path.parent for path in found]))
    above = [shared, *list(shared.parents)[:_HIGHEST]]
    marked = [folder for folder in above if any((folder / mark).exists() for mark in _MARKS)]
    root = marked[0] if marked and len(marked[0].parts) > 2 else shared
    return Tree(root, tuple(path for path in found if path.is_file()))
