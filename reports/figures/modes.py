"""Gains by mode and task: what is not told apart from no gain is hatched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from posttrace.reports import style
from posttrace.reports.display import DASH, plural, points
from posttrace.reports.figures.legend import key, place
from posttrace.reports.figures.matrix import HATCHED, Cell, arranged, draw_matrix
from posttrace.reports.style import WIDE, Page

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

COLUMNS: Final = ("task", "row_label", "mean_gain_pp", "significant", "n_runs", "interval")
"""One row a cell, in percentage points; ``row_label`` names the mode, and the agent where there are several.
``significant``: the gain is told apart from none. ``interval`` says why a gain is undefined (NaN).
``n_runs`` is NaN where nobody says of how many runs a reported gain is."""


def modes(table: pd.DataFrame, *, page: Page = WIDE) -> Figure:
    """Draw a heat map of modes against tasks, with the gain and its runs in each cell."""
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    tasks, labels = (list(dict.fromkeys(table[name])) for name in ("task", "row_label"))
    largest = float(np.nanmax(np.abs(table["mean_gain_pp"].to_numpy(dtype=float)), initial=1.0))
    with style.applied(page):
        cells = [_cell(row, labels, tasks) for row in table.to_dict("records")]
        cells, (rows, columns) = arranged(cells, (labels, tasks), page)
        width = page.width_in if len(columns) > 3 else max(page.column_in, 0.7 * page.width_in)
        height = page.inches(1.0 + 0.42 * max(len(rows), 1))
        figure = Figure(figsize=(width, height), layout="constrained")
        draw_matrix(figure, cells, (rows, columns), (-largest, largest))
        if table.empty:
            figure.text(0.5, 0.5, style.NOTHING, ha="center")
        keys: list[Any] = []
        if not table["significant"].all():
            keys.append(Patch(**HATCHED, label="not told apart from none"))
        if table["n_runs"].isna().any():
            keys.append(key("no number: runs not stated", marker=""))
        place(figure, keys, "lower")
        return style.settled(figure)


def _cell(row: dict[Any, Any], rows: list[str], tasks: list[str]) -> Cell:
    place = rows.index(row["row_label"]), tasks.index(row["task"])
    known = np.isfinite(row["mean_gain_pp"])
    runs = [] if np.isnan(row["n_runs"]) else [plural(int(row["n_runs"]), "run")]
    lines = (points(row["mean_gain_pp"]) if known else DASH, *runs)
    return Cell(*place, row["mean_gain_pp"], lines, hatched=not row["significant"])
