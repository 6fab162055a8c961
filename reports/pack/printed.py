"""How tables are printed for people: the columns that are read, short heads, what never varies as a note."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import pandas as pd

from posttrace.analysis.across.runs import UNSET
from posttrace.reports.display import MINUS
from posttrace.reports.terminal.study import VIEWS, View, viewed

READ: Final = {
    "audit": View(
        "Audited runs, gains and bounds in percentage points",
        "task agent driver mode base_model seed n_items k baseline reported_best reported_gain corrected_gain"
        " lcb ucb p_raw p_holm verdict",
        points="baseline reported_best reported_gain corrected_gain lcb ucb",
        chances="p_raw p_holm",
    ),
    "audit_submissions": View(
        "Submissions of audited runs: score in percent, gain and simultaneous bounds in percentage points",
        "run_id submission_id state score gain se lcb ucb p_stepdown is_winner",
        points="score gain se lcb ucb",
        chances="p_stepdown",
    ),
    "study_runs": View(
        "Runs of the study, baseline in percent and gain in percentage points",
        "task agent driver mode base_model seed route verdict baseline k gain gain_kind ended",
        points="baseline gain",
    ),
    "failed_runs": View(
        "Runs, failed or not, and why",
        "task agent seed status failure_type says iterations failed_iterations",
    ),
    "association": View(
        "A route against all others within tasks, in percentage points",
        "label n_with n_without tasks difference p p_holm odds_ratio cmh_p exact_p_holm says reason",
        points="difference",
        chances="p p_holm cmh_p exact_p_holm",
    ),
    "contrasts": View(
        "Contrasts on matched runs, in percentage points",
        "factor one other task n_one n_other difference low high p p_holm reason",
        points="difference low high",
        chances="p p_holm",
    ),
    "cells": View(
        VIEWS["cells"].title,
        "task agent_label n_runs n_without_score mean_gain low high interval gain_kind verdicts",
        points=VIEWS["cells"].points,
    ),
    "best_of_k": View(
        VIEWS["best_of_k"].title,
        "task agent_label runs left_out k expected_best reason",
        points=VIEWS["best_of_k"].points,
    ),
    "sensitivity": View(
        VIEWS["sensitivity"].title,
        "task agent_label runs failed drop zero baseline reason",
        points=VIEWS["sensitivity"].points,
    ),
    "other_items": View(
        "Gain over other runs and other items, of an agent on a task, or more than another agent's, in "
        "percentage points",
        "task agent_label other_label runs items gain low high reason",
        points="gain low high",
    ),
    "rates": View(
        "Rates with Wilson 95 % intervals",
        "by group rate count of denominator share wilson_low wilson_high",
    ),
}
"""Views of tables that have more columns than a page, beside those of ``reports.study``."""
HEADS: Final = {
    "base_model": "base",
    "n_items": "items",
    "reported_best": "best",
    "reported_gain": "gain",
    "corrected_gain": "corrected",
    "p_raw": "p",
    "p_stepdown": "p",
    "submission_id": "no.",
    "is_winner": "best",
    "failed_iterations": "failed",
    "gain_kind": "gain is",
    "failure_type": "type",
    "expected_best": "best",
    "agent_label": "agent",
    "other_label": "more than",
    "n_without_score": "no score",
    "wilson_low": "low",
    "wilson_high": "high",
}
ORDER: Final = ("task", "agent", "agent_label", "seed")
"""Columns by which rows of runs and cells are sorted."""


def printing(name: str, table: str | None = None) -> dict[str, Any]:
    """The arguments ``printed`` and ``note`` of a sheet; none for one that is printed as it is.

    ``table``: the name of a table of a study.
    """
    view = READ.get(name) or READ.get(table or "") or VIEWS.get(table or "")
    if view is None:
        return {}
    return {"printed": partial(_printed, view), "note": partial(_note, view)}


def _printed(view: View, table: pd.DataFrame) -> pd.DataFrame:
    shown = _sorted(_viewed(view, table))
    if {"task", "cell_id"} <= {*shown, *table}:
        shown["task"] = shown["task"].where(shown["task"] != "", table["cell_id"])  # "all cells"
    return shown.drop(columns=list(_constant(shown))).rename(columns=HEADS)


def _note(view: View, table: pd.DataFrame) -> str:
    constant = _constant(_viewed(view, table))
    same = {name: value for name, value in constant.items() if value != UNSET}
    said = ", ".join(f"{HEADS.get(name, name).replace('_', ' ')} {value}" for name, value in same.items())
    return f"{view.title}. In every row: {said}." if said else f"{view.title}."


def _viewed(view: View, table: pd.DataFrame) -> pd.DataFrame:
    """Counts are whole numbers also where some are not known; cells have a table of their own."""
    if "by" in table:
        table = table[table["by"] != "cell_id"]
    gains = {*view.points.split(), *view.chances.split()}
    counts = [
        name
        for name in table.select_dtypes("float")
        if name not in gains and (table[name].dropna() % 1 == 0).all()
    ]
    shown = viewed(table.astype(dict.fromkeys(counts, "Int64")), view)
    shown = shown.replace({"inf": "\N{INFINITY}", "-inf": f"{MINUS}\N{INFINITY}"})
    if gains and not gains & {*shown}:  # a table of names alone would hide that there is no number
        shown[view.points.split()[0]] = None
    return shown


def _sorted(shown: pd.DataFrame) -> pd.DataFrame:
    keys = [name for name in ORDER if name in shown]
    if keys[:1] != ["task"] or len(keys) < 2:
        return shown
    last = (shown["task"].isna() | (shown["task"] == "")).rename("last")  # of all tasks together
    places = shown[keys].assign(last=last).sort_values(["last", *keys], kind="stable").index
    return shown.loc[places]


def _constant(shown: pd.DataFrame) -> dict[str, Any]:
    """Columns that say the same in every row of several."""
    if len(shown) < 2:
        return {}
    first = shown.iloc[0].to_dict()
    return {
        str(name): first[name] for name in shown if shown[name].notna().all() and shown[name].nunique() == 1
    }
