"""The tidy tables agree with the traces they come from."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from posttrace.analysis.audit.audit import Audit
from posttrace.analysis.runs.records import Evaluation
from posttrace.analysis.runs.tables import TraceSet
from posttrace.reports.figures.trajectories import COLUMNS
from posttrace.reports.runs import frames


def test_verdicts_are_in_percent_and_percentage_points(verdicts: pd.DataFrame) -> None:
    run = verdicts.query("task == 'spell' and agent == 'sft' and seed == 0").iloc[0]
    # 40 of 200 right at first, 90 of 200 at best
    assert (run["baseline_pct"], run["reported_best_pct"]) == pytest.approx((20.0, 45.0))
    assert run["reported_gain_pp"] == pytest.approx(25.0)
    assert run["run_label"] == "sft · seed 0"


def test_undefined_is_nan(verdicts: pd.DataFrame) -> None:
    crash = verdicts[verdicts["agent"] == "crash"].iloc[0]
    assert np.isnan(crash["reported_gain_pp"])
    assert np.isnan(crash["lcb_pp"])


def test_order_is_task_agent_seed(verdicts: pd.DataFrame) -> None:
    keys = list(zip(verdicts["task"], verdicts["agent"], verdicts["seed"], strict=True))
    assert keys == sorted(keys)


def label(audit: Audit, **changes: Any) -> list[str]:
    """Labels of the two seeds of spell/sft, the second run changed."""
    first, second = (run for run in audit.runs if (run.task, run.agent) == ("spell", "sft"))
    return list(frames.verdicts(replace(audit, runs=(first, replace(second, **changes))))["run_label"])


def test_labels_name_what_differs(checked: Audit) -> None:
    assert label(checked) == ["sft · seed 0", "sft · seed 1"]
    assert label(checked, mode="sft_only") == ["sft · free · seed 0", "sft · sft_only · seed 1"]
    other = "feedbeef0000"  # another base model, say: nothing in the row tells it but the cell
    assert label(checked, cell_id=other)[1] == "sft · feedbe · seed 1"


def test_no_audited_run_is_an_empty_table(checked: Audit, traces: TraceSet) -> None:
    empty = frames.verdicts(replace(checked, runs=()))
    assert empty.empty
    assert {"verdict", "lcb_pp", "baseline_pct", "run_label"} <= set(empty)
    assert list(frames.trajectories(traces, empty)) == list(COLUMNS)


def test_every_submission_is_a_row_of_its_kind(traces: TraceSet, verdicts: pd.DataFrame) -> None:
    table = frames.trajectories(traces, verdicts)
    assert tuple(table) == COLUMNS
    # STUDY: spell/sft/0 has 4 scores, an error, a duplicate; spell/sft/1 4; lottery 4 and the base; crash
    # none of 2; house/sft 2; house/grpo/0 2 and a timeout; house/grpo/1 was interrupted, so not audited
    expected = {"baseline": 6, "scored": 16, "failed": 4, "duplicate": 1, "base_copy": 1}
    assert Counter(table["kind"]) == expected
    assert table.loc[table["kind"].isin(["failed", "duplicate"]), "score_pct"].isna().all()
    assert table["is_winner"].sum() == 5  # all but the crash
    assert list(table.loc[table["run_id"].str.contains("s1"), "elapsed_min"])[1] == pytest.approx(245 / 60)


def test_noise_is_1_96_standard_errors_over_items(traces: TraceSet, verdicts: pd.DataFrame) -> None:
    table = frames.trajectories(traces, verdicts)
    spell = table[(table["task"] == "spell") & (table["kind"] == "baseline")]
    # sd of 40 ones among 200 with ddof 1: sqrt(.2 * .8 * 200 / 199) = 0.4010; / sqrt(200) = 0.028355
    assert spell["noise_pp"].to_numpy() == pytest.approx(1.959964 * 2.8355, rel=1e-4)


def scoring(score: float, values: list[float] | None = None) -> Evaluation:
    return Evaluation(
        0, "feedback", score, None, None if values is None else np.array(values), None, None, 0, 1.0
    )


def test_noise_without_items_is_binomial() -> None:
    # sqrt(.3 * .7 / 100) = 0.045826
    assert frames.noise_half_width((scoring(0.3),), 100) == pytest.approx(1.959964 * 0.045826, rel=1e-4)


def test_noise_ignores_lost_items() -> None:
    with_lost = frames.noise_half_width((scoring(0.5, [0, 1, np.nan, 1, 0]),), None)
    assert with_lost == pytest.approx(frames.noise_half_width((scoring(0.5, [0, 1, 1, 0]),), None))


@pytest.mark.parametrize("scorings", [(), (scoring(0.3),), (scoring(1.3),)])
def test_noise_is_undefined_without_items_or_their_number(scorings: tuple[Evaluation, ...]) -> None:
    assert np.isnan(frames.noise_half_width(scorings, None))
