"""How many of how many runs: rates with their denominators."""

from __future__ import annotations

import pandas as pd

from posttrace.analysis.across.runs import FACTORS, tidy
from posttrace.analysis.stats.proportions import clopper_pearson, wilson

COLUMNS = "by group rate count of denominator share wilson_low wilson_high exact_low exact_high"


def rates(runs: pd.DataFrame, n_excluded: int, alpha: float = 0.05) -> pd.DataFrame:
    """One row a rate and group of runs; ``share`` = ``count`` / ``of``, the number of ``denominator``.

    Wilson's and Clopper and Pearson's intervals, two-sided, as for independent runs: runs of one task share
    its items, which no interval of a rate shows. NaN where there is nothing to count. ``completed`` where
    ``runs`` say how they ``ended``.
    """
    rows = [_rate("study", "all", "audited", len(runs), len(runs) + n_excluded, "traces found", alpha)]
    rows += _of_group("study", "all", runs, alpha)
    for by in ("task", *FACTORS, "cell_id"):
        # one level alone would repeat the rows of the whole study
        if runs[by].nunique() > 1:
            for group, part in runs.groupby(by, sort=True):
                rows += _of_group(by, str(group), part, alpha)
    return tidy(rows, COLUMNS)


def _of_group(by: str, group: str, runs: pd.DataFrame, alpha: float) -> list[tuple[object, ...]]:
    with_gain = int(runs["gain"].notna().sum())
    ended = [] if "ended" not in runs else [int((runs["ended"] == "completed").sum())]
    return [
        *(_rate(by, group, "completed", count, len(runs), "audited runs", alpha) for count in ended),
        _rate(by, group, "scored", int((~runs["failed"]).sum()), len(runs), "audited runs", alpha),
        _rate(by, group, "improved", int(runs["improved"].sum()), with_gain, "runs with a gain", alpha),
        _rate(
            by, group, "exceeds", int((runs["verdict"] == "exceeds").sum()), len(runs), "audited runs", alpha
        ),
    ]


def _rate(
    by: str, group: str, rate: str, count: int, of: int, denominator: str, alpha: float
) -> tuple[object, ...]:
    share = count / of if of else float("nan")
    intervals = (*wilson(count, of, alpha), *clopper_pearson(count, of, alpha))
    return (by, group, rate, count, of, denominator, share, *intervals)
