"""Names in figures: how wide they are, and folded where their parts meet."""

from __future__ import annotations

import textwrap
from functools import cache
from typing import Final

PARTS: Final = " · "
"""Between the parts of a name."""


@cache
def width(line: str) -> float:
    """Width of a line in sizes of the text; inside ``style.applied``."""
    from matplotlib.textpath import TextPath

    return float(TextPath((0, 0), line, size=100).get_extents().width) / 100 if line.strip() else 0.0


def folded(name: str, letters: int) -> str:
    """The name on lines of so many letters: between its parts where that does, else between words."""
    lines: list[str] = []
    for part in name.split(PARTS):
        if lines and len(lines[-1]) + len(PARTS) + len(part) <= letters:
            lines[-1] += PARTS + part
        else:
            lines += textwrap.wrap(part, letters) or [""]
    return "\n".join(lines)
