"""Legend keys that stand for what is drawn, in as many columns as there is room for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from posttrace.reports import style
from posttrace.reports.figures.names import fitted, width

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

HINTED: Final = 1.07
"""Text on a screen is wider than its outlines, which are fitted to the dots."""
MARK: Final = 3.2
"""Room of the mark alone."""
BESIDE: Final = 5.0
"""Room of the mark beside a text, and of what parts columns, in sizes of the text."""


def key(label: str, **look: Any) -> Line2D:
    """Key of a marker, or with ``linestyle`` of a line; ``look`` as for matplotlib's ``Line2D``."""
    from matplotlib.lines import Line2D

    return Line2D([], [], label=label, **{"linestyle": "none", "color": style.INK, **look})


def verdict_keys(verdicts: Iterable[str]) -> list[Any]:
    """Keys of the verdicts that occur; ``verdicts``: codes, or several with spaces between them."""
    there = {code for cell in verdicts for code in cell.split()}
    return [
        key(code.replace("_", " "), linestyle="none", **mark.look(5))
        for code, mark in style.VERDICT_MARKS.items()
        if code in there
    ]


def columns(labels: Sequence[str], width_in: float) -> int:
    """Columns of a legend that fit a width; inside ``style.applied``."""
    size = style.pt(8) / 72
    for n in range(len(labels), 1, -1):
        # as matplotlib fills them: one below the other, and each column as wide as its longest
        parts = [labels[at[0] : at[-1] + 1] for at in np.array_split(np.arange(len(labels)), n)]
        if size * sum(HINTED * max(map(width, part)) + BESIDE for part in parts) <= width_in:
            return n
    return 1


def rows_in(labels: Sequence[str], width_in: float) -> float:
    """Height of such a legend, in inches; inside ``style.applied``."""
    return -(-len(labels) // columns(labels, width_in)) * 1.75 * style.pt(8) / 72


def shortened(handles: Iterable[Any], width_in: float) -> list[str]:
    """Labels of the handles, from now on no wider than a legend of one column; inside ``style.applied``."""
    handles = list(handles)
    room = width_in / HINTED - MARK * style.pt(8) / 72
    names = fitted([str(handle.get_label()) for handle in handles], room, 8, 1)
    for handle in handles:
        handle.set_label(names[str(handle.get_label())])
    return [str(handle.get_label()) for handle in handles]


def place(figure: Figure, handles: list[Any], side: Literal["upper", "lower"] = "upper") -> None:
    """Put a legend outside of what is drawn, above or below it."""
    labels = shortened(handles, float(figure.get_figwidth()))
    if labels:
        ncols = columns(labels, float(figure.get_figwidth()))
        look: dict[str, Any] = {"loc": f"outside {side} left", "ncols": ncols, "borderaxespad": 0.2}
        figure.legend(handles=handles, **look)
