"""A table that is a picture: cells with a colour for a number, and the number itself as text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from posttrace.reports import style
from posttrace.reports.figures.names import LINES, fitted, folded_alike, width
from posttrace.reports.style import Page

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LESS, MORE = "#E9A45B", "#7DB8E0"
"""Ends of the scale, light enough for text; the sign stands in the text too."""
LINE_PT: Final = (8.0, 7.5, 7.5)
"""Size of the lines of a cell."""
HATCHED: Final[dict[str, Any]] = {"facecolor": "white", "edgecolor": "#858b92", "hatch": "////"}
TURN: Final = math.radians(35)
"""Of names of columns that would run into each other."""
BEGIN: Final = 0.7
"""Of a column, to the right of where a turned name begins."""
ROWS: Final = 0.36
"""Of the width, for names of rows."""
LINE_IN: Final = 1.3 * 8 / 72
"""Height of a line of a name, at full size."""
FOLDED, TURNED, HIGH = 1.0, 1.6, 0.7
"""Inches in which names of columns can be folded, of a turned one, and of its height that is there anyway."""
ACROSS: Final = 8
"""Columns that a wide page has room for."""
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


def arranged(
    cells: list[Cell], names: tuple[Sequence[str], Sequence[str]], page: Page
) -> tuple[list[Cell], tuple[Sequence[str], Sequence[str]]]:
    """Cells, and names of rows and of columns: exchanged where a page has no room for so many columns."""
    rows, columns = names
    if len(columns) <= max(page.fits(ACROSS), len(rows)):
        return cells, names
    return [replace(cell, row=cell.column, column=cell.row) for cell in cells], (columns, rows)


def draw_matrix(
    figure: Figure,
    cells: Sequence[Cell],
    names: tuple[Sequence[str], Sequence[str]],
    limits: tuple[float, float],
) -> None:
    """Draw the cells in a figure of their own, which grows by what turned names of columns are too high.

    ``names``: of rows and of columns. Colours go from ``limits[0]`` through white in the middle to
    ``limits[1]``. Text shrinks where it would leave its cell.
    """
    from matplotlib.colors import LinearSegmentedColormap, Normalize

    axes = figure.add_subplot()
    width_in = float(figure.get_figwidth())
    scale = LinearSegmentedColormap.from_list("gain", [LESS, "#ffffff", MORE])
    norm = Normalize(*limits, clip=True)
    rows = _row_names(names[0], ROWS * width_in)
    left = width_in - 0.25 - _inches(rows)
    columns, turned = _column_names(names[1], left / max(len(names[1]), 1))
    room = _room(left, columns, turned=turned)
    for cell in cells:
        colour = scale(norm(cell.value)) if np.isfinite(cell.value) else style.FAINT
        _draw_cell(axes, cell, colour, room)
    axes.set_xlim(0, max(len(columns), 1))
    axes.set_ylim(max(len(rows), 1), 0)
    axes.set_yticks([i + 0.5 for i in range(len(rows))], rows)
    look: dict[str, Any] = {}
    if turned:
        look = {"rotation": math.degrees(TURN), "ha": "left", "rotation_mode": "anchor"}
        high = math.sin(TURN) * _inches(columns) + math.cos(TURN) * _depth(columns)
        figure.set_figheight(figure.get_figheight() + max(0.0, high - style.pt(HIGH)))
    axes.set_xticks([i + 1 - BEGIN if turned else i + 0.5 for i in range(len(columns))], columns, **look)
    axes.tick_params(length=0, top=True, labeltop=True, bottom=False, labelbottom=False)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _row_names(names: Sequence[str], room: float) -> list[str]:
    folded = folded_alike(names)
    return folded if _inches(folded) <= room else list(fitted(names, room, 8, LINES).values())


def _column_names(names: Sequence[str], room: float) -> tuple[list[str], bool]:
    """Names in so many inches each, and whether they are turned because they would run into each other."""
    folded = folded_alike(names)
    if _inches(folded) <= 0.97 * room:
        return folded, False
    if room >= FOLDED:
        return list(fitted(names, 0.95 * room, 8, LINES).values()), False
    left = 0.7 * room  # of a column, when the last name has what it needs
    lines = max(1, int(left * math.sin(TURN) / (LINE_IN * style.pt(1))))
    if _inches(folded) <= TURNED and all(name.count("\n") < lines for name in folded):
        return folded, True
    return list(fitted(names, TURNED, 8, min(lines, LINES)).values()), True


def _room(left: float, columns: Sequence[str], *, turned: bool) -> float:
    """Width of a cell, where cells and what the last name has beyond them share ``left`` inches."""
    n = max(len(columns), 1)
    beyond = math.cos(TURN) * _inches(columns) + math.sin(TURN) * _depth(columns) if turned else 0.0
    return min(left / n, max((left - beyond) / (n - BEGIN), 0.3 * left / n))


def _inches(names: Sequence[str]) -> float:
    """Width of the longest line of all names."""
    return max((width(line) for name in names for line in name.split("\n")), default=0.0) * style.pt(8) / 72


def _depth(names: Sequence[str]) -> float:
    """Height of the name with the most lines."""
    return (1 + max((name.count("\n") for name in names), default=0)) * LINE_IN * style.pt(1)


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
