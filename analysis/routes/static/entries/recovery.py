"""Syntax trees, also of source that does not parse: what of it does.

Files broken in the middle of an edit, with the marks of a merge in them, or written for Python 2.
"""

from __future__ import annotations

import ast
import re
import warnings
from functools import lru_cache
from typing import Final

_MOST_HOLES: Final = 8
"""Lines of one statement that are left out at most."""
_LONGEST: Final = 6
"""Pieces that a statement is put together from at most: a text may hold lines that look like statements."""
_MOST_PIECES: Final = 4000
_STARTS: Final = re.compile(r"^[^\s#)\]}\"']")
_GOES_ON: Final = re.compile(r"^(else|elif|except|finally)\b")
_PRINT: Final = re.compile(r"^(\s*)print\s+(?![=(])(?:>>\s*[\w.]+\s*,\s*)?(.*?),?\s*$", re.MULTILINE)
_CAUGHT: Final = re.compile(r"^(\s*except\s+[\w., ()]+?)\s*,\s*(\w+)\s*:", re.MULTILINE)
_TEMPLATE: Final = re.compile(r"^\s*\{%.*%\}\s*$", re.MULTILINE)


@lru_cache(maxsize=256)
def tree(content: bytes) -> ast.Module:
    """One tree for equal files: the commands and the revisions of a run share most of their code."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the analysed code's own invalid escapes
        return ast.parse(content)


@lru_cache(maxsize=64)
def recovered(content: bytes) -> ast.Module | None:
    """The statements that parse, at the lines where they stand; null when none does."""
    text = _repaired(_text(content))
    whole = _parsed(text)
    if whole is not None:
        return whole
    body: list[ast.stmt] = []
    pieces = _pieces(text.split("\n"))[:_MOST_PIECES]
    at = 0
    while at < len(pieces):
        found, taken = _statement(pieces, at)
        body.extend(found)
        at += taken
    return ast.Module(body, []) if body else None


def _text(content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")


def _repaired(text: str) -> str:
    """Without the other side of a merge and the marks of templates; statements of Python 2 as calls."""
    text = _TEMPLATE.sub("", _merged(text))
    return _CAUGHT.sub(r"\1 as \2:", _PRINT.sub(r"\1print(\2)", text))


def _merged(text: str) -> str:
    if "<<<<<<< " not in text:
        return text
    kept, theirs = [], False
    for line in text.split("\n"):
        mark = line[:7]
        if mark in ("<<<<<<<", "|||||||", "=======", ">>>>>>>"):
            theirs = mark in ("|||||||", "=======")
        kept.append("" if theirs or mark in ("<<<<<<<", ">>>>>>>") else line)
    return "\n".join(kept)


def _pieces(lines: list[str]) -> list[tuple[int, list[str]]]:
    """Lines from one that may begin a statement to the next, with the number of lines before them."""
    pieces: list[tuple[int, list[str]]] = []
    decorated = False
    for number, line in enumerate(lines):
        begins = bool(_STARTS.match(line)) and not _GOES_ON.match(line) and not decorated
        decorated = line.startswith("@")
        if begins or not pieces:
            pieces.append((number, []))
        pieces[-1][1].append(line)
    return pieces


def _statement(pieces: list[tuple[int, list[str]]], at: int) -> tuple[list[ast.stmt], int]:
    """The statements that begin with a piece, and how many pieces they take."""
    first, lines = pieces[at][0], list[str]()
    for taken, (_, more) in enumerate(pieces[at : at + _LONGEST], 1):
        lines = [*lines, *more]
        found = _parsed("\n" * first + "\n".join(lines))
        if found is not None:
            return found.body, taken
    found = _with_holes(first, list(pieces[at][1]))
    return (found.body if found is not None else []), 1


def _with_holes(first: int, lines: list[str]) -> ast.Module | None:
    """A statement without the lines inside it that do not parse."""
    for _ in range(_MOST_HOLES):
        try:
            return ast.parse("\n" * first + "\n".join(lines))
        except SyntaxError as error:
            hole = (error.lineno or 0) - 1 - first
            if not 0 < hole < len(lines) or not lines[hole].strip():
                return None
            indent = lines[hole][: len(lines[hole]) - len(lines[hole].lstrip())]
            lines[hole] = "" if lines[hole].strip() == "pass" else indent + "pass"
        except (ValueError, RecursionError, MemoryError):
            return None
    return None


def _parsed(text: str) -> ast.Module | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None
