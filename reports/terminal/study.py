"""What a study says, as tables for a terminal: gains in percentage points, the rest as it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pandas as pd

from posttrace.analysis.digits import rounded
from posttrace.reports.display import plural

if TYPE_CHECKING:
    from posttrace.analysis.across.study import Study

Shown = tuple[pd.DataFrame, str, list[str]]
"""A finished frame, its title, and notes below it."""


@dataclass(frozen=True)
class View:
    """How one table of a study is shown. ``points``: columns that are gains; ``chances``: p-values.

    ``always``: columns that stay though every row of them is empty.
    """

    title: str
    columns: str
    points: str = ""
    chances: str = ""
    digits: int = 3
    always: str = ""


VIEWS: Final[dict[str, View]] = {
    "cells": View(
        "Cells: mean gain over runs, in percentage points",
        "task agent driver mode n_runs n_without_score mean_gain low high interval gain_kind verdicts",
        points="mean_gain low high",
    ),
    "items": View(
        "Gain over other runs and other items, of a cell, or more than another cell, in percentage points",
        "task agent other runs items gain low high reason",
        points="gain low high",
    ),
    "sensitivity": View(
        "Mean gain by what a run without a score counts as, in percentage points",
        "task agent runs no_score drop zero baseline reason",
        points="drop zero baseline",
        always="drop",
    ),
    "rates": View(
        "Rates, with Wilson and exact 95 % intervals",
        "by group rate count of denominator share wilson_low wilson_high exact_low exact_high",
    ),
    "contrasts": View(
        "Contrasts on matched runs, in percentage points",
        "factor one other task n_one n_other unmatched_one unmatched_other difference low high p_t p p_least "
        "p_holm p_tasks p_tasks_least method reason",
        points="difference low high",
        chances="p_t p p_least p_holm p_tasks p_tasks_least",
    ),
    "aliasing": View("What never varies apart", "factor other relation says"),
    "association": View("Routes and gains, within tasks", "*", points="difference", chances="*"),
    "aggregates": View(
        "Share of the headroom gained, over tasks",
        "configuration tasks runs left_out statistic value se low high reason",
    ),
    "improvement": View(
        "Probability that a run of one beats a run of the other, ties one half",
        "one other tasks probability se low high reason",
    ),
    "best_of_k": View(
        "Expected best of k runs, in percentage points",
        "task agent runs left_out k expected_best reason",
        points="expected_best",
    ),
    "mixed": View(
        "Mixed model: gain ~ factor + (1 | task), in percentage points",
        "factor level reference beta se low high runs tasks also_varies reason",
        points="beta se low high",
    ),
}
"""In the order of reading. Profiles and runs are for figures and files, not for a terminal."""
BRIEF: Final = ("cells", "sensitivity")


def study_tables(study: Study, *, everything: bool) -> Iterator[Shown]:
    """The tables of a study that have something to say; without ``everything`` those on cells alone.

    Cells of one run each say no more than the table of runs does, and of a cell without failures every way
    to count them is the same.
    """
    for name in VIEWS if everything else BRIEF:
        if study.tables[name].empty and everything:
            yield study.tables[name], f"{VIEWS[name].title}: {study.reasons.get(name, 'nothing')}", []
            continue
        table = _ordered(name, study)
        if not everything:
            table = table[_worth(name, table)]
        if not table.empty:
            yield viewed(table, VIEWS[name]), VIEWS[name].title, _notes(name, study)


def _worth(name: str, table: pd.DataFrame) -> pd.Series:
    """Rows that say something to a reader who did not ask for the whole study."""
    if name == "cells":
        return pd.Series((table["n_runs"] > 1).any(), index=table.index)
    return table["no_score"] > 0


def _ordered(name: str, study: Study) -> pd.DataFrame:
    """As a reader wants it: by task and agent, without rates of single cells, the row of all cells named."""
    table = study.tables[name]
    if name == "rates":
        return table[table["by"] != "cell_id"]
    if name == "best_of_k":
        return table.sort_values(["task", "agent"], kind="stable")
    if name == "items":
        agents = dict(zip(study.cells["cell_id"], study.cells["agent"], strict=True))
        named = {"agent": table["cell_id"].map(agents), "other": table["other"].map(agents)}
        return table.assign(**named).sort_values(["task", "agent"], kind="stable")
    if name == "sensitivity":
        table = table.rename(columns={"failed": "no_score"})  # an agent may fail and have a score
        table = table.assign(task=table["task"].where(table["task"] != "", table["cell_id"]))
    if name in BRIEF:
        last = table["task"] == "all cells"
        table = table.assign(last=last).sort_values(["last", "task", "agent"], kind="stable")
    same = [part for part in ("driver", "mode") if part in table and table[part].nunique() < 2]
    return table.drop(columns=same)


def viewed(table: pd.DataFrame, view: View) -> pd.DataFrame:
    """The columns of a view, numbers as text; without those that are empty in every row."""
    columns = list(table.columns) if view.columns == "*" else view.columns.split()
    shown = table[[name for name in columns if name in table]].copy()
    every = [str(name) for name in shown.columns if _is_chance(str(name))]
    chances = every if view.chances == "*" else view.chances.split()
    for name in shown.columns:
        values = table[name]
        if name in view.points.split():
            shown[name] = values.map(lambda x: None if pd.isna(x) else rounded(100 * x, "z.2f"))
        elif name in chances:
            shown[name] = values.map(_chance)
        elif name == "verdicts":
            shown[name] = values.str.replace("_", " ")
        elif pd.api.types.is_float_dtype(values):
            shown[name] = values.map(lambda x: None if pd.isna(x) else rounded(x, f"z.{view.digits}f"))
    said = set(view.always.split())
    empty = [n for n in shown if n not in said and (shown[n].isna().all() or (shown[n] == "").all())]
    return shown.drop(columns=empty)


def _is_chance(name: str) -> bool:
    return name == "p" or name.startswith("p_") or name.endswith("_p")


def _chance(p: float) -> str | None:
    return None if pd.isna(p) else "<.001" if p < 0.001 else rounded(p, ".3f")


def _notes(name: str, study: Study) -> list[str]:
    if name == "cells":
        return [
            "Intervals are over other runs on these items (decoding and training randomness), not over other "
            "items."
        ]
    if name == "sensitivity":
        return ["A run without a score is left out (drop), scores 0 (zero), or gains 0 (baseline)."]
    if name == "contrasts":
        overall = int((study.contrasts["task"] == "all tasks").sum())
        return [
            f"Holm over {plural(overall, 'contrast')} of all tasks, and apart over those of single tasks; "
            "p least is the smallest p that so many runs can give.",
            "p exchanges labels within pairs: is there a difference on any task? p t is of the mean over "
            "these very tasks; p tasks flips whole tasks, for a claim about other tasks.",
        ]
    return []
