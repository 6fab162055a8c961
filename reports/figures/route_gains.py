"""Gain of each run by the route that its best submission came about by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from posttrace.reports import style
from posttrace.reports.figures.legend import place, verdict_keys
from posttrace.reports.figures.names import LINE, more_lines, titles
from posttrace.reports.style import WIDE, Page

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS: Final = ("task", "route", "run_id", "gain_pp", "verdict")
"""One row a run with a gain and a route; ``gain_pp`` in percentage points, ``verdict`` the audit's code."""

MAX_COLUMNS: Final = 3
ROW: Final = 0.42


def route_gains(table: pd.DataFrame, *, page: Page = WIDE) -> Figure:
    """Draw a panel for each task: every run at its gain, routes one below the other, a bar at the mean."""
    from matplotlib.figure import Figure

    tasks, routes = list(dict.fromkeys(table["task"])), list(dict.fromkeys(table["route"]))
    across = min(max(len(tasks), 1), MAX_COLUMNS)
    down = -(-max(len(tasks), 1) // across)
    with style.applied(page):
        width = page.width_in if across > 1 else page.column_in
        said = titles(tasks, (width - page.inches(0.8)) / across - 0.2)
        height = page.inches(0.95 + down * (0.45 + LINE * more_lines(said) + ROW * max(len(routes), 1)))
        figure = Figure(figsize=(width, height), layout="constrained")
        grid = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False).ravel()
        for axes, task in zip(grid, tasks, strict=False):
            _draw_task(axes, table[table["task"] == task], routes)
            axes.set_title(said[task])
        for axes in grid[len(tasks) :]:
            axes.set_visible(False)
        grid[0].set_yticks(range(len(routes)), routes)
        grid[0].set_ylim(len(routes) - 0.4, -0.6)
        if table.empty:
            figure.text(0.5, 0.5, style.NOTHING, ha="center")
        figure.supxlabel("corrected gain over the baseline, percentage points", fontsize=style.pt(8.5))
        handles = verdict_keys(table["verdict"])
        place(figure, handles)
        return style.settled(figure)


def _draw_task(axes: Axes, runs: pd.DataFrame, routes: list[str]) -> None:
    axes.axvline(0, color=style.MUTED, linewidth=0.9, zorder=0)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    for y, route in enumerate(routes):
        own = runs[runs["route"] == route]
        axes.axhline(y, color=style.FAINT, linewidth=0.6, zorder=0)
        if len(own) > 1:
            axes.plot([own["gain_pp"].mean()] * 2, [y - 0.3, y + 0.3], color=style.INK, linewidth=1.4)
        if len(own):
            axes.annotate(
                f"n = {len(own)}",
                (1.01, y),
                xycoords=("axes fraction", "data"),
                va="center",
                fontsize=style.pt(7.5),
            )
        # runs of one route are spread a little, in their order, so that equal gains stay apart
        heights = y + 0.22 * np.linspace(-1, 1, len(own)) if len(own) > 1 else [float(y)] * len(own)
        for height, run in zip(heights, own.to_dict("records"), strict=True):
            axes.plot([run["gain_pp"]], [height], **style.VERDICT_MARKS[run["verdict"]].look(6))
