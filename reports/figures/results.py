"""Main results: what each agent gains on each task, between which bounds, and the verdict on each run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from posttrace.reports import style
from posttrace.reports.display import DASH, percent, points
from posttrace.reports.figures.legend import key, place, verdict_keys
from posttrace.reports.figures.matrix import Cell, arranged, draw_matrix
from posttrace.reports.style import WIDE, Page

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

COLUMNS: Final = (
    "task",
    "agent_label",
    "mean_gain_pp",
    "low_pp",
    "high_pp",
    "interval",
    "n_runs",
    "verdicts",
)
"""One row a cell, gains in percentage points, NaN where undefined: ``interval`` then says why. It names what
``low_pp`` and ``high_pp`` are. ``verdicts``: the audit's code of each run, with spaces between them."""

SIGNS: Final = ("", "†", "‡", "§", "¶")
MOST_MARKS: Final = 6
"""Runs whose marks stand side by side; of more they are counted."""


def results(table: pd.DataFrame, *, page: Page = WIDE) -> Figure:
    """Draw agents against tasks: mean corrected gain, its interval, and a mark for each run."""
    from matplotlib.figure import Figure

    tasks, agents = (list(dict.fromkeys(table[name])) for name in ("task", "agent_label"))
    signs = dict(zip(dict.fromkeys(kind_of(table)), SIGNS, strict=False))
    largest = float(np.nanmax(np.abs(table["mean_gain_pp"].to_numpy(dtype=float)), initial=1.0))
    with style.applied(page):
        cells = [
            Cell(
                agents.index(row["agent_label"]),
                tasks.index(row["task"]),
                row["mean_gain_pp"],
                _lines(row, signs),
            )
            for row in table.to_dict("records")
        ]
        cells, (rows, columns) = arranged(cells, (agents, tasks), page)
        width = page.width_in if len(columns) > 3 else max(page.column_in, 0.7 * page.width_in)
        height = min(page.inches(1.15 + 0.52 * max(len(rows), 1)), page.height_in)
        figure = Figure(figsize=(width, height), layout="constrained")
        draw_matrix(figure, cells, (rows, columns), (-largest, largest))
        if table.empty:
            figure.text(0.5, 0.5, style.NOTHING, ha="center")
        handles = [*verdict_keys(table["verdicts"]), *_interval_keys(signs)]
        place(figure, handles, "lower")
        return style.settled(figure)


def kind_of(table: pd.DataFrame) -> list[str]:
    """What the interval is, of the rows that have one."""
    return [row["interval"] for row in table.to_dict("records") if _known(row)]


def marks(verdicts: str) -> str:
    """The marks of the runs of a cell, in the order of the verdicts."""
    codes = verdicts.split()
    present = [code for code in style.VERDICT_MARKS if code in codes]
    if len(codes) <= MOST_MARKS:
        return "".join(style.VERDICT_MARKS[code].symbol * codes.count(code) for code in present)
    return " ".join(f"{codes.count(code)}{style.VERDICT_MARKS[code].symbol}" for code in present)


def _known(row: dict[Any, Any]) -> bool:
    return bool(np.isfinite(row["low_pp"]) or np.isfinite(row["high_pp"]))


def _lines(row: dict[Any, Any], signs: dict[str, str]) -> tuple[str, ...]:
    if not np.isfinite(row["mean_gain_pp"]):
        return DASH, row["interval"], marks(row["verdicts"])
    if not _known(row):
        return points(row["mean_gain_pp"]), row["interval"], marks(row["verdicts"])
    low, high = percent(row["low_pp"]), percent(row["high_pp"])
    sign = signs.get(row["interval"], "")
    return points(row["mean_gain_pp"]) + sign, f"[{low}, {high}]", marks(row["verdicts"])


def _interval_keys(signs: dict[str, str]) -> list[Any]:
    """One line of the legend for each kind of interval."""
    return [key(f"[ ] {sign} {kind}".replace("  ", " "), marker="") for kind, sign in signs.items()]
