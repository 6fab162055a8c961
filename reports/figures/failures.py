"""Why runs and iterations failed: causes from the most to the least frequent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from posttrace.analysis.digits import rounded
from posttrace.reports import style
from posttrace.reports.style import WIDE, Page

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS: Final = ("scope", "failure_type", "count", "failed", "of", "cumulative_pct")
"""One row a type and ``scope`` (runs, iterations), the most frequent first. ``count`` of ``failed``, of all
``of`` that there are; ``cumulative_pct``: share of the failed up to and with this row."""

BARS: Final = {"runs": "#0072B2", "iterations": "#56B4E9"}


def failures(table: pd.DataFrame, *, page: Page = WIDE) -> Figure:
    """Draw a Pareto chart for runs and one for iterations; cumulative shares stand beside the bars."""
    from matplotlib.figure import Figure

    scopes = list(dict.fromkeys(table["scope"]))
    sizes = [int((table["scope"] == scope).sum()) for scope in scopes]
    with style.applied(page):
        height = page.inches(0.35 + 0.62 * len(scopes) + 0.27 * sum(sizes))
        figure = Figure(figsize=(max(page.column_in, 0.7 * page.width_in), height), layout="constrained")
        if not scopes:
            figure.text(0.5, 0.5, style.NOTHING, ha="center")
            return figure
        panels = figure.subplots(len(scopes), 1, height_ratios=[size + 0.8 for size in sizes], squeeze=False)
        for axes, scope in zip(panels.ravel(), scopes, strict=True):
            _draw(axes, table[table["scope"] == scope], scope)
        return style.settled(figure)


def _draw(axes: Axes, rows: pd.DataFrame, scope: str) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.barh(range(len(rows)), rows["count"], height=0.66, color=BARS.get(scope, style.MUTED))
    first = rows.iloc[0]
    axes.set_title(f"{first['failed']} of {first['of']} {scope} failed")
    axes.set_yticks(range(len(rows)), [name.replace("_", " ") for name in rows["failure_type"]])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlim(0, 1.75 * float(rows["count"].max()))
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(scope)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    for y, row in enumerate(rows.to_dict("records")):
        text = f"{row['count']} · cumulative {rounded(row['cumulative_pct'], '.0f')} %"
        look: dict[str, Any] = {"xytext": (4, 0), "textcoords": "offset points", "va": "center"}
        axes.annotate(text, (row["count"], y), fontsize=style.pt(7.5), **look)
