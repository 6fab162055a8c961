"""The files of one revision: parsed when they are needed, found by the name they are imported under."""

from __future__ import annotations

import ast
import posixpath
import warnings
from collections.abc import Mapping
from functools import lru_cache

LARGEST_BYTES = 2_000_000
"""A source file above this is data in disguise and is not parsed."""


class Workspace:
    """Source files by workspace-relative path; ``problems`` collects what could not be read."""

    def __init__(self, files: Mapping[str, bytes], root: str | None = None) -> None:
        self.files = files
        self.root = root.rstrip("/") if root and root.startswith("/") else None
        self.problems: list[str] = []
        self._parsed: dict[str, ast.Module | None] = {}

    def relative(self, path: str, cwd: str = "") -> str:
        """``path`` as seen from ``cwd``: relative to the workspace if below it, otherwise absolute."""
        if not path.startswith("/"):
            path = posixpath.join(self.relative(cwd) if cwd else "", path)
        path = posixpath.normpath(path) if path else ""
        if self.root and (path == self.root or path.startswith(self.root + "/")):
            path = path[len(self.root) + 1 :]
        return "" if path == "." else path

    def find(self, path: str) -> str | None:
        """The stored file that a launched path means."""
        return path if path in self.files else None

    def parse(self, path: str) -> ast.Module | None:
        """Syntax tree of a file, or null with a line in ``problems``."""
        if path not in self._parsed:
            self._parsed[path] = self.parse_text(self.files[path], path)
        return self._parsed[path]

    def parse_text(self, content: bytes, path: str) -> ast.Module | None:
        """Syntax tree of source that is not necessarily a file."""
        if len(content) > LARGEST_BYTES:
            self.problems.append(f"{path}: {len(content)} bytes are too many for source, not read")
            return None
        try:
            return _tree(content)
        except SyntaxError as error:
            self.problems.append(f"{path}:{error.lineno or 1}: syntax error: {error.msg}")
        except (ValueError, RecursionError, MemoryError) as error:
            self.problems.append(f"{path}: cannot be parsed: {str(error) or type(error).__name__}")
        return None

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
        tail = dotted.replace(".", "/") + "/"
        prefixes = tuple(posixpath.join(root, tail) if root else tail for root in roots)
        return any(path.startswith(prefixes) for path in self.files)


@lru_cache(maxsize=256)
def _tree(content: bytes) -> ast.Module:
    """One tree for equal files: the commands and the revisions of a run share most of their code."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the analysed code's own invalid escapes
        return ast.parse(content)
