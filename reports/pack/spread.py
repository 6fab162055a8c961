"""Tables of which a column goes across in print: gains over k, statistics of an agent, thresholds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pandas as pd

from posttrace.analysis.digits import rounded
from posttrace.reports.display import DASH, MINUS

THRESHOLDS: Final = (0.0, 0.1, 0.25, 0.5)
"""Of a profile, as shares of the headroom, of those that figures and files have."""
STATISTICS: Final = {"mean": "mean, %", "iqm": "IQM, %", "optimality_gap": "optimality gap, %"}


def best_of_k(table: pd.DataFrame) -> pd.DataFrame:
    """A cell a row, its k across: expected best gain in percentage points, as text."""
    return _across(
        table,
        ["task", "agent_label", "runs", "left_out"],
        {k: f"k = {k}" for k in sorted(table["k"].unique())},
        "k",
        lambda row: rounded(100 * row["expected_best"], "z.2f"),
    )


def aggregates(table: pd.DataFrame) -> pd.DataFrame:
    """An agent a row, statistics across: percent of the headroom and interval, as text."""
    index = ["configuration", "tasks", "runs", "left_out", "reason"]
    return _across(table, index, STATISTICS, "statistic", lambda row: _spanned(row, "value", 1))


def profiles(table: pd.DataFrame) -> pd.DataFrame:
    """An agent a row, ``THRESHOLDS`` across: percent of its runs that gain more, and interval, as text."""
    table = table.assign(threshold=table["threshold"].round(9))
    heads = {threshold: f"> {100 * threshold:g} %" for threshold in THRESHOLDS}
    return _across(
        table[table["threshold"].isin(THRESHOLDS)],
        ["configuration", "tasks"],
        heads,
        "threshold",
        lambda row: _spanned(row, "share", 0),
    )


def _across(
    table: pd.DataFrame,
    index: list[str],
    heads: dict[Any, str],
    across: str,
    cell: Callable[[dict[Any, Any]], str],
) -> pd.DataFrame:
    """One row for all that agree in ``index``, in their order; None where there is no number."""
    rows: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in table.to_dict("records"):
        key = {name: row[name] for name in index}
        rows.setdefault(tuple(key.values()), key)[heads[row[across]]] = cell(row)
    return pd.DataFrame(list(rows.values())).reindex(columns=[*index, *heads.values()])


def _spanned(row: dict[Any, Any], value: str, digits: int) -> str:
    """A share and its interval in percent."""
    if pd.isna(row[value]):
        return DASH
    number, low, high = (rounded(100 * row[name], f"z.{digits}f") for name in (value, "low", "high"))
    text = number if pd.isna(row["low"]) else f"{number}\n[{low},\N{NO-BREAK SPACE}{high}]"
    return text.replace("-", MINUS)
