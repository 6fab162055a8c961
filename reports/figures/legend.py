"""Legend keys that stand for what is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from posttrace.reports import style

if TYPE_CHECKING:
    from matplotlib.lines import Line2D


def key(label: str, **look: Any) -> Line2D:
    """Key of a marker, or with ``linestyle`` of a line; ``look`` as for matplotlib's ``Line2D``."""
    from matplotlib.lines import Line2D

    return Line2D([], [], label=label, **{"linestyle": "none", "color": style.INK, **look})
