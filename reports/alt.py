"""What each figure shows, in a sentence or two, for readers who cannot see it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pandas as pd

from posttrace.reports.display import percent, plain, plural, points


def trajectories(table: pd.DataFrame) -> str:
    """Text for the score trajectories: panels, submissions, and where the scores lie."""
    panels = len(table[["task", "agent_label"]].drop_duplicates())
    submissions = table[table["kind"] != "baseline"]
    lost = int((submissions["kind"] == "failed").sum())
    parts = [
        f"Score of {plural(len(submissions), 'submission')} of {plural(table['run_id'].nunique(), 'run')} in "
        f"{plural(panels, 'panel')}, one for each task and agent; {lost} without a score."
    ]
    for task, rows in table.groupby("task", sort=False):
        base = rows.loc[rows["kind"] == "baseline", "score_pct"]
        scored = rows.loc[rows["kind"] == "scored", "score_pct"]
        known = f"baseline {percent(base.mean())} %" if base.notna().any() else "no scored baseline"
        text = f"{plain(task)}: {known}"
        if scored.notna().any():
            text += f", scores from {percent(scored.min())} to {percent(scored.max())} %"
        parts.append(text + ".")
    return " ".join(parts)


LISTENED: Final = 36
"""Runs, or submissions of one, that somebody listens to one by one; of more they are told as a whole."""


def forest(table: pd.DataFrame) -> str:
    """Text for the forest plot: every run's gain, its bounds and its verdict; of many those of each agent."""
    if len(table) > LISTENED:
        return (
            "Gain of the runs over their baselines in percentage points. " + "; ".join(_agents(table)) + "."
        )
    rows = [
        f"{plain(row.task)}, {plain(row.run_label)}: reported {points(row.reported_gain_pp)}, corrected "
        f"{points(row.corrected_gain_pp)}, bounds {points(row.lcb_pp)} to {points(row.ucb_pp)}: "
        f"{plain(row.label)}"
        for row in table.itertuples()
    ]
    return "Gain of each run over its baseline in percentage points. " + "; ".join(rows) + "."


def _agents(table: pd.DataFrame) -> Iterator[str]:
    for (task, agent), runs in table.groupby(["task", "agent_label"], sort=False):
        gains = runs["corrected_gain_pp"].where(runs["corrected_gain_pp"].notna(), runs["reported_gain_pp"])
        counts = runs["verdict"].value_counts(sort=False).items()
        verdicts = ", ".join(f"{n} {str(code).replace('_', ' ')}" for code, n in counts)
        between = f"{points(gains.min())} to {points(gains.max())}" if gains.notna().any() else "no gain"
        yield f"{plain(task)}, {plain(agent)}: {plural(len(runs), 'run')}, {between}: {verdicts}"


def routes(table: pd.DataFrame) -> str:
    """Text for the route bars: every agent's submissions by route."""
    rows = [
        f"{plain(task)}, {plain(agent)}: "
        + ", ".join(f"{row.submissions} {plain(row.route)}" for row in parts.itertuples())
        for (task, agent), parts in table.groupby(["task", "agent_label"], sort=False)
    ]
    return "Submissions of each agent by route. " + "; ".join(rows) + "."


def timeline(table: pd.DataFrame, name: str) -> str:
    """Text for the timeline: the submissions in order with score and route, and how commands ended.

    Of many submissions how many there are by route, and where the scores lie.
    """
    sent = table[(table["lane"] == "submission") & (table["kind"] != "baseline")]
    said = [
        f"submission {row['submission_id']} after {row['start_s']:.0f} s: "
        + ("no score" if pd.isna(row["score_pct"]) else f"{percent(row['score_pct'])} %")
        + f", {plain(row['label'])}"
        for row in sent.to_dict("records")
    ]
    if len(sent) > LISTENED:
        said = list(_submissions(sent))
    ended = table.loc[table["lane"] == "command", "kind"]
    failed = int(ended.isin(["failed", "no_model"]).sum())
    seen = f"{plural(len(ended), 'command')} seen, {failed} of them failed or left no model"
    return f"Timeline of {plain(name)}: " + "; ".join([*said, seen]) + "."


def _submissions(sent: pd.DataFrame) -> Iterator[str]:
    scores = sent["score_pct"].dropna()
    yield f"{plural(len(sent), 'submission')}, {len(sent) - len(scores)} of them without a score"
    if len(scores):
        yield f"scores from {percent(scores.min())} to {percent(scores.max())} %"
    counts = sent["label"].map(plain).value_counts(sort=False).items()
    yield "by route: " + ", ".join(f"{n} {route}" for route, n in counts)


def stages(table: pd.DataFrame) -> str:
    """Text for the strip of stages: seconds of each."""
    spent = (table["end_s"] - table["start_s"]).groupby(table["stage"]).sum()
    said = [f"{stage} {seconds:.1f} s" for stage, seconds in spent.items()]
    return "Time of the run by stage: " + (", ".join(said) or "not known") + "."
