"""A column of a table on paper: its head and cells as lines of text, and about how wide they are."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Final

from posttrace.reports.display import plain
from posttrace.reports.figures.names import folded
from posttrace.reports.pack.latex import latex

GAP_EM: Final = 0.9
"""Between two columns: twice 3 pt, in sizes of \\scriptsize."""
HEAD: Final = 8
"""Letters of a head that are not folded."""
EM: Final = {
    **dict.fromkeys("ijl.,:;'|/\\!· \N{NO-BREAK SPACE}", 0.28),
    **dict.fromkeys("frtsI-()[]", 0.36),
    **dict.fromkeys("acez", 0.44),
    **dict.fromkeys("bdghknopquvxy_", 0.5),
    **dict.fromkeys("0123456789–", 0.5),
    **dict.fromkeys("mw+<>=~●", 0.78),
}
"""Letter -> its width in a Times; every other is taken to be ``WIDE_EM``."""
WIDE_EM: Final = 0.78
CODE_EM: Final = 3.8
"""Of a letter that LaTeX prints as its code point: up to seven letters of a typewriter."""


@dataclass(frozen=True)
class Column:
    """The head and the texts of a column, and how they are folded: not at all, at the ends of their lines for
    no ``letters``, or on lines of so many.
    """

    name: str
    right: bool
    texts: list[str]
    letters: int | None = None

    def folded(self, letters: int) -> Column:
        """The same on shorter lines."""
        return replace(self, letters=letters)

    @cached_property
    def cells(self) -> list[list[str]]:
        """Lines of each cell."""
        if self.letters is None or 0 < max(map(len, self.texts), default=0) <= self.letters:
            return [[plain(text)] for text in self.texts]
        parts = [list(map(plain, text.split("\n"))) for text in self.texts]
        if self.letters == 0:
            return parts
        return [[line for one in cell for line in folded(one, self.letters).split("\n")] for cell in parts]

    @cached_property
    def longest(self) -> int:
        """Letters of the longest line of a cell."""
        return max((len(line) for cell in self.cells for line in cell), default=0)

    @cached_property
    def head(self) -> list[str]:
        """Lines of the head: no longer than those of the cells, if its words are not."""
        return textwrap.wrap(plain(self.name), max(HEAD, self.longest), break_long_words=False) or [""]

    @cached_property
    def width_em(self) -> float:
        """Width of the longest line."""
        return max(map(_width, [*self.head, *(line for cell in self.cells for line in cell)]))


def total_em(columns: Sequence[Column]) -> float:
    """Width of columns beside each other, in sizes of their text."""
    return sum(column.width_em for column in columns) + GAP_EM * (len(columns) - 1)


def _width(line: str) -> float:
    return sum(map(_letter_em, line))


@cache
def _letter_em(char: str) -> float:
    return CODE_EM if latex(char).startswith(r"\texttt") else EM.get(char, WIDE_EM)
