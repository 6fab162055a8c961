"""The files of one revision: parsed when they are needed, found by the name they are imported under."""

from __future__ import annotations

import ast
import posixpath
from collections import ChainMap
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final, cast

from posttrace.analysis.routes.static.entries import notebooks, recovery

LARGEST_BYTES: Final = 2_000_000
"""A source file above this is data in disguise and is not parsed."""
NOTEBOOK: Final = ".ipynb"
_MOST_NAMED: Final = 20


@dataclass(frozen=True)
class Start:
    """A program that a line of another file starts; ``first`` and ``last``: when it ran, in steps."""

    program: str
    path: str
    line: int
    first: int
    last: int


class Workspace:
    """Source files by workspace-relative path; ``problems`` collects what could not be read.

    ``lenient``: nothing was seen to run, so a file that does not parse is read as far as it does, and a path
    that is not there is looked for nearby. A program that ran has the very files that it named.
    """

    def __init__(self, files: Mapping[str, bytes], root: str | None = None, *, lenient: bool = False) -> None:
        self.files: ChainMap[str, bytes] = ChainMap({}, cast("dict[str, bytes]", files))
        self.root = root.rstrip("/") if root and root.startswith("/") else None
        self.lenient = lenient
        self.problems: list[str] = []
        self.read: set[str] = set()
        """Shell scripts and configurations that were needed."""
        self.started: list[Start] = []
        self._parsed: dict[str, ast.Module | None] = {}
        self._written: dict[str, tuple[str, int]] = {}
        self._cells: dict[str, notebooks.Source] = {}
        self._folders: set[str] | None = None

    def relative(self, path: str, cwd: str = "") -> str:
        """``path`` as seen from ``cwd``: relative to the workspace if below it, otherwise absolute."""
        if not path.startswith("/"):
            path = posixpath.join(self.relative(cwd) if cwd else "", path)
        path = posixpath.normpath(path) if path else ""
        if self.root and (path == self.root or path.startswith(self.root + "/")):
            path = path[len(self.root) + 1 :]
        return "" if path == "." else path

    def find(self, path: str, cwd: str = "", beside: str = "") -> str | None:
        """The stored file that a path means; ``beside``: the file that names it.

        A lenient workspace also tries the folders above the file that names it, and then the only file with
        such an end: the folder that a command is started in is not known.
        """
        exact = self.relative(path, cwd)
        if exact in self.files or not self.lenient:
            return exact if exact in self.files else None
        folder = posixpath.dirname(beside)
        while True:
            near = self.relative(path, folder)
            if near in self.files:
                return near
            if not folder:
                break
            folder = posixpath.dirname(folder)
        tail = posixpath.normpath(path).lstrip("/.")
        found = [name for name in self.files if name == tail or name.endswith("/" + tail)] if tail else []
        return found[0] if len(found) == 1 else None

    def folder(self, path: str, cwd: str = "", beside: str = "") -> str:
        """The folder that a path means, as ``find`` does for files; where none is there, as it stands."""
        exact = self.relative(path, cwd)
        if not self.lenient or exact == "" or exact in self.folders:
            return exact
        near = posixpath.dirname(beside)
        while near:
            if self.relative(path, near) in self.folders:
                return self.relative(path, near)
            near = posixpath.dirname(near)
        return exact

    def globbed(self, word: str, cwd: str = "") -> list[str]:
        """Stored files that a pattern of the shell stands for; the word itself when it fits none."""
        if word == "*" or not any(sign in word for sign in "*?["):
            return [word]
        pattern = self.relative(word, cwd)
        slashes = pattern.count("/")
        found = [
            name for name in sorted(self.files) if name.count("/") == slashes and fnmatchcase(name, pattern)
        ]
        here = self.relative(cwd)
        return [posixpath.relpath(name, here) if here else name for name in found] or [word]

    def fitting(self, pattern: str, cwd: str = "") -> list[str]:
        """Stored files that a path with ``*`` for what is not known of it may mean, some at most."""
        exact = self.relative(pattern, cwd)
        return [name for name in sorted(self.files) if fnmatchcase(name, exact)][:_MOST_NAMED]

    def write(self, path: str, content: bytes, origin: tuple[str, int]) -> None:
        """A file that a program writes; ``origin``: file and line at which its text begins there."""
        self.files[path] = content
        self._written[path] = origin
        self._parsed.pop(path, None)
        self._folders = None

    def cite(self, path: str, line: int) -> tuple[str, int, str]:
        """Where a reader finds a line of a file, and a note on it: of a written file, where it is written."""
        if path in self._written:
            origin, first = self._written[path]
            return (*self.cite(origin, first + line - 1)[:2], f" [{path}:{line}]")
        if path in self._cells:
            cell, within = self._cells[path].cell(line)
            return path, line, f" [cell {cell}, line {within}]"
        return path, line, ""

    # -- python --------------------------------------------------------------------------------------------

    def parse(self, path: str) -> ast.Module | None:
        """Syntax tree of a file, or null with a line in ``problems``."""
        if path not in self._parsed:
            self._parsed[path] = self._parse_file(path)
        return self._parsed[path]

    @property
    def reached(self) -> frozenset[str]:
        """Files that were needed, those written on the way aside."""
        return frozenset({*self._parsed, *self.read} - self._written.keys())

    def _parse_file(self, path: str) -> ast.Module | None:
        if not path.endswith(NOTEBOOK):
            return self.parse_text(self.files[path], path)
        try:
            source = self._cells[path] = notebooks.source(self.files[path])
        except notebooks.NotPython as error:
            self.problems.append(f"{path}: {error}")
            return None
        self.problems.extend(f"{path}: {problem}" for problem in source.problems)
        return self.parse_text(source.text.encode("utf-8", "replace"), path)

    def parse_text(self, content: bytes, path: str) -> ast.Module | None:
        """Syntax tree of source that is not necessarily a file."""
        if len(content) > LARGEST_BYTES:
            self.problems.append(f"{path}: {len(content)} bytes are too many for source, not read")
            return None
        try:
            return recovery.tree(content)
        except SyntaxError as error:
            problem = f"{path}:{error.lineno or 1}: syntax error: {error.msg}"
        except (ValueError, RecursionError, MemoryError) as error:
            problem = f"{path}: cannot be parsed: {str(error) or type(error).__name__}"
        rest = recovery.recovered(content) if self.lenient else None
        self.problems.append(problem + ("; the statements that can be parsed are read" if rest else ""))
        return rest

    def module(self, dotted: str, roots: tuple[str, ...]) -> str | None:
        """Path of a module or package that ``import dotted`` finds below one of ``roots``."""
        tail = dotted.replace(".", "/")
        for root in roots:
            base = posixpath.join(root, tail) if root else tail
            for candidate in (base + ".py", base + "/__init__.py"):
                if candidate in self.files:
                    return candidate
        return None

    def is_package(self, dotted: str, roots: tuple[str, ...]) -> bool:
        """Whether a folder without ``__init__.py`` can be imported under this name."""
        tail = dotted.replace(".", "/")
        return any((posixpath.join(root, tail) if root else tail) in self.folders for root in roots)

    @property
    def folders(self) -> set[str]:
        """All folders that hold files."""
        if self._folders is None:
            self._folders = set()
            for path in self.files:
                folder = posixpath.dirname(path)
                while folder and folder not in self._folders:
                    self._folders.add(folder)
                    folder = posixpath.dirname(folder)
        return self._folders
