"""How the gain of a run is drawn: as reported, corrected, and between its bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from posttrace.reports import style
from posttrace.reports.figures.legend import key

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

REPORTED: Final[dict[str, Any]] = {
    "marker": "o",
    "linestyle": "none",
    "markerfacecolor": "none",
    "markeredgecolor": style.MUTED,
}
"""A gain as reported, beside a corrected one."""


def draw_scale(axes: Axes, delta_eq_pp: float) -> None:
    """The line of no gain and the strip of gains too small to matter."""
    axes.axvspan(-delta_eq_pp, delta_eq_pp, color=style.FAINT, alpha=0.55, linewidth=0)
    axes.axvline(0, color=style.MUTED, linewidth=0.9)


def draw_gain(axes: Axes, y: float, row: dict[Any, Any], *, corrected: bool, size: float = 6) -> None:
    """One run at a height; ``row`` has the columns of ``forest``, ``size`` is that of the filled mark.

    ``corrected``: the figure has corrected gains, where the marks of verdicts stand, and hollow circles are
    the reported ones; else the marks stand at the reported gains.
    """
    mark = style.VERDICT_MARKS[row["verdict"]]
    low, high = row["lcb_pp"], row["ucb_pp"]
    if np.isfinite(low) or np.isfinite(high):
        ends = [v for v in (low, high) if np.isfinite(v)]
        inner = [v for v in (row["corrected_gain_pp"], row["reported_gain_pp"]) if np.isfinite(v)]
        span = [*ends, *(inner if len(ends) == 1 else [])]
        axes.plot([min(span), max(span)], [y, y], color=mark.colour, linewidth=1.6, solid_capstyle="butt")
        axes.plot(ends, [y] * len(ends), "|", color=mark.colour, markersize=size + 1, markeredgewidth=1.6)
    if corrected:
        axes.plot([row["reported_gain_pp"]], [y], **{**REPORTED, "markersize": size + 2})
    at = row["corrected_gain_pp" if corrected else "reported_gain_pp"]
    axes.plot([at], [y], **mark.look(size))


def are_corrected(table: pd.DataFrame) -> bool:
    """Whether any gain could be corrected; of a reported table none can."""
    return bool(table["corrected_gain_pp"].notna().any())


def gain_keys(table: pd.DataFrame, delta_eq_pp: float) -> list[Any]:
    """Legend keys of what ``draw_gain`` and ``draw_scale`` draw of a table."""
    from matplotlib.patches import Patch

    keys: list[Any] = []
    if are_corrected(table):
        keys.append(key("gain as reported", **{**REPORTED, "markersize": 7}))
        keys.append(key("gain, corrected for selection", marker="D", markersize=5))
    elif table["reported_gain_pp"].notna().any():
        keys.append(key("gain as reported", marker="D", markersize=5))
    if table[["lcb_pp", "ucb_pp"]].notna().any(axis=None):
        keys.append(key("lower to upper bound", linestyle="-", linewidth=1.6))
    return [*keys, Patch(label=f"±{delta_eq_pp:g} pp: too small to matter", color=style.FAINT, linewidth=0)]
