"""Forest plot: what each run reported, what is left of it, and between which bounds."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np

from posttrace.reports import style
from posttrace.reports.figures.groups import name_groups, positions
from posttrace.reports.figures.legend import key

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = (
    "task",
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


def forest(table: pd.DataFrame, *, delta_eq_pp: float) -> Figure:
    """Draw gains over the baseline, one line a run.

    Hollow circle: the gain as reported (best of k). Filled marker: the gain corrected for having picked the
    best. Bar: from the simultaneous lower to the upper bound; a run without bounds has none. The shaded strip
    is ``±delta_eq_pp``, the gains too small to matter.
    """
    from matplotlib.figure import Figure

    rows = positions(table["task"])
    with style.applied():
        figure = Figure(figsize=(9.4, 1.15 + 0.27 * (rows[-1] + 1 if rows else 1)), layout="constrained")
        axes = figure.add_subplot()
        axes.axvspan(-delta_eq_pp, delta_eq_pp, color=style.FAINT, alpha=0.55, linewidth=0)
        axes.axvline(0, color=style.MUTED, linewidth=0.9)
        for y, row in zip(rows, table.to_dict("records"), strict=True):
            _draw_run(axes, y, row)
        _dress(axes, table, rows)
        if table.empty:
            figure.text(0.5, 0.5, style.NOTHING, ha="center")
        figure.legend(handles=_legend(delta_eq_pp), loc="outside upper left", ncols=4, borderaxespad=0.2)
    return figure


def _draw_run(axes: Axes, y: float, row: dict[Any, Any]) -> None:
    mark = style.VERDICT_MARKS[row["verdict"]]
    low, high = row["lcb_pp"], row["ucb_pp"]
    if np.isfinite(low) or np.isfinite(high):
        ends = [v for v in (low, high) if np.isfinite(v)]
        inner = [v for v in (row["corrected_gain_pp"], row["reported_gain_pp"]) if np.isfinite(v)]
        span = [*ends, *(inner if len(ends) == 1 else [])]
        axes.plot([min(span), max(span)], [y, y], color=mark.colour, linewidth=1.6, solid_capstyle="butt")
        axes.plot(ends, [y] * len(ends), "|", color=mark.colour, markersize=7, markeredgewidth=1.6)
    axes.plot(
        [row["reported_gain_pp"]],
        [y],
        "o",
        markersize=8,
        markerfacecolor="none",
        markeredgecolor=style.MUTED,
    )
    axes.plot(
        [row["corrected_gain_pp"]],
        [y],
        mark.marker,
        color=mark.colour,
        markersize=6,
        markeredgecolor="white",
        markeredgewidth=0.5,
    )


def _dress(axes: Axes, table: pd.DataFrame, rows: list[float]) -> None:
    axes.set_yticks(rows, list(table["run_label"]))
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("gain over the baseline, percentage points")
    axes.set_ylim((rows[-1] if rows else 0) + 0.7, -0.1)
    for y, row in zip(rows, table.to_dict("records"), strict=True):
        mark = style.VERDICT_MARKS[row["verdict"]]
        for x, text, colour in ((1.01, mark.symbol, mark.colour), (1.035, _short(row["label"]), style.INK)):
            axes.annotate(
                text,
                (x, y),
                xycoords=("axes fraction", "data"),
                va="center",
                fontsize=8,
                color=colour,
                annotation_clip=False,
            )
    name_groups(axes, table["task"], rows)


def _short(label: str) -> str:
    """A long reason would squeeze the plot; the table beside it has the whole text."""
    return textwrap.shorten(label, LABEL_WIDTH, placeholder=" …")


def _legend(delta_eq_pp: float) -> list[Any]:
    from matplotlib.patches import Patch

    hollow = {"markerfacecolor": "none", "markeredgecolor": style.MUTED, "markersize": 7}
    return [
        key("gain as reported", marker="o", **hollow),
        key("gain, corrected for selection", marker="D"),
        key("lower to upper bound", linestyle="-", linewidth=1.6),
        Patch(label=f"±{delta_eq_pp:g} pp: too small to matter", color=style.FAINT, linewidth=0),
    ]
