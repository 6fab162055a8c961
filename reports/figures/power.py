"""Power: which gain a test of n items can detect when the best of k submissions is picked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from posttrace.reports import style
from posttrace.reports.display import percent
from posttrace.reports.figures.legend import key, place
from posttrace.reports.figures.looks import looks
from posttrace.reports.figures.names import LINE, more_lines, titles
from posttrace.reports.style import WIDE, Page

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS: Final = ("task", "kind", "n_items", "k", "detectable_pp", "baseline_pct")
"""``kind`` curve: the smallest gain, in percentage points, that is detected with the wanted power; NaN where
no attainable gain is. ``kind`` run: the same of an audited run, from its own items. ``baseline_pct``: score
of the base model, in percent."""

MAX_COLUMNS: Final = 3


def power(table: pd.DataFrame, *, page: Page = WIDE) -> Figure:
    """Draw a panel for each task: a line for each k over the number of items, and the runs that there are."""
    from matplotlib.figure import Figure

    tasks = list(dict.fromkeys(table["task"]))
    curves = table[table["kind"] == "curve"]
    lines = looks(f"k = {int(k)}" for k in sorted(curves["k"].unique()))
    across = min(max(len(tasks), 1), MAX_COLUMNS)
    down = -(-max(len(tasks), 1) // across)
    with style.applied(page):
        width = page.width_in if across > 1 else page.column_in
        said = titles(tasks, (width - page.inches(0.6)) / across - 0.15)
        height = page.inches(0.9 + down * LINE * more_lines(said)) + down * 0.27 * page.width_in
        figure = Figure(figsize=(width, height), layout="constrained")
        grid = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False).ravel()
        for axes, task in zip(grid, tasks, strict=False):
            _draw(axes, table[table["task"] == task], lines)
            axes.set_title(said[task])
        for axes in grid[len(tasks) :]:
            axes.set_visible(False)
        _scales(grid[0])
        if table.empty:
            figure.text(0.5, 0.5, style.NOTHING, ha="center")
        figure.supxlabel("items of the test, n", fontsize=style.pt(8.5))
        figure.supylabel("detectable gain, pp", fontsize=style.pt(8.5))
        handles = [key(name, **look) for name, look in lines.items()]
        if (table["kind"] == "run").any():
            handles.append(key("audited result", **RUN))
        place(figure, handles)
        return style.settled(figure)


RUN: Final[dict[str, Any]] = {
    "marker": "o",
    "markerfacecolor": "none",
    "markeredgecolor": style.INK,
    "linestyle": "none",
    "markeredgewidth": 0.6,
}


def _draw(axes: Axes, table: pd.DataFrame, lines: dict[str, dict[str, Any]]) -> None:
    curves, runs = table[table["kind"] == "curve"], table[table["kind"] == "run"]
    for k, own in curves.groupby("k"):
        own = own.sort_values("n_items")
        axes.plot(own["n_items"], own["detectable_pp"], **{**lines[f"k = {k:.0f}"], "markersize": 2.6})
    axes.plot(runs["n_items"], runs["detectable_pp"], **{**RUN, "markersize": 5})
    base = f"base {percent(table['baseline_pct'].iloc[0])} %"
    axes.text(0.98, 0.96, base, transform=axes.transAxes, ha="right", va="top", fontsize=style.pt(7.5))


def _scales(axes: Axes) -> None:
    from matplotlib.ticker import FixedLocator, NullLocator

    axes.set_xscale("log")
    axes.set_yscale("log")
    low, high = axes.get_ylim()
    ticks = [t for t in (0.5, 1, 2, 5, 10, 20, 50, 100) if low <= t <= high]
    axes.yaxis.set_major_locator(FixedLocator(ticks))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    items = [n for n in np.array([20, 50, 100, 200, 500, 1000, 2000, 5000, 10000]) if _within(axes, n)]
    axes.xaxis.set_major_locator(FixedLocator(items[:: 1 if len(items) < 5 else 2]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")


def _within(axes: Axes, n: float) -> bool:
    low, high = axes.get_xlim()
    return bool(low <= n <= high)
