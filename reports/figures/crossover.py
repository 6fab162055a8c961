"""Crossover: at which strength of the driver one strategy overtakes another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from posttrace.analysis.arrays import FloatArray
from posttrace.reports import style
from posttrace.reports.figures.legend import key, place
from posttrace.reports.figures.looks import looks
from posttrace.reports.style import WIDE, Page

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

COLUMNS: Final = ("kind", "strategy", "strength", "rate_pct", "low_pct", "high_pct")
"""``kind`` observed: success rate of a strategy at a strength with its Wilson interval, in percent. ``kind``
fitted: a point of its logistic line. ``kind`` crossover: one row, with the crossover in ``strength`` and its
interval, on the scale of strengths, in ``low_strength`` and ``high_strength``, NaN where undefined."""


def crossover(table: pd.DataFrame, *, page: Page = WIDE) -> Figure:
    """Draw both strategies, their fitted lines, and where these cross."""
    from matplotlib.figure import Figure

    lines = looks(table.loc[table["kind"] == "observed", "strategy"])
    with style.applied(page):
        figure = Figure(figsize=(page.column_in, 0.75 * page.column_in), layout="constrained")
        axes = figure.add_subplot()
        for name, look in lines.items():
            own = table[table["strategy"] == name]
            fit, seen = own[own["kind"] == "fitted"], own[own["kind"] == "observed"]
            axes.plot(fit["strength"], fit["rate_pct"], **{**look, "marker": ""})
            axes.vlines(
                seen["strength"], seen["low_pct"], seen["high_pct"], color=look["color"], linewidth=0.8
            )
            axes.plot(seen["strength"], seen["rate_pct"], **{**look, "linestyle": "none"})
        handles = [key(name, **look) for name, look in lines.items()]
        for row in table[table["kind"] == "crossover"].to_dict("records"):
            bounded = np.isfinite(row["low_strength"])
            if bounded:
                axes.axvspan(
                    row["low_strength"], row["high_strength"], color=style.FAINT, linewidth=0, zorder=0
                )
            if _within(axes.get_xlim(), row["strength"]):
                axes.axvline(row["strength"], color=style.INK, linewidth=0.9, linestyle=(0, (3, 2)), zorder=0)
                label = "crossover and its interval" if bounded else "crossover"
                handles.append(key(label, linestyle=(0, (3, 2)), linewidth=0.9))
        axes.set_xlim(*_range(table.loc[table["kind"] != "crossover", "strength"].to_numpy(dtype=float)))
        axes.set_xlabel("strength of the driver")
        axes.set_ylabel("success, %")
        place(figure, handles)
        return style.settled(figure)


def _range(strengths: FloatArray) -> tuple[float, float]:
    """From the weakest to the strongest, with a margin."""
    low, high = float(strengths.min()), float(strengths.max())
    return low - 0.04 * (high - low), high + 0.04 * (high - low)


def _within(limits: tuple[float, float], value: float) -> bool:
    return bool(np.isfinite(value) and limits[0] <= value <= limits[1])
