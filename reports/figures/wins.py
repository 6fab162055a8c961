"""Win matrix: how often a run of one agent gains more than a run of another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from posttrace.analysis.digits import rounded
from posttrace.reports import style
from posttrace.reports.display import DASH
from posttrace.reports.figures.legend import place
from posttrace.reports.figures.matrix import HATCHED, Cell, draw_matrix
from posttrace.reports.style import WIDE, Page

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

COLUMNS: Final = ("one", "other", "probability", "low", "high", "tasks")
"""One row an ordered pair: probability, 0..1, that a run of ``one`` gains more than one of ``other``, ties
one half, averaged over the ``tasks`` that both have; ``low``, ``high`` NaN without an interval."""

FEW: Final = 8
"""Agents whose names stand above the columns, and bounds in the cells; more are numbered."""


def wins(table: pd.DataFrame, *, page: Page = WIDE) -> Figure:
    """Draw rows against columns; hatched unless the interval leaves out one half."""
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    names = list(dict.fromkeys(table["one"]))
    with style.applied(page):
        width = page.width_in if len(names) > 4 else max(page.column_in, 0.7 * page.width_in)
        height = page.inches(1.3 + 0.40 * max(len(names), 1))
        figure = Figure(figsize=(width, height), layout="constrained")
        many = len(names) > FEW
        cells = [_cell(row, names, bounds=not many) for row in table.to_dict("records")]
        numbers = [str(i) for i in range(1, len(names) + 1)]
        said = [_said(name, table) for name in names]
        rows = [f"{i} · {name}" for i, name in zip(numbers, said, strict=True)] if many else said
        draw_matrix(figure, cells, (rows, numbers if many else said), (0.0, 1.0))
        if table.empty:
            figure.text(0.5, 0.5, style.NOTHING, ha="center")
        label = "the interval holds 0.5, or there is none"
        place(figure, [Patch(**HATCHED, label=label)] if any(cell.hatched for cell in cells) else [], "lower")
        return style.settled(figure)


def _said(name: str, table: pd.DataFrame) -> str:
    """The agent, with its number of tasks where others have more: it was compared on these alone."""
    tasks, most = int(table.loc[table["one"] == name, "tasks"].max()), int(table["tasks"].max())
    return name if tasks == most else f"{name} ({tasks} of {most} tasks)"


def _cell(row: dict[Any, Any], names: list[str], *, bounds: bool) -> Cell:
    place = names.index(row["one"]), names.index(row["other"])
    if not np.isfinite(row["probability"]):
        return Cell(*place, np.nan, (DASH,))
    clear = np.isfinite(row["low"]) and not row["low"] <= 0.5 <= row["high"]
    lines = [rounded(row["probability"], ".2f")]
    if bounds:
        known = np.isfinite(row["low"])
        low, high = (rounded(row[name], ".2f") for name in ("low", "high"))
        lines.append(f"[{low}, {high}]" if known else "no interval")
    return Cell(*place, row["probability"], tuple(lines), hatched=not clear)
