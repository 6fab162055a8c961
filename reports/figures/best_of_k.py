"""Best of k runs: what picking the best of several runs of one agent gains on average."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from posttrace.reports import style
from posttrace.reports.figures.legend import key, place, rows_in
from posttrace.reports.figures.looks import looks
from posttrace.reports.figures.names import LINE, more_lines, titles
from posttrace.reports.style import WIDE, Page

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

COLUMNS: Final = ("task", "agent_label", "k", "expected_best_pp", "runs")
"""One row a cell and k: expected best gain of k of its ``runs``, drawn without replacement, in percentage
points over the baseline."""

MAX_COLUMNS: Final = 4


def best_of_k(table: pd.DataFrame, *, page: Page = WIDE) -> Figure:
    """Draw a panel for each task and a line for each agent: from the mean of its runs to the best."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    tasks, lines = list(dict.fromkeys(table["task"])), looks(table["agent_label"])
    across = min(max(len(tasks), 1), MAX_COLUMNS)
    down = -(-max(len(tasks), 1) // across)
    with style.applied(page):
        width = page.width_in if across > 1 else page.column_in
        said = titles(tasks, (width - page.inches(0.4)) / across - 0.2)
        height = page.inches(0.9 + down * LINE * more_lines(said)) + down * 0.25 * width
        height += rows_in(list(lines), width) - rows_in(["one"], width)
        figure = Figure(figsize=(width, height), layout="constrained")
        grid = figure.subplots(down, across, sharex=True, squeeze=False).ravel()
        for axes, task in zip(grid, tasks, strict=False):
            axes.axhline(0, color=style.MUTED, linewidth=0.8, zorder=0)
            for agent, own in table[table["task"] == task].groupby("agent_label", sort=False):
                axes.plot(own["k"], own["expected_best_pp"], **lines[str(agent)])
            axes.set_title(said[task])
            axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True, min_n_ticks=1))
        for axes in grid[len(tasks) :]:
            axes.set_visible(False)
        if table.empty:
            figure.text(0.5, 0.5, style.NOTHING, ha="center")
        figure.supxlabel("k, runs of which the best counts", fontsize=style.pt(8.5))
        figure.supylabel("expected best gain, pp", fontsize=style.pt(8.5))
        handles = [key(agent, **look) for agent, look in lines.items()]
        place(figure, handles)
        return style.settled(figure)
