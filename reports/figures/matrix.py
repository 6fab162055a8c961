"""A table that is a picture: cells with a colour for a number, and the number itself as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from posttrace.reports import style
from posttrace.reports.figures.names import folded_alike, width

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LESS, MORE = "#E9A45B", "#7DB8E0"
"""Ends of the scale, light enough for text; the sign stands in the text too."""
LINE_PT: Final = (8.0, 7.5, 7.5)
"""Size of the lines of a cell."""
HATCHED: Final[dict[str, Any]] = {"facecolor": "white", "edgecolor": "#858b92", "hatch": "////"}
APART: Final = 0.29
"""From line to line, in heights of a cell."""


@dataclass(frozen=True)
class Cell:
    """Place, the number that colours it (NaN: none) and its lines of text."""

    row: int
    column: int
    value: float
    lines: tuple[str, ...]
    hatched: bool = False


def draw_matrix(
    axes: Axes,
    cells: Sequence[Cell],
    names: tuple[Sequence[str], Sequence[str]],
    limits: tuple[float, float],
    width_in: float,
) -> None:
    """Draw the cells; ``names`` of rows and columns; ``width_in`` of the whole figure.

    Colours go from ``limits[0]`` through white in the middle to ``limits[1]``. Text shrinks where it would
    leave its cell.
    """
    from matplotlib.colors import LinearSegmentedColormap, Normalize

    scale = LinearSegmentedColormap.from_list("gain", [LESS, "#ffffff", MORE])
    norm = Normalize(*limits, clip=True)
    rows, columns = map(folded_alike, names)
    room = (width_in - 0.25 - _widest(rows) * style.pt(8) / 72) / max(len(columns), 1)
    for cell in cells:
        colour = scale(norm(cell.value)) if np.isfinite(cell.value) else style.FAINT
        _draw_cell(axes, cell, colour, room)
    axes.set_xlim(0, max(len(columns), 1))
    axes.set_ylim(max(len(rows), 1), 0)
    axes.set_yticks([i + 0.5 for i in range(len(rows))], rows)
    _name_columns(axes, columns, room)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _name_columns(axes: Axes, columns: Sequence[str], room: float) -> None:
    """Above the cells; turned where they would run into each other."""
    turned = _size(_widest(columns), style.pt(8), room) < style.pt(8)
    look: dict[str, Any] = {"rotation": 35, "ha": "left", "rotation_mode": "anchor"} if turned else {}
    axes.set_xticks([i + 0.5 - 0.2 * turned for i in range(len(columns))], columns, **look)
    axes.tick_params(length=0, top=True, labeltop=True, bottom=False, labelbottom=False)


def _widest(names: Sequence[str]) -> float:
    return max((width(line) for name in names for line in name.split("\n")), default=0.0)


def _size(wide: float, wanted: float, room: float) -> float:
    """The size at which text so wide fits ``room`` inches, at most ``wanted``."""
    return min(wanted, 72 * 0.97 * room / max(wide, 0.1))


def _draw_cell(axes: Axes, cell: Cell, colour: Any, room: float) -> None:
    from matplotlib.patches import Rectangle

    place = (cell.column + 0.02, cell.row + 0.03)
    look: dict[str, Any] = {"facecolor": colour, "edgecolor": "#b9bdc2", "linewidth": 0.4}
    if cell.hatched:
        look |= {"hatch": HATCHED["hatch"], "edgecolor": HATCHED["edgecolor"]}
    axes.add_patch(Rectangle(place, 0.96, 0.94, **look))
    top = cell.row + 0.5 - APART * (len(cell.lines) - 1) / 2
    for i, line in enumerate(cell.lines):
        size = _size(width(line), style.pt(LINE_PT[min(i, 2)]), room)
        text = axes.text(cell.column + 0.5, top + APART * i, line, ha="center", va="center", fontsize=size)
        if cell.hatched and line:
            text.set_bbox({"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 0.6})
