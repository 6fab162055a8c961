"""What each figure on printed tables shows, for readers who cannot see it."""

from __future__ import annotations

import pandas as pd

from posttrace.reports.display import plain, points


def gains(table: pd.DataFrame) -> str:
    """Text for the reported gains."""
    rows = [
        f"{plain(row['task'])}, {plain(row['group'])}, {plain(row['row_label'])}: "
        f"{points(row['reported_gain_pp'])}, bounds {points(row['lcb_pp'])} to {points(row['ucb_pp'])}"
        for row in table.to_dict("records")
    ]
    return "Reported gains over the baseline in percentage points. " + "; ".join(rows) + "."


def modes(table: pd.DataFrame) -> str:
    """Text for the map of modes and tasks."""
    rows = [
        f"{plain(row['row_label'])}, {plain(row['task'])}: {points(row['mean_gain_pp'])}"
        + ("" if row["significant"] else " (not told apart from none)")
        for row in table.to_dict("records")
    ]
    return "Reported gain by mode and task in percentage points. " + "; ".join(rows) + "."


def curves(table: pd.DataFrame, label: str) -> str:
    """Text for gains along a budget or a number of runs."""
    rows = [
        f"{plain(task)}, {plain(agent)}: "
        + ", ".join(f"{points(row['gain_pp'])} at {row['at']}" for row in group.to_dict("records"))
        for (task, agent), group in table.groupby(["task", "agent"], sort=False)
    ]
    return f"Reported gain by {label}, percentage points. " + "; ".join(rows) + "."
