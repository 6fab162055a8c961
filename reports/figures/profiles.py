"""Performance profiles: the share of runs that gain more than a threshold (Agarwal et al. 2021)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from posttrace.reports import style
from posttrace.reports.figures.legend import columns, key, rows_in, shortened
from posttrace.reports.figures.looks import looks
from posttrace.reports.style import WIDE, Page

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS: Final = ("configuration", "threshold", "share", "low", "high", "tasks")
"""One row an agent and threshold: mean over tasks of the share, 0..1, of runs whose gain is more than
``threshold`` of the headroom, with a pointwise interval (NaN: none)."""


MOST_LINES: Final = 6
"""Of a panel."""


def profiles(table: pd.DataFrame, *, page: Page = WIDE) -> Figure:
    """Draw one step line for each agent, and its interval as a band; more agents stand in several panels."""
    from matplotlib.figure import Figure

    names = list(dict.fromkeys(table["configuration"]))
    parts = [names[i : i + MOST_LINES] for i in range(0, len(names), MOST_LINES)] or [[]]
    with style.applied(page):
        width = page.column_in if len(parts) == 1 else page.width_in
        across = min(len(parts), 2)
        down = -(-len(parts) // across)
        legends = max(rows_in(part, width / across) for part in parts)
        height = down * (0.62 * min(page.column_in, width / across) + legends)
        figure = Figure(figsize=(width, height), layout="constrained")
        for panel, part in zip(figure.subfigures(down, across, squeeze=False).ravel(), parts, strict=False):
            axes = panel.add_subplot()
            _draw(axes, table[table["configuration"].isin(part)])
            said = [_said(name, table) for name in part]
            handles = [key(name, **{**one, "marker": ""}) for name, one in looks(said).items()]
            ncols = columns(shortened(handles, width / across), width / across)
            panel.legend(handles=handles, borderaxespad=0.2, loc="outside upper left", ncols=ncols)
        if table.empty:
            figure.text(0.5, 0.5, style.NOTHING, ha="center")
        return style.settled(figure)


def _said(name: str, table: pd.DataFrame) -> str:
    """The agent, with its number of tasks where others have more: their shares cannot be compared."""
    tasks = int(table.loc[table["configuration"] == name, "tasks"].iloc[0])
    return name if tasks == table["tasks"].max() else f"{name} ({tasks} of {table['tasks'].max()} tasks)"


def _draw(axes: Axes, table: pd.DataFrame) -> None:
    lines = looks(table["configuration"])
    for name, own in table.groupby("configuration", sort=False):
        look = {**lines[str(name)], "marker": ""}
        axes.step(own["threshold"], 100 * own["share"], where="post", **look)
        band = {"step": "post", "color": look["color"], "alpha": 0.15, "linewidth": 0}
        axes.fill_between(own["threshold"], 100 * own["low"], 100 * own["high"], **band)
    axes.axvline(0, color=style.MUTED, linewidth=0.8, zorder=0)
    axes.set_xlabel("gain as a share of the headroom")
    axes.set_ylabel("runs that gain more, %")
    axes.set_ylim(-2, 102)
