"""Runs in a terminal: in an order that a person expects, and every row told apart."""

from __future__ import annotations

import pandas as pd

from posttrace.reports.terminal.runs import plan_table, rescored_words, scores, status_table


def state(agent: str, seed: int | None, **known: object) -> dict[str, object]:
    """An attempt of which nothing is known but what is given."""
    unknown = dict.fromkeys(("submissions_left", "baseline", "best", "elapsed_s", "wall_left_s"))
    names = {"run_id": "r", "path": "p", "agent": agent, "task": "spell", "seed": seed}
    return {**names, "state": "agent_failed", "submissions": 1, **unknown, **known}


def test_status_is_by_agent_and_seed_whatever_the_folders_are_called() -> None:
    shown = status_table([state("sft", 1), state("copy", 0), state("sft", 0, best=57.4, elapsed_s=9.14)])
    assert list(zip(shown["agent"], shown["seed"], strict=True)) == [("copy", 0), ("sft", 0), ("sft", 1)]
    assert list(shown["best"]) == ["–", "57.40", "–"]
    assert list(shown["elapsed_s"]) == ["–", "9", "–"]
    assert set(shown["state"]) == {"agent failed"}


def test_a_record_that_says_nothing_is_a_row_and_named_by_its_path() -> None:
    broken = state("", None, run_id="", path="runs/x", state="no readable record")
    assert list(status_table([broken, state("sft", 0, submissions_left=3)])["run"]) == ["runs/x", "r"]


def test_scores_up_to_one_keep_four_digits() -> None:
    assert list(scores(pd.Series([0.12346, None]))) == ["0.1235", "–"]
    assert list(scores(pd.Series([0.9167, 18.15]))) == ["0.92", "18.15"]


def test_a_plan_names_what_only_some_jobs_were_given() -> None:
    jobs = [{"task": "spell", "agent": "copy", "seed": 0, "action": "run"}] * 2
    words = [["agent=copy", "out=x", "budget.steps=10"], ["agent=copy", "out=x", "budget.steps=20"]]
    assert list(plan_table(jobs, words)["with"]) == ["budget.steps=10", "budget.steps=20"]
    assert "with" not in plan_table(jobs, [["agent=copy", "seed=0"], ["agent=copy", "seed=1"]])


def test_scorings_of_a_checkpoint_in_a_line() -> None:
    # (1.5 + 2.0 + 1.0) / 3
    assert rescored_words(7, "sealed", [1.5, 2.0, 1.0]) == (
        "submission 7, sealed items: 1.5, mean of 3 scorings: 1.5, 2, 1"
    )
    assert rescored_words("baseline", "fresh", [17.98]) == "baseline, fresh items: 17.98"
