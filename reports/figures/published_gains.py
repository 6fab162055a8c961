"""Reported gains with their bounds: a panel for each task, a line for each agent and driver."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from posttrace.reports import style
from posttrace.reports.figures.legend import key, place, verdict_keys
from posttrace.reports.figures.names import LINE, fitted, more_lines, titles, width
from posttrace.reports.style import WIDE, Page

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS: Final = (
    "task",
    "group",
    "row_label",
    "verdict",
    "reported_gain_pp",
    "lcb_pp",
    "ucb_pp",
)
"""One row a reported result, in percentage points. ``group``: base model; ``verdict``: the audit's code.
``lcb_pp``, ``ucb_pp``: one-sided bounds."""
ACROSS: Final = 3


def published_gains(table: pd.DataFrame, *, page: Page = WIDE) -> Figure:
    """Draw small multiples that share their lines; each task has a scale of its own."""
    from matplotlib.figure import Figure

    tasks = list(dict.fromkeys(table["task"]))
    lines = list(dict.fromkeys(zip(table["group"], table["row_label"], strict=True)))
    lines = [line for group in dict.fromkeys(g for g, _ in lines) for line in lines if line[0] == group]
    heights = _heights(lines)
    down = max(1, math.ceil(len(tasks) / ACROSS))
    with style.applied(page):
        across = min(ACROSS, max(len(tasks), 1))
        names = fitted([name for line in lines for name in line], 0.3 * page.width_in, 8, 1)
        widest = max(map(width, names.values()), default=0.0) * style.pt(8) / 72
        said = titles(tasks, (page.width_in - widest) / across - 0.15)
        panel = 0.75 + LINE * more_lines(said) + 0.21 * (heights[-1] + 1 if heights else 1)
        height = page.inches(0.7 + down * panel)
        figure = Figure(figsize=(page.width_in, height), layout="constrained")
        for i, task in enumerate(tasks):
            axes = figure.add_subplot(down, across, i + 1)
            _draw(axes, table[table["task"] == task], lines, heights)
            axes.set_title(said[task])
            axes.set_yticks(heights, [names[label] for _, label in lines] if i % ACROSS == 0 else [])
            axes.tick_params(axis="y", length=0)
            if i % ACROSS == 0:
                _name(axes, [names[group] for group, _ in lines], heights)
        if table.empty:
            figure.text(0.5, 0.5, style.NOTHING, ha="center")
        figure.supxlabel("reported gain over the baseline, percentage points", fontsize=style.pt(8.5))
        keys = verdict_keys(table["verdict"])
        if table[["lcb_pp", "ucb_pp"]].notna().any(axis=None):
            keys.append(key("lower to upper bound", linestyle="-", linewidth=1.4))
        place(figure, keys)
        return style.settled(figure)


def _heights(lines: list[tuple[str, str]]) -> list[float]:
    """From top to bottom; a group starts after a gap, where its name stands."""
    heights, y, last = [], -1.0, None
    for group, _ in lines:
        y += 1.0 if group == last else 2.0 if last is not None else 1.9
        heights.append(y)
        last = group
    return heights


def _draw(axes: Axes, rows: pd.DataFrame, lines: list[tuple[str, str]], heights: list[float]) -> None:
    axes.axvline(0, color=style.MUTED, linewidth=0.9)
    for row in rows.to_dict("records"):
        y = heights[lines.index((row["group"], row["row_label"]))]
        mark = style.VERDICT_MARKS[row["verdict"]]
        ends = [row["lcb_pp"], row["ucb_pp"]]
        axes.plot(ends, [y, y], color=mark.colour, linewidth=1.4, solid_capstyle="butt")
        axes.plot([row["reported_gain_pp"]], [y], **mark.look(5.5))
    axes.set_ylim((heights[-1] if heights else 0) + 0.7, -0.2)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x", color=style.FAINT, linewidth=0.5)
    axes.set_axisbelow(True)


def _name(axes: Axes, groups: list[str], heights: list[float]) -> None:
    """Names of the groups, above their first line."""
    seen: set[str] = set()
    for group, y in zip(groups, heights, strict=True):
        if group not in seen:
            seen.add(group)
            place: dict[str, Any] = {"xycoords": ("axes fraction", "data"), "ha": "right", "va": "center"}
            axes.annotate(
                group,
                (-0.02, y - 0.95),
                fontsize=style.pt(8),
                fontweight="bold",
                annotation_clip=False,
                **place,
            )
