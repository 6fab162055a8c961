"""Strip of one run: which stage each moment belongs to, and when submissions arrived."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from posttrace.reports import style
from posttrace.reports.figures.timeline import UNITS
from posttrace.reports.style import WIDE, Page

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

COLUMNS: Final = ("stage", "start_s", "end_s")
"""One row a stretch of time, in order and without gaps; seconds since the run's start."""
LOOKS: Final[dict[str, dict[str, Any]]] = {
    "explore": {"facecolor": "#56B4E9"},
    "code": {"facecolor": "#009E73", "hatch": "////", "edgecolor": "white"},
    "train": {"facecolor": "#0072B2"},
    "evaluate": {"facecolor": "#E69F00", "hatch": "....", "edgecolor": "white"},
    "idle": {"facecolor": style.FAINT},
}
"""Stage -> its bar, from top to bottom."""


def stages(table: pd.DataFrame, submitted_s: list[float], *, page: Page = WIDE) -> Figure:
    """Draw one lane a stage on a common clock; dotted lines stand where submissions arrived."""
    from matplotlib.figure import Figure

    end = float(np.nanmax(table["end_s"].to_numpy(), initial=1.0))
    scale, unit = next((scale, unit) for limit, scale, unit in UNITS if end <= limit)
    with style.applied(page):
        figure = Figure(figsize=(page.width_in, page.inches(1.9)), layout="constrained")
        axes = figure.add_subplot()
        for y, (stage, look) in enumerate(LOOKS.items()):
            part = table[table["stage"] == stage]
            widths = (part["end_s"] - part["start_s"]) / scale
            axes.barh([y] * len(part), widths, left=part["start_s"] / scale, height=0.62, linewidth=0, **look)
            share = 100 * float(widths.sum()) * scale / end
            axes.annotate(f"{share:.0f} %", (1.01, y), xycoords=("axes fraction", "data"), va="center")
        for moment in submitted_s:
            axes.axvline(moment / scale, color=style.INK, linewidth=0.6, linestyle=(0, (1, 2)))
        axes.set_yticks(range(len(LOOKS)), list(LOOKS))
        axes.set_ylim(len(LOOKS) - 0.4, -0.6)
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.set_xlim(0, end / scale)
        axes.set_xlabel(f"{unit} since the start (dotted: submissions)")
        if table.empty:
            figure.text(0.5, 0.5, "no times were recorded", ha="center")
    return figure
