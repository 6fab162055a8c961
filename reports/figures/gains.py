"""How the gain of a run is drawn: as reported, corrected, and between its bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from posttrace.reports import style
from posttrace.reports.figures.legend import key

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw_scale(axes: Axes, delta_eq_pp: float) -> None:
    """The line of no gain and the strip of gains too small to matter."""
    axes.axvspan(-delta_eq_pp, delta_eq_pp, color=style.FAINT, alpha=0.55, linewidth=0)
    axes.axvline(0, color=style.MUTED, linewidth=0.9)


def draw_gain(axes: Axes, y: float, row: dict[Any, Any], *, size: float = 6) -> None:
    """One run at a height; ``row`` has the columns of ``forest``, ``size`` is that of the filled mark."""
    mark = style.VERDICT_MARKS[row["verdict"]]
    low, high = row["lcb_pp"], row["ucb_pp"]
    if np.isfinite(low) or np.isfinite(high):
        ends = [v for v in (low, high) if np.isfinite(v)]
        inner = [v for v in (row["corrected_gain_pp"], row["reported_gain_pp"]) if np.isfinite(v)]
        span = [*ends, *(inner if len(ends) == 1 else [])]
        axes.plot([min(span), max(span)], [y, y], color=mark.colour, linewidth=1.6, solid_capstyle="butt")
        axes.plot(ends, [y] * len(ends), "|", color=mark.colour, markersize=size + 1, markeredgewidth=1.6)
    hollow: dict[str, Any] = {
        "markersize": size + 2,
        "markerfacecolor": "none",
        "markeredgecolor": style.MUTED,
    }
    axes.plot([row["reported_gain_pp"]], [y], "o", **hollow)
    filled: dict[str, Any] = {"markersize": size, "markeredgecolor": "white", "markeredgewidth": 0.5}
    axes.plot([row["corrected_gain_pp"]], [y], mark.marker, color=mark.colour, **filled)


def gain_keys(delta_eq_pp: float) -> list[Any]:
    """Legend keys of what ``draw_gain`` and ``draw_scale`` draw."""
    from matplotlib.patches import Patch

    hollow = {"markerfacecolor": "none", "markeredgecolor": style.MUTED, "markersize": 7}
    return [
        key("gain as reported", marker="o", **hollow),
        key("gain, corrected for selection", marker="D"),
        key("lower to upper bound", linestyle="-", linewidth=1.6),
        Patch(label=f"±{delta_eq_pp:g} pp: too small to matter", color=style.FAINT, linewidth=0),
    ]
