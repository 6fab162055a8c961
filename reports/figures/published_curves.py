"""Reported gains along a budget or a number of runs: a panel for each task, a line for each agent."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from posttrace.reports import style
from posttrace.reports.figures.legend import key, place
from posttrace.reports.figures.names import LINE, more_lines, titles
from posttrace.reports.style import WIDE, Page

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

COLUMNS: Final = ("task", "agent", "at", "place", "gain_pp", "noise_pp")
"""One row a point: ``at`` is its name on the axis and ``place`` its rank; ``gain_pp`` NaN where nothing was
reported. ``noise_pp``: half the width of the 95 % band of a difference of two scores, NaN if not known."""
ACROSS: Final = 3
LOOKS: Final = (("o", "-"), ("s", "--"), ("^", "-."), ("D", ":"))


def published_curves(table: pd.DataFrame, label: str, *, page: Page = WIDE) -> Figure:
    """Draw small multiples; grey: where the difference of two scores of the base lies 95 times in 100."""
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    tasks, agents = (list(dict.fromkeys(table[name])) for name in ("task", "agent"))
    looks = {agent: _look(i) for i, agent in enumerate(agents)}
    down = max(1, math.ceil(len(tasks) / ACROSS))
    with style.applied(page):
        across = min(ACROSS, max(len(tasks), 1))
        said = titles(tasks, (page.width_in - page.inches(0.4)) / across - 0.35)
        height = page.inches(0.7 + (1.75 + LINE * more_lines(said)) * down)
        figure = Figure(figsize=(page.width_in, height), layout="constrained")
        for i, task in enumerate(tasks):
            axes = figure.add_subplot(down, across, i + 1)
            rows = table[table["task"] == task]
            noise = rows["noise_pp"].iloc[0]
            if np.isfinite(noise):
                axes.axhspan(-noise, noise, color=style.FAINT, alpha=0.55, linewidth=0)
            axes.axhline(0, color=style.MUTED, linewidth=0.9)
            for agent, points in rows.groupby("agent", sort=False):
                known = points[points["gain_pp"].notna()].sort_values("place")
                axes.plot(known["place"], known["gain_pp"], **looks[str(agent)])
            marks = rows.drop_duplicates("place").sort_values("place")
            axes.set_xticks(list(marks["place"]), list(marks["at"]))
            axes.set_xlim(-0.3, len(marks) - 0.7)
            axes.set_title(said[task])
            if i % ACROSS == 0:
                axes.set_ylabel("gain, pp")
        if table.empty:
            figure.text(0.5, 0.5, "no such table", ha="center")
        figure.supxlabel(label, fontsize=style.pt(8.5))
        handles: list[Any] = [key(agent, **look) for agent, look in looks.items()]
        if np.isfinite(table["noise_pp"].to_numpy(dtype=float)).any():
            handles.append(Patch(label="95 % noise of a difference", color=style.FAINT, linewidth=0))
        place(figure, handles)
        return style.settled(figure)


def _look(i: int) -> dict[str, Any]:
    marker, line = LOOKS[i % len(LOOKS)]
    colour = style.SEED_COLOURS[i % len(style.SEED_COLOURS)]
    return {"marker": marker, "linestyle": line, "color": colour, "markersize": 4.5, "linewidth": 1.4}
