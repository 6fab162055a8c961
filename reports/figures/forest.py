"""Forest plot: what each run reported, what is left of it, and between which bounds."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from posttrace.reports import style
from posttrace.reports.figures.facets import forest_facets
from posttrace.reports.figures.gains import are_corrected, draw_gain, draw_scale, gain_keys
from posttrace.reports.figures.groups import name_groups, positions
from posttrace.reports.figures.legend import place
from posttrace.reports.figures.names import fitted
from posttrace.reports.style import WIDE, Page

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = (
    "task",
    "agent_label",
    "run_label",
    "verdict",
    "label",
    "reported_gain_pp",
    "corrected_gain_pp",
    "lcb_pp",
    "ucb_pp",
)
"""``verdict`` is the audit's code, ``label`` its printed form; the others are in percentage points, NaN where
undefined. One row a run, drawn from top to bottom in the table's order; ``task`` starts a new group."""


LABEL_WIDTH = 48
MAX_LINES = 36
"""Runs that a page has room for, one line each."""


def forest(table: pd.DataFrame, *, delta_eq_pp: float, page: Page = WIDE) -> Figure:
    """Draw gains over the baseline, one line a run.

    Hollow circle: the gain as reported (best of k). Mark of the verdict: the gain corrected for having picked
    the best; where no gain could be corrected, the reported one. Bar: from the simultaneous lower to the
    upper bound; a run without bounds has none. The shaded strip is ``±delta_eq_pp``, the gains too small to
    matter. More runs than a page has lines stand side by side, a column for each task, their verdicts by mark
    alone.
    """
    from matplotlib.figure import Figure

    if len(table) > MAX_LINES:
        return forest_facets(table, delta_eq_pp=delta_eq_pp, page=page)

    rows = positions(table["task"])
    with style.applied(page):
        height = page.inches(1.15 + 0.27 * (rows[-1] + 1 if rows else 1))
        figure = Figure(figsize=(page.width_in, height), layout="constrained")
        axes = figure.add_subplot()
        draw_scale(axes, delta_eq_pp)
        corrected = are_corrected(table)
        for y, row in zip(rows, table.to_dict("records"), strict=True):
            draw_gain(axes, y, row, corrected=corrected)
        names = fitted(table["run_label"], 0.3 * page.width_in, 8)
        axes.set_yticks(rows, [names[name] for name in table["run_label"]])
        _dress(axes, table, rows)
        name_groups(axes, table["task"], rows, page.width_in)
        if table.empty:
            figure.text(0.5, 0.5, style.NOTHING, ha="center")
        place(figure, gain_keys(table, delta_eq_pp))
        return style.settled(figure)


def _dress(axes: Axes, table: pd.DataFrame, rows: list[float]) -> None:
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("gain over the baseline, percentage points")
    axes.set_ylim((rows[-1] if rows else 0) + 0.7, -0.1)
    for y, row in zip(rows, table.to_dict("records"), strict=True):
        mark = style.VERDICT_MARKS[row["verdict"]]
        for x, text, colour in ((7, mark.symbol, mark.colour), (14, _short(row["label"]), style.INK)):
            axes.annotate(
                text,
                (1, y),
                (style.pt(x), 0),
                xycoords=("axes fraction", "data"),
                textcoords="offset points",
                ha="center" if text == mark.symbol else "left",
                va="center",
                fontsize=style.pt(8),
                color=colour,
                annotation_clip=False,
            )


def _short(label: str) -> str:
    """A long reason would squeeze the plot; the table beside it has the whole text."""
    return textwrap.shorten(label, LABEL_WIDTH, placeholder=" …")
