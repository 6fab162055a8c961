"""Names in figures: how wide they are, and folded where their parts meet."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from functools import cache
from typing import Final

PARTS: Final = " · "
"""Between the parts of a name."""
LINES: Final = 3
LETTERS: Final = (20, 60, 2)
"""Of a line: from, to, step."""


@cache
def width(line: str) -> float:
    """Width of a line in sizes of the text; inside ``style.applied``."""
    from matplotlib.textpath import TextPath

    return float(TextPath((0, 0), line, size=100).get_extents().width) / 100 if line.strip() else 0.0


def folded_alike(names: Iterable[str]) -> list[str]:
    """Names on at most ``LINES`` lines, as narrow as that allows."""
    listed = list(names)
    tried = ([folded(name, letters) for name in listed] for letters in range(*LETTERS))
    return next((found for found in tried if all(name.count("\n") < LINES for name in found)), listed)


def folded(name: str, letters: int) -> str:
    """The name on lines of so many letters: between its parts where that does, else between words."""
    lines: list[str] = []
    for part in name.split(PARTS):
        if lines and len(lines[-1]) + len(PARTS) + len(part) <= letters:
            lines[-1] += PARTS + part
        else:
            lines += textwrap.wrap(part, letters, break_on_hyphens=False) or [""]
    return "\n".join(lines)
