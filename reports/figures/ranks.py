"""Mean ranks over tasks, and which agents they do not tell apart (Demsar 2006)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from posttrace.analysis.digits import rounded
from posttrace.reports import style
from posttrace.reports.figures.names import fitted
from posttrace.reports.style import WIDE, Page

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS: Final = ("configuration", "mean_rank", "tasks", "critical_difference", "p")
"""One row an agent: mean of its ranks over ``tasks``, 1 is the best. ``critical_difference`` of mean ranks
and ``p`` of the Friedman test are the same in every row."""

TOP: Final = 2.1
"""Room above the scale, in rows of names."""


def ranks(table: pd.DataFrame, *, page: Page = WIDE) -> Figure:
    """Draw the ranks on a line; agents under one bar differ by less than the critical difference."""
    from matplotlib.figure import Figure

    table = table.sort_values("mean_rank", kind="stable")
    bars = cliques(table["mean_rank"].to_list(), float(table["critical_difference"].iloc[0]))
    half = -(-len(table) // 2)
    with style.applied(page):
        shown = fitted(table["configuration"], 0.24 * page.width_in, 8, 3)
        names = [
            f"{shown[name]} ({rounded(rank, '.2f')})"
            for name, rank in zip(table["configuration"], table["mean_rank"], strict=True)
        ]
        lines = 1 + max(name.count("\n") for name in names)
        depth = 0.55 * len(bars) + 0.4
        height = page.inches(0.25 + (0.08 + 0.14 * lines) * (depth + half + 0.3 + TOP))
        figure = Figure(figsize=(page.width_in, height), layout="constrained")
        axes = figure.add_subplot()
        _draw_scale(axes, table)
        for i, (low, high) in enumerate(bars):
            y = 0.55 * (i + 1)
            axes.plot(
                [low - 0.04, high + 0.04], [y, y], color=style.INK, linewidth=2.6, solid_capstyle="butt"
            )
        _draw_names(axes, dict(zip(names, table["mean_rank"], strict=True)), depth)
        axes.set_ylim(depth + half + 0.3, -TOP)
        return style.settled(figure)


def cliques(mean_ranks: list[float], critical: float) -> list[tuple[float, float]]:
    """(from, to) of each longest stretch of ascending ``mean_ranks`` no wider than ``critical``."""
    found: list[tuple[float, float]] = []
    for low in mean_ranks:
        high = max(rank for rank in mean_ranks if low <= rank <= low + critical)
        if high > low and (not found or high > found[-1][1]):
            found.append((low, high))
    return found


def _draw_scale(axes: Axes, table: pd.DataFrame) -> None:
    n, critical = len(table), float(table["critical_difference"].iloc[0])
    axes.set_xlim(0.6, n + 0.4)
    axes.axis("off")
    axes.plot([1, n], [0, 0], color=style.INK, linewidth=0.9)
    for rank in range(1, n + 1):
        axes.plot([rank, rank], [0, -0.18], color=style.INK, linewidth=0.9)
        axes.text(rank, -0.3, str(rank), ha="center", va="bottom", fontsize=style.pt(7.5))
    if np.isfinite(critical) and critical < n:
        axes.plot([1, 1 + critical], [-1.3, -1.3], color=style.INK, linewidth=1.4, marker="|", markersize=6)
    text = f"critical difference {rounded(critical, '.2f')}, {table['tasks'].iloc[0]} tasks; "
    text += f"Friedman p {rounded(table['p'].iloc[0], '.3f')}"
    axes.text(1, -1.45, text, ha="left", va="bottom", fontsize=style.pt(7.5))


def _draw_names(axes: Axes, names: dict[str, float], depth: float) -> None:
    """The better half on the left, the others on the right, each on a line of its own."""
    n, half = len(names), -(-len(names) // 2)
    for i, (name, rank) in enumerate(names.items()):
        left = i < half
        y = depth + (i if left else n - 1 - i) + 0.4
        edge = 0.95 if left else n + 0.05
        axes.plot([rank, rank, edge], [0, y, y], color=style.MUTED, linewidth=0.8, clip_on=False)
        axes.plot([rank], [0], "o", color=style.INK, markersize=3)
        side, shift = ("right", -0.05) if left else ("left", 0.05)
        axes.text(edge + shift, y, name, ha=side, va="center", fontsize=style.pt(8))
