"""Medal rates over hours: what seeds leave open, and what the choice of competitions leaves open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from posttrace.reports import style
from posttrace.reports.figures.legend import key, place, rows_in
from posttrace.reports.figures.looks import looks
from posttrace.reports.style import WIDE, Page

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

COLUMNS: Final = (
    *("system", "hours", "rate_pct", "seed_low_pct", "seed_high_pct"),
    *("wilson_low_pct", "wilson_high_pct", "seeds"),
)
"""One row a system and budget: share of competitions with a medal, in percent. ``seed_*``: one printed
standard error over ``seeds`` each way, NaN where none is printed. ``wilson_*``: 95 % interval over
competitions."""

SEEDS: Final = "± one standard error over seeds"
COMPETITIONS: Final = "95 % interval over competitions"


def medals(table: pd.DataFrame, *, page: Page = WIDE) -> Figure:
    """Draw rates over hours, a line for each system; thick bars: seeds, thin bars: competitions."""
    from matplotlib.figure import Figure

    lines = looks(table["system"])
    with style.applied(page):
        height = page.inches(2.9) + rows_in([*lines, SEEDS, COMPETITIONS], page.width_in)
        figure = Figure(figsize=(page.width_in, height), layout="constrained")
        axes = figure.add_subplot()
        shift = 0.06 * float(np.ptp(table["hours"])) if len(table) else 0.0
        for i, (name, own) in enumerate(table.groupby("system", sort=False)):
            own = own.sort_values("hours")
            x = own["hours"] + (shift or 1.0) * (i / max(len(lines) - 1, 1) - 0.5)
            look = lines[str(name)]
            thin = {"color": look["color"], "linewidth": 0.7}
            axes.vlines(x, own["wilson_low_pct"], own["wilson_high_pct"], **thin)
            axes.vlines(x, own["seed_low_pct"], own["seed_high_pct"], color=look["color"], linewidth=2.6)
            axes.plot(x, own["rate_pct"], **look)
        axes.set_xticks(sorted(table["hours"].unique()))
        axes.set_xlabel("hours a competition (points are moved a little apart)")
        axes.set_ylabel("competitions with a medal, %")
        if table.empty:
            figure.text(0.5, 0.5, style.NOTHING, ha="center")
        handles = [key(name, **look) for name, look in lines.items()]
        for label, column, width in ((SEEDS, "seed_low_pct", 2.6), (COMPETITIONS, "wilson_low_pct", 0.7)):
            if table[column].notna().any():
                handles.append(key(label, linestyle="-", linewidth=width))
        place(figure, handles)
        return style.settled(figure)
