"""The forest plot of many runs: a column for each task, the seeds of an agent close together."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from posttrace.reports import style
from posttrace.reports.figures.gains import are_corrected, draw_gain, draw_scale, gain_keys
from posttrace.reports.figures.legend import place, verdict_keys
from posttrace.reports.figures.names import BOLD, LINE, fitted, more_lines, titles, width
from posttrace.reports.style import WIDE, Page

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = 3
"""Tasks side by side; more where the page is not high enough."""
LABEL = 0.26
"""Of the page, for the names of agents."""
NAME = 0.85
"""Height of a line of such a name."""
NARROWEST = 0.6
"""Inches of a column; where a page is too small for that, the figure is too high for it."""
FOLDED = 1.2
"""Inches in which a title can be folded."""
TURNED = 1.3
"""Inches of a title that is turned, at full size."""
STEP = 0.6
"""From one seed to the next; from one agent to the next it is one more than that."""


def forest_facets(table: pd.DataFrame, *, delta_eq_pp: float, page: Page = WIDE) -> Figure:
    """Draw the runs of ``forest``'s table; a run without a gain is a mark at the right edge."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    tasks = list(dict.fromkeys(table["task"]))
    with style.applied(page):
        names = fitted(table["agent_label"], LABEL * page.width_in, 8, 3)
        heights = _heights(table, {agent: name.count("\n") + 1 for agent, name in names.items()})
        last = max(y for ys in heights.values() for y in ys)
        fitting = max(1, int((page.height_in / page.scale - 1.2) / (0.4 + 0.16 * (last + 1))))
        left = page.width_in - _widest(names.values(), 8)
        columns = min(math.ceil(len(tasks) / fitting), int(left / NARROWEST))
        columns = max(min(len(tasks), COLUMNS), columns)
        rows = math.ceil(len(tasks) / columns)
        size = 9.0 if columns <= COLUMNS else 7.5
        said, look = _titles(tasks, size, left / columns, page.inches(TURNED))
        height = page.inches(1.2 + rows * (0.4 + LINE * more_lines(said) + 0.16 * (last + 1)))
        figure = Figure(figsize=(page.width_in, height), layout="constrained")
        grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
        for axes, task in zip(grid, tasks, strict=False):
            draw_scale(axes, delta_eq_pp)
            _draw_task(axes, table[table["task"] == task], heights, corrected=are_corrected(table))
            axes.set_title(said[task], fontsize=style.pt(size), **look)
        if look:  # the layout does not see how wide titles are
            beyond = max(0.0, math.cos(math.radians(look["rotation"])) * _widest(said.values(), size * BOLD))
            right = max(0.0, beyond - 0.6 * left / columns) / page.width_in
            figure.set_layout_engine("constrained", rect=(0, 0, 1 - right, 1))
        for axes in grid[len(tasks) :]:
            axes.set_visible(False)
        grid[0].xaxis.set_major_locator(MaxNLocator(nbins=6 if columns <= COLUMNS else 3))
        centres = [float(np.mean(ys)) for ys in heights.values()]
        grid[0].set_yticks(centres, [names[agent] for agent in heights])
        grid[0].set_ylim(last + STEP, -STEP)
        figure.supxlabel("gain over the baseline, percentage points", fontsize=style.pt(9))
        place(figure, [*gain_keys(table, delta_eq_pp), *verdict_keys(table["verdict"])])
        return style.settled(figure)


def _widest(names: Iterable[str], size: float) -> float:
    """Of the lines of names in text of so many points, in inches."""
    return max(width(line) for name in names for line in name.split("\n")) * style.pt(size) / 72


def _titles(
    tasks: Sequence[str], size: float, room: float, turned: float
) -> tuple[dict[str, str], dict[str, Any]]:
    """Titles in so many inches each, and how they stand: ``turned`` where one would run into the next."""
    said = titles(tasks, 0.97 * room, size)
    if not more_lines(said) or room >= FOLDED:
        return said, {}
    return titles(tasks, turned, size, 1), {"rotation": 35, "rotation_mode": "anchor"}


def _heights(table: pd.DataFrame, lines: dict[str, int]) -> dict[str, list[float]]:
    """Agent -> heights of its runs, the same in every column; room for most runs, and for its name."""
    heights: dict[str, list[float]] = {}
    y = 0.0
    for agent, runs in table.groupby("agent_label", sort=False):
        most = int(runs["task"].value_counts().max())
        needed = STEP * most + 1
        spare = max(0.0, NAME * lines[str(agent)] + 0.3 - needed)
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
