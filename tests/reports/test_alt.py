"""Texts for readers who cannot see a figure."""

from __future__ import annotations

import numpy as np
import pandas as pd

from posttrace.reports import alt


def runs(number: int) -> pd.DataFrame:
    rows: list[tuple[object, ...]] = [
        ("spell", "sft", f"sft · seed {i}", "exceeds", "gain exceeds noise", 10.0 + i, 9.0 + i, 5.0, 12.0)
        for i in range(number)
    ]
    rows.append(("house", "crash", "crash", "invalid", "invalid: nothing scored", *[np.nan] * 4))
    columns = "task agent_label run_label verdict label reported_gain_pp corrected_gain_pp lcb_pp ucb_pp"
    return pd.DataFrame(rows, columns=columns.split())


def test_few_runs_are_told_one_by_one() -> None:
    said = alt.forest(runs(1))
    assert "spell, sft · seed 0: reported +10.0, corrected +9.0, bounds +5.0 to +12.0: gain exceeds" in said
    assert "house, crash: reported –" in said


def test_of_many_runs_each_agent_is_told_as_a_whole() -> None:
    assert alt.forest(runs(40)) == (
        "Gain of the runs over their baselines in percentage points. "
        "spell, sft: 40 runs, +9.0 to +48.0: 40 exceeds; house, crash: 1 run, no gain: 1 invalid."
    )


def test_many_submissions_of_a_run_are_told_as_a_whole() -> None:
    number = alt.LISTENED + 1
    table = pd.DataFrame(
        {
            "lane": "submission",
            "kind": "scored",
            "start_s": np.arange(number, dtype=float),
            "score_pct": [np.nan, *range(1, number)],
            "label": ["grpo", *["sft"] * (number - 1)],
            "submission_id": range(1, number + 1),
        }
    )
    assert alt.timeline(table, "a run") == (
        f"Timeline of a run: {number} submissions, 1 of them without a score; "
        f"scores from 1.0 to {number - 1}.0 %; "
        f"by route: 1 grpo, {number - 1} sft; 0 commands seen, 0 of them failed or left no model."
    )
    assert "submission 1 after 0 s: no score, grpo" in alt.timeline(table.iloc[:3], "a run")


def test_a_missing_baseline_is_said() -> None:
    names = ["task", "agent_label", "run_id", "kind", "score_pct"]
    table = pd.DataFrame([("spell", "sft", "r", "scored", 30.0)], columns=names)
    assert alt.trajectories(table).endswith("spell: no scored baseline, scores from 30.0 to 30.0 %.")
