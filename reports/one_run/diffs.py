"""What changed in the code between two revisions, as text that a page can fold."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from posttrace.reports.display import cut, escaped, fence, plain, plural

SHOWN_LINES: Final = 100
"""Lines of one file's diff that are shown."""
SHOWN_CHARACTERS: Final = 400
"""Characters of a line that are shown: data may lie on a single one."""
COMPARED_LINES: Final = 4_000
"""Longer files are not compared line by line: the comparison takes the square of the length."""


@dataclass(frozen=True)
class Change:
    """One file that differs between two revisions."""

    path: str
    status: Literal["added", "modified", "deleted"]
    added: int | None
    """Lines; null where the file is too long to compare."""
    removed: int | None
    lines: tuple[str, ...]
    """Unified diff, cut."""
    left_out: int
    """Lines of the diff that were cut."""

    def markdown(self) -> str:
        """Path, counts and diff; inert, whatever the file holds."""
        head = f"**{escaped(self.path)}** · {escaped(self.counts())}"
        if not self.lines:
            return head
        text = "\n".join(_line(line) for line in self.lines)
        ticks = fence(text, 3)
        rest = f"\n\n… {plural(self.left_out, 'more line')}" if self.left_out else ""
        return f"{head}\n\n{ticks}diff\n{text}\n{ticks}{rest}"

    def counts(self) -> str:
        """``added, +92 −0``."""
        if self.added is None:
            return f"{self.status}, too long to compare"
        return f"{self.status}, +{self.added:,} \N{MINUS SIGN}{self.removed:,}"


def counted(changed: Sequence[Change]) -> str:
    """``+92 −0`` over all files; of those that are too long to compare only how many they are."""
    known = [(change.added, change.removed or 0) for change in changed if change.added is not None]
    lines = f"+{sum(n for n, _ in known):,} \N{MINUS SIGN}{sum(n for _, n in known):,}"
    long = len(changed) - len(known)
    return ", ".join([lines] * bool(known) + [f"{long} too long to compare"] * bool(long))


def changes(
    before: Mapping[str, bytes], after: Mapping[str, bytes], paths: Iterable[str]
) -> tuple[Change, ...]:
    """Those of ``paths`` that differ, in order of the path. Raises ``RevisionError`` for a damaged store."""
    found = (_change(path, before.get(path), after.get(path)) for path in sorted(set(paths)))
    return tuple(change for change in found if change is not None)


def _change(path: str, old: bytes | None, new: bytes | None) -> Change | None:
    if old == new:
        return None
    status: Literal["added", "modified", "deleted"] = (
        "added" if old is None else "deleted" if new is None else "modified"
    )
    a, b = _lines(old), _lines(new)
    if max(len(a), len(b)) > COMPARED_LINES:
        return Change(path, status, None, None, (), 0)
    diff = list(difflib.unified_diff(a, b, lineterm=""))[2:]  # without the two lines that name the files
    added = sum(line.startswith("+") for line in diff)
    removed = sum(line.startswith("-") for line in diff)
    return Change(path, status, added, removed, tuple(diff[:SHOWN_LINES]), max(0, len(diff) - SHOWN_LINES))


def _lines(content: bytes | None) -> list[str]:
    if content is None:
        return []
    return content.decode("utf-8", "replace").removesuffix("\n").split("\n")


def _line(line: str) -> str:
    return cut(plain(line.expandtabs(4)), SHOWN_CHARACTERS)
