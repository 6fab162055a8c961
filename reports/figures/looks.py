"""How the lines of a figure are told apart: by colour, by marker and by dashes, each of them alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from posttrace.reports.style import SEED_COLOURS

MARKERS: Final = ("o", "s", "^", "D", "v", "P", "X")
DASHES: Final = ("-", (0, (5, 1.5)), (0, (1.2, 1.2)), (0, (6, 1.5, 1.2, 1.5)))


def looks(names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Name -> colour, marker and line style, for matplotlib, in the order of first appearance."""
    found: dict[str, dict[str, Any]] = {}
    for name in dict.fromkeys(names):
        i = len(found)
        found[name] = {
            "color": SEED_COLOURS[i % len(SEED_COLOURS)],
            "marker": MARKERS[(i + i // len(SEED_COLOURS)) % len(MARKERS)],
            "linestyle": DASHES[i % len(DASHES)],
        }
    return found
