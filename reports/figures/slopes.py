"""Slopes: the gains of matched cells that differ in one factor, its levels side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from posttrace.reports import style
from posttrace.reports.figures.legend import key, place, rows_in
from posttrace.reports.figures.looks import looks
from posttrace.reports.figures.names import fitted, more_lines
from posttrace.reports.style import WIDE, Page

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

COLUMNS: Final = ("factor", "level", "line", "gain_pp", "n_runs")
"""One row a level of a matched block: ``line`` names what its cells have in common (task, and what else
varies); ``gain_pp`` is the mean gain of ``n_runs`` runs, in percentage points. Levels from left to right in
the order of first appearance."""

FOLDED, TURNED = 0.9, 1.4
"""Inches in which the name of a level can be folded, and inches of one that is turned."""


def slopes(table: pd.DataFrame, *, page: Page = WIDE) -> Figure:
    """Draw one line for each matched block, from level to level; blocks need not have every level."""
    from matplotlib.figure import Figure

    levels, lines = list(dict.fromkeys(table["level"])), looks(table["line"])
    with style.applied(page):
        many = len(levels) > 3 or len(lines) > 7
        width = page.width_in if many else page.column_in
        said, stand = _levels(levels, width - 0.7)
        height = page.inches(2.7 + 0.13 * more_lines(said) + (0.5 if stand else 0.0)) + rows_in(
            list(lines), width
        )
        figure = Figure(figsize=(width, height), layout="constrained")
        axes = figure.add_subplot()
        axes.axhline(0, color=style.MUTED, linewidth=0.8, zorder=0)
        for name, own in table.groupby("line", sort=False):
            own = own.assign(at=own["level"].map(levels.index)).sort_values("at")
            axes.plot(own["at"], own["gain_pp"], **lines[str(name)])
        axes.set_xticks(range(len(levels)), [said[level] for level in levels], **stand)
        axes.set_xlim(-0.3, len(levels) - 0.7)
        axes.set_ylabel("mean gain over the baseline, pp")
        if table.empty:
            figure.text(0.5, 0.5, style.NOTHING, ha="center")
        handles = [key(name, **look) for name, look in lines.items()]
        place(figure, handles)
        return style.settled(figure)


def _levels(levels: list[str], room_in: float) -> tuple[dict[str, str], dict[str, Any]]:
    """Names below the axis and how they stand: folded where there is room for that, else turned."""
    each = room_in / max(len(levels), 1)
    longest = max(map(len, levels), default=0)
    if each >= FOLDED or longest * style.pt(8) * 0.6 / 72 <= each:
        return fitted(levels, 0.92 * each, 8, 3), {}
    return fitted(levels, TURNED, 8, 1), {"rotation": 25, "ha": "right", "rotation_mode": "anchor"}
