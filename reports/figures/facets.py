"""The forest plot of many runs: a column for each task, the seeds of an agent close together."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from posttrace.reports import style
from posttrace.reports.figures.gains import are_corrected, draw_gain, draw_scale, gain_keys
from posttrace.reports.figures.legend import place, verdict_keys
from posttrace.reports.figures.names import folded, width
from posttrace.reports.style import WIDE, Page

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = 3
"""Tasks side by side; more where the page is not high enough."""
LABEL = 4
"""Letters of a line of an agent's name, for each inch of the page at full size."""
LINE = 0.85
"""Height of such a line."""
BOLD = 1.15
"""Width of bold text against ``width``."""
STEP = 0.6
"""From one seed to the next; from one agent to the next it is one more than that."""


def forest_facets(table: pd.DataFrame, *, delta_eq_pp: float, page: Page = WIDE) -> Figure:
    """Draw the runs of ``forest``'s table; a run without a gain is a mark at the right edge."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    tasks = list(dict.fromkeys(table["task"]))
    letters = int(LABEL * page.width_in / page.scale)
    names = {agent: folded(agent, letters) for agent in dict.fromkeys(table["agent_label"])}
    heights = _heights(table, {agent: name.count("\n") + 1 for agent, name in names.items()})
    last = max(y for ys in heights.values() for y in ys)
    fitting = max(1, int((page.height_in / page.scale - 1.2) / (0.4 + 0.16 * (last + 1))))
    columns = max(min(len(tasks), COLUMNS), math.ceil(len(tasks) / fitting))
    rows = math.ceil(len(tasks) / columns)
    with style.applied(page):
        height = page.inches(1.2 + rows * (0.4 + 0.16 * (last + 1)))
        figure = Figure(figsize=(page.width_in, height), layout="constrained")
        size = 9.0 if columns <= COLUMNS else 7.5
        look = _turned(tasks, size, (page.width_in - _widest(names.values())) / columns)
        grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
        for axes, task in zip(grid, tasks, strict=False):
            draw_scale(axes, delta_eq_pp)
            _draw_task(axes, table[table["task"] == task], heights, corrected=are_corrected(table))
            axes.set_title(task, fontsize=style.pt(size), **look)
        for axes in grid[len(tasks) :]:
            axes.set_visible(False)
        grid[0].xaxis.set_major_locator(MaxNLocator(nbins=6 if columns <= COLUMNS else 3))
        centres = [float(np.mean(ys)) for ys in heights.values()]
        grid[0].set_yticks(centres, [names[agent] for agent in heights])
        grid[0].set_ylim(last + STEP, -STEP)
        figure.supxlabel("gain over the baseline, percentage points", fontsize=style.pt(9))
        place(figure, [*gain_keys(table, delta_eq_pp), *verdict_keys(table["verdict"])])
        return style.settled(figure)


def _widest(names: Iterable[str]) -> float:
    """Of the names of agents, in inches."""
    return max(width(line) for name in names for line in name.split("\n")) * style.pt(8) / 72


def _turned(tasks: Iterable[str], size: float, room: float) -> dict[str, Any]:
    """How titles stand, each in so many inches: turned where one would run into the next."""
    wide = max(BOLD * width(task) for task in tasks) * style.pt(size) / 72
    return {"rotation": 35, "rotation_mode": "anchor"} if wide > 0.95 * room else {}


def _heights(table: pd.DataFrame, lines: dict[str, int]) -> dict[str, list[float]]:
    """Agent -> heights of its runs, the same in every column; room for most runs, and for its name."""
    heights: dict[str, list[float]] = {}
    y = 0.0
    for agent, runs in table.groupby("agent_label", sort=False):
        most = int(runs["task"].value_counts().max())
        needed = STEP * most + 1
        spare = max(0.0, LINE * lines[str(agent)] + 0.3 - needed)
        heights[str(agent)] = [y + spare / 2 + STEP * i for i in range(most)]
        y += needed + spare
    return heights


def _draw_task(axes: Axes, runs: pd.DataFrame, heights: dict[str, list[float]], *, corrected: bool) -> None:
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    for agent, own in runs.groupby("agent_label", sort=False):
        for y, row in zip(heights[str(agent)], own.to_dict("records"), strict=False):
            draw_gain(axes, y, row, size=4, corrected=corrected)
            if not np.isfinite(row["reported_gain_pp"]):
                _draw_nothing(axes, y, row["verdict"])


def _draw_nothing(axes: Axes, y: float, verdict: str) -> None:
    """A run without a gain: its mark at the right edge, in axes units, where no gain can be read from."""
    mark = style.VERDICT_MARKS[verdict]
    axes.plot([0.985], [y], transform=axes.get_yaxis_transform(), **mark.look(4))
