"""What agents gain on the whole: aggregates over tasks, who beats whom, the best of k runs."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd

from posttrace.analysis.across.runs import FACTORS, UNSET, StudySettings, tidy
from posttrace.analysis.arrays import FloatArray
from posttrace.analysis.stats.across.aggregate import StratifiedBootstrap, iqm, mean_score, optimality_gap
from posttrace.analysis.stats.across.improvement import PerformanceProfile, ProbabilityOfImprovement
from posttrace.analysis.stats.across.passk import BestOfK

STATISTICS = {"mean": mean_score, "iqm": iqm, "optimality_gap": optimality_gap}
THRESHOLDS = tuple(round(0.05 * step, 2) for step in range(-4, 21))


def configurations(runs: pd.DataFrame) -> pd.Series:
    """What ran, as one label a run: the agent, and every other factor that varies."""
    named = ["agent", *(name for name in FACTORS[1:] if runs[name].nunique() > 1)]
    labels = [" · ".join(str(level) for level in row if level != UNSET) for row in runs[named].to_numpy()]
    return pd.Series(labels, index=runs.index, dtype="str")


def _by_task(runs: pd.DataFrame, value: str) -> dict[str, FloatArray]:
    """Task -> (run,) values, those that are defined."""
    kept = runs[runs[value].notna()]
    return {str(task): part[value].to_numpy(dtype=float) for task, part in kept.groupby("task")}


def aggregates(runs: pd.DataFrame, settings: StudySettings) -> pd.DataFrame:
    """One row a configuration and statistic (mean, iqm, optimality_gap) of the normalised gain G / (1 - p0).

    ``tasks`` of ``tasks_of`` in the study have a run with one; configurations with different tasks are not
    comparable. ``left_out``: runs without a normalised gain. Intervals resample runs within tasks.
    """
    rows = []
    for label, part in runs.groupby(configurations(runs)):
        tasks = _by_task(part, "normalised")
        n_runs = sum(len(task) for task in tasks.values())
        head = (label, len(tasks), runs["task"].nunique(), n_runs, len(part) - n_runs)
        for name, statistic in STATISTICS.items():
            if not tasks:
                rows.append((*head, name, *[np.nan] * 4, "no run with a gain"))
                continue
            bootstrap = StratifiedBootstrap(statistic, settings.alpha, settings.resamples)
            found = bootstrap(list(tasks.values()), settings.stream(f"aggregate {label} {name}"))
            rows.append((*head, name, found.value, found.se, found.low, found.high, found.note))
    return tidy(rows, "configuration tasks tasks_of runs left_out statistic value se low high reason")


def improvement(runs: pd.DataFrame, settings: StudySettings) -> pd.DataFrame:
    """One row a pair of configurations: chance that a run of ``one`` gains more than one of ``other``.

    Averaged over the tasks that both have; ties count one half.
    """
    of = {label: _by_task(part, "gain") for label, part in runs.groupby(configurations(runs))}
    rows = []
    for one, other in combinations(of, 2):
        common = sorted(of[one].keys() & of[other].keys())
        if not common:
            rows.append((one, other, 0, *[np.nan] * 4, "no task with runs of both"))
            continue
        rng = settings.stream(f"improvement {one} {other}")
        method = ProbabilityOfImprovement(settings.alpha, settings.resamples)
        found = method([of[one][task] for task in common], [of[other][task] for task in common], rng)
        rows.append((one, other, len(common), found.value, found.se, found.low, found.high, found.note))
    return tidy(rows, "one other tasks probability se low high reason")


def profiles(runs: pd.DataFrame, settings: StudySettings) -> pd.DataFrame:
    """One row a configuration and threshold: mean over tasks of the share of runs that gain more."""
    frames = []
    for label, part in runs.groupby(configurations(runs)):
        tasks = list(_by_task(part, "normalised").values())
        if tasks:
            method = PerformanceProfile(THRESHOLDS, settings.alpha)
            found = method(tasks, settings.stream(f"profile {label}"))
            columns = {
                "threshold": found.thresholds,
                "share": found.share,
                "low": found.low,
                "high": found.high,
            }
            frames.append(pd.DataFrame({"configuration": label, "tasks": len(tasks)} | columns))
    if not frames:
        return tidy([], "configuration tasks threshold share low high")
    return pd.concat(frames, ignore_index=True)


def best_of_k(runs: pd.DataFrame) -> pd.DataFrame:
    """One row a cell and k: expected best gain of k of its runs, drawn without replacement.

    Runs without a gain are not among them: ``left_out``.
    """
    rows = []
    for cell, part in runs.groupby("cell_id", sort=False):
        gains = part["gain"].to_numpy(dtype=float)
        first, left_out = part.iloc[0], int(np.isnan(gains).sum())
        head = (cell, first["task"], first["agent"], len(gains) - left_out, left_out)
        curve = BestOfK("drop").curve(gains)
        rows += [(*head, k, float(value), "") for k, value in enumerate(curve, start=1)]
        if not len(curve):
            rows.append((*head, 0, np.nan, "no run with a gain"))
    return tidy(rows, "cell_id task agent runs left_out k expected_best reason")
