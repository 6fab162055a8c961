"""Runs as they stand, as they would be, and as they were scored again: for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any, Final

import pandas as pd

from posttrace.analysis.digits import rounded, significant
from posttrace.reports.display import DASH

Rows = Sequence[Mapping[str, Any]]
BY: Final = ["task", "agent", "seed"]
NAMED: Final = ("agent", "task", "seed")
"""What has a column of its own in a plan."""
FRACTION: Final = 1.0
"""Scores that never exceed it take four digits, others two."""


def status_table(states: Rows) -> pd.DataFrame:
    """Attempts by task, agent and seed; scores on each task's own scale, times in whole seconds."""
    frame = pd.DataFrame(list(states)).sort_values(BY, kind="stable")
    frame["run"] = frame["run_id"].where(frame["run_id"] != "", frame["path"])
    frame["state"] = frame["state"].str.replace("_", " ")
    frame["submissions_left"] = frame["submissions_left"].astype("Int64").astype(object)
    for name in ("baseline", "best"):
        frame[name] = scores(frame[name])
    for name in ("elapsed_s", "wall_left_s"):
        frame[name] = frame[name].map(lambda x: DASH if pd.isna(x) else f"{x:.0f}")
    first = ["task", "agent", "seed", "state", "baseline", "best", "submissions", "submissions_left"]
    return frame[[*first, "elapsed_s", "wall_left_s", "run"]]


def plan_table(jobs: Rows, words: Sequence[Sequence[str]]) -> pd.DataFrame:
    """Jobs with the ``words`` that only some of them were given, so that no two rows look the same."""
    common = set.intersection(*map(set, words)) if words else set()
    apart = [
        " ".join(word for word in given if word not in common and word.split("=")[0] not in NAMED)
        for given in words
    ]
    frame = pd.DataFrame(list(jobs))
    if any(apart):
        frame.insert(len(NAMED), "with", apart)
    return frame


def ended_table(rows: Rows) -> pd.DataFrame:
    """Runs that ended, in the order in which they did."""
    frame = pd.DataFrame(list(rows))
    return frame.assign(best=scores(frame["best"]))


def scores(values: pd.Series) -> pd.Series:
    """Native scores with the digits that their size asks for; a dash where there is none."""
    numbers = values.astype(float)
    digits = 4 if numbers.abs().max() <= FRACTION else 2
    return numbers.map(lambda x: DASH if pd.isna(x) else rounded(x, f".{digits}f"))


def rescored_words(whose: int | str, split: str, found: Sequence[float]) -> str:
    """What later evaluations of one checkpoint gave, on the task's own scale."""
    who = whose if isinstance(whose, str) else f"submission {whose}"
    each = f", mean of {len(found)} scorings: {', '.join(significant(x, 4) for x in found)}"
    return f"{who}, {split} items: {significant(fmean(found), 4)}{each if len(found) > 1 else ''}"
