"""Does a factor make a difference? Contrasts on matched cells, and which factors never vary apart."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from posttrace.analysis.across.matching import Match, match
from posttrace.analysis.across.runs import FACTORS, StudySettings, tidy
from posttrace.analysis.audit.audit import adjusted
from posttrace.analysis.stats.across.association import StratifiedPermutation
from posttrace.analysis.stats.across.contrast import PairedContrast, StratifiedMean
from posttrace.traces.errors import InputError

ALL_TASKS = "all tasks"
COLUMNS = (
    "factor one other task n_one n_other unmatched_one unmatched_other difference low high p_t p p_greater "
    "p_least p_holm p_t_holm p_tasks p_tasks_least method gain_kind reason"
)


def factor_contrasts(runs: pd.DataFrame, factors: Sequence[str], settings: StudySettings) -> pd.DataFrame:
    """One row a contrast over all tasks, and one for each task; differences on 0..1, ``one`` minus ``other``.

    Every two levels of agent, driver and mode, or what was planned; runs are matched on all ``factors``.

    ``p``, ``p_greater``: two- and one-sided permutation p of no difference on any task, labels exchanged
    within pairs, or within a task where runs are not paired; ``p_least`` the smallest two-sided p that so
    many runs can give. ``low``, ``high``, ``p_t``: Student's, for pairs: the mean over these very tasks, for
    other runs, however much the tasks differ. ``p_tasks``: signs of whole tasks flipped, for other tasks.
    Holm over all contrasts of all factors: rows over all tasks are one family, rows of single tasks another.
    """
    rows = []
    for factor, one, other in _chosen(runs, factors, settings):
        others = [name for name in factors if name != factor]
        found = match(runs, factor, (one, other), others)
        head = {"factor": factor, "one": one, "other": other}
        rows.append(head | {"task": ALL_TASKS} | _row(found, settings))
        for task in sorted(runs.loc[runs[factor].isin([one, other]), "task"].unique()):
            rows.append(head | {"task": task} | _row(found.of_task(task), settings))
    frame = tidy(rows, COLUMNS)
    overall = (frame["task"] == ALL_TASKS).to_numpy()
    for p in ("p", "p_t"):
        values = frame[p].to_numpy(dtype=float)
        for family in (overall, ~overall):
            frame.loc[family, f"{p}_holm"] = adjusted(values[family], "holm")
    return frame


def _chosen(
    runs: pd.DataFrame, factors: Sequence[str], settings: StudySettings
) -> list[tuple[str, str, str]]:
    if settings.planned is None:
        return [
            (factor, one, other)
            for factor in FACTORS
            for one, other in combinations(sorted(runs[factor].unique()), 2)
        ]
    for factor, *levels in settings.planned:
        if factor not in factors:
            raise InputError(f"planned contrast of {factor!r}; factors are {', '.join(factors)}")
        there = sorted(runs[factor].unique())
        for level in levels:
            if level not in there:
                raise InputError(f"planned contrast of {factor} {level!r}; there is {', '.join(there)}")
    return list(settings.planned)


def _row(found: Match, settings: StudySettings) -> dict[str, Any]:
    one, other = found.levels
    runs = found.matched
    row: dict[str, Any] = {
        "n_one": found.count(one, True),
        "n_other": found.count(other, True),
        "unmatched_one": found.count(one, False),
        "unmatched_other": found.count(other, False),
        "reason": found.reason,
        "gain_kind": ", ".join(sorted(runs["gain_kind"].unique())),
    }
    if runs.empty:
        return row
    # the same numbers whichever side is called one: they belong to the runs, not to the row
    rng = settings.stream("contrast " + " ".join(sorted(runs["run_id"])))
    tested = StratifiedPermutation(settings.resamples)(
        runs["gain"].to_numpy(dtype=float),
        (runs[found.factor] == one).to_numpy(dtype=np.bool_),
        pd.factorize(runs["stratum"])[0].astype(np.int64),
        rng,
    )
    row |= {
        "difference": tested.difference,
        "p": tested.p,
        "p_greater": tested.p_greater,
        "p_least": min(1.0, 2 * tested.p_least),
        "method": ("pairs" if found.paired else "labels within task") + ("" if tested.exact else ", drawn"),
    }
    return row | _by_task(found, settings)


def _by_task(found: Match, settings: StudySettings) -> dict[str, Any]:
    """What the differences of each task add: an interval where runs are paired, p over whole tasks."""
    ours = found.matched[found.factor] == found.levels[0]
    means = found.matched.groupby(["task", "stratum", ours.rename("ours")])["gain"].mean().unstack("ours")
    differences = means[True] - means[False]
    each = [part.to_numpy() for _, part in differences.groupby(level="task")]
    row: dict[str, Any] = {}
    if len(each) > 1:
        whole = PairedContrast(settings.alpha, seed=settings.seed)(np.array([part.mean() for part in each]))
        row |= {"p_tasks": whole.p_flip, "p_tasks_least": whole.p_least}
    if found.paired:
        _, low, high, p_t = StratifiedMean(settings.alpha)(each)
        row |= {"low": low, "high": high, "p_t": p_t}
    return row


def aliasing(runs: pd.DataFrame, factors: Sequence[str]) -> pd.DataFrame:
    """One row for each factor that never varied, and for each two that did: can their effects be told apart?

    Tasks and routes are among them. ``relation``: constant, one to one, determines (each level of ``factor``
    comes with one of ``other``), determined (the reverse), partly crossed, crossed; ``combinations`` of
    ``possible`` that occur.
    """
    names = ["task", *factors, *(["route"] if runs["route"].notna().any() else [])]
    varying = [name for name in names if runs[name].nunique() > 1]
    rows: list[tuple[object, ...]] = [
        (name, "", "constant", 1, 1, f"{name} never varied: no effect of it can be seen")
        for name in names
        if name not in varying
    ]
    for factor, other in combinations(varying, 2):
        seen = runs[[factor, other]].dropna().drop_duplicates()
        relation, says = _relation(seen, factor, other)
        rows.append(
            (factor, other, relation, len(seen), seen[factor].nunique() * seen[other].nunique(), says)
        )
    return tidy(rows, "factor other relation combinations possible says")


def _relation(seen: pd.DataFrame, factor: str, other: str) -> tuple[str, str]:
    """``seen``: the combinations that occur, each once."""
    of_factor, of_other = seen[factor].value_counts(), seen[other].value_counts()
    a, b = len(of_factor), len(of_other)
    if len(seen) == a == b:
        return "one to one", f"an effect of {factor} is also one of {other}: they never vary apart"
    if len(seen) == a:
        return "determines", f"an effect of {other} is also one of {factor}, which determines it"
    if len(seen) == b:
        return "determined", f"an effect of {factor} is also one of {other}, which determines it"
    if len(seen) == a * b:
        return "crossed", "every combination ran: their effects can be told apart"
    varies = f"{other} varies within {(of_factor > 1).sum()} of {a} levels of {factor}"
    return "partly crossed", f"{varies}, {factor} within {(of_other > 1).sum()} of {b} of {other}"
