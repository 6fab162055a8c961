"""Rows of a figure that stand together below the name of their task."""

from __future__ import annotations

from typing import TYPE_CHECKING

from posttrace.reports.figures.names import titles

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

STEP = 0.9
"""Room above a group for its name, in rows."""
ROOM = 0.4
"""Of the width of a figure, for such a name."""


def positions(groups: pd.Series) -> list[float]:
    """Height of every row: one step a row, and nearly one more where the group changes."""
    changed = groups.ne(groups.shift())
    return [float(i + STEP * group) for i, group in enumerate(changed.cumsum())]


def name_groups(axes: Axes, groups: pd.Series, rows: list[float], width_in: float) -> None:
    """Write each group's name above its first row, left of the axes; ``rows`` as ``positions`` gave them.

    ``width_in``: of the whole figure.
    """
    first = groups.ne(groups.shift())
    names = titles(groups, ROOM * width_in, lines=1)
    for y, name, is_first in zip(rows, groups, first, strict=True):
        if is_first:
            axes.annotate(
                names[name],
                (-0.01, y - 0.85),
                xycoords=("axes fraction", "data"),
                ha="right",
                va="center",
                weight="bold",
                annotation_clip=False,
            )
