from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.multitest import multipletests

from posttrace.analysis.across.contrast import contrasts
from posttrace.analysis.across.factors import ALL_TASKS, aliasing, factor_contrasts
from posttrace.analysis.across.runs import StudySettings, run_table
from posttrace.analysis.audit.audit import RunVerdict
from posttrace.traces.errors import InputError
from tests.analysis.across.made import audited, verdict

FACTORS = ["agent", "driver", "mode", "base_model"]
GAINS = np.random.default_rng(0).normal(0.1, 0.05, size=(2, 3, 2)).round(3)


def table(rows: list[RunVerdict]) -> pd.DataFrame:
    return run_table(audited(rows))


def compared(rows: list[RunVerdict], settings: StudySettings | None = None) -> pd.DataFrame:
    return factor_contrasts(table(rows), FACTORS, settings or StudySettings(resamples=999))


def grid() -> list[RunVerdict]:
    """Two agents on three tasks with two seeds."""
    return [verdict(f"t{t}", f"a{a}", s, GAINS[a, t, s]) for a, t, s in product(range(2), range(3), range(2))]


def only(frame: pd.DataFrame, task: str = ALL_TASKS) -> pd.Series:
    (row,) = [row for _, row in frame[frame["task"] == task].iterrows()]
    return row


def test_pairs_of_task_and_seed_are_flipped():
    row = only(compared(grid()))
    d = (GAINS[0] - GAINS[1]).ravel()
    assert row["difference"] == pytest.approx(d.mean())
    assert (row["n_one"], row["n_other"], row["method"]) == (6, 6, "pairs")
    # independent path: all 2^6 signs
    means = np.array([np.mean(d * signs) for signs in product((1, -1), repeat=6)])
    greater, less = np.mean(means >= d.mean() - 1e-9), np.mean(means <= d.mean() + 1e-9)
    assert row["p_greater"] == pytest.approx(greater)
    assert row["p"] == pytest.approx(2 * min(greater, less))
    assert row["p_least"] == 2 / 64
    # whole tasks: 2^3 signs of the three means
    of_tasks = (GAINS[0] - GAINS[1]).mean(axis=1)
    flips = np.abs([np.mean(of_tasks * signs) for signs in product((1, -1), repeat=3)])
    assert row["p_tasks"] == pytest.approx(np.mean(flips >= abs(of_tasks.mean()) - 1e-9))
    assert row["p_tasks_least"] == 2 / 8


def test_a_row_of_one_task_is_the_contrast_of_that_task():
    runs = table(grid())
    theirs = contrasts(runs.rename(columns={"gain": "corrected_gain", "corrected_gain": "x"}), [("a0", "a1")])
    ours = factor_contrasts(runs, FACTORS, StudySettings())
    ours = ours[ours["task"] != ALL_TASKS].reset_index(drop=True)
    assert ours["difference"].to_numpy() == pytest.approx(theirs["mean"].to_numpy())
    for mine, other in (("low", "low"), ("high", "high"), ("p_t", "p_t"), ("p", "p_flip")):
        assert ours[mine].to_numpy(dtype=float) == pytest.approx(theirs[other].to_numpy(dtype=float))


def test_four_tasks_with_one_run_each_cannot_go_below_one_in_sixteen():
    # other seeds on the two sides: one run against one within a task is a pair all the same
    rows = [verdict(f"t{t}", "a", s, 0.2 - 0.1 * s, driver=f"d{s}") for t in range(4) for s in range(2)]
    row = only(compared(rows))
    assert row["factor"] == "driver"
    assert row["p_greater"] == 1 / 16
    assert row["p"] == row["p_least"] == 2 / 16
    assert row["p_holm"] == 2 / 16


def test_without_common_seeds_labels_change_within_the_task():
    rows = [verdict("t", "a", s, 0.1 * s) for s in range(3)] + [
        verdict("t", "b", 10 + s, 0.5) for s in range(2)
    ]
    row = only(compared(rows))
    # 5 runs, 3 labelled: 10 ways; the smallest three of five are the a's, in 1 way
    assert (row["method"], row["p"], row["p_least"]) == ("labels within task", 2 / 10, 2 / 10)
    assert row["difference"] == pytest.approx(-0.4)
    assert np.isnan([row["low"], row["p_t"]]).all()


def test_runs_without_a_seed_are_not_paired():
    row = only(
        compared([verdict("t", agent, None, 0.1, run_id=f"{agent}{i}") for agent in "ab" for i in (1, 2)])
    )
    assert (row["method"], row["n_one"]) == ("labels within task", 2)


def test_what_has_no_partner_is_counted():
    rows = [*grid(), verdict("t0", "a0", 7, 0.9), verdict("t9", "a1", 0, 0.9), verdict("t1", "a1", 8, np.nan)]
    row = only(compared(rows))
    assert (row["unmatched_one"], row["unmatched_other"]) == (1, 1)
    assert row["difference"] == pytest.approx((GAINS[0] - GAINS[1]).mean())


def test_factors_that_never_vary_apart_are_not_contrasted():
    rows = [verdict(f"t{t}", f"a{i}", 0, 0.1, driver=f"d{i}") for t in range(4) for i in range(2)]
    frame = compared(rows).set_index(["factor", "task"])
    assert frame.loc[("agent", ALL_TASKS), "reason"] == "no matched cells: the two never share driver"
    assert frame.loc[("driver", ALL_TASKS), "reason"] == "no matched cells: the two never share agent"
    assert frame["difference"].isna().all()


def test_another_base_model_is_no_match():
    rows = [verdict("t", f"a{i}", s, 0.1, base_model=f"b{i}") for i in range(2) for s in range(3)]
    assert only(compared(rows))["reason"] == "no matched cells: the two never share base_model"


def test_cells_that_look_alike_are_not_matched():
    rows = [verdict("t", agent, s, 0.1, cell_id=f"{agent}{s}") for agent in "ab" for s in range(2)]
    assert only(compared(rows))["reason"] == "cells differ in settings that are not among the factors"


def test_an_agent_without_any_gain_is_named():
    rows = [verdict("t", "a", 0, 0.1), verdict("t", "b", 0, np.nan)]
    assert only(compared(rows))["reason"] == "no gain of b"


def test_holm_runs_over_all_contrasts_of_a_family():
    rows = [
        verdict(f"t{t}", f"a{a}", s, 0.05 * a * t + 0.01 * ((3 * a + 5 * t + 7 * s) % 4))
        for a, t, s in product(range(3), range(3), range(3))
    ]
    frame = compared(rows)
    for family in (frame["task"] == ALL_TASKS, frame["task"] != ALL_TASKS):
        for p in ("p", "p_t"):
            known = frame[family & frame[p].notna()]
            expected = multipletests(known[p].astype(float), method="holm")[1]
            assert known[f"{p}_holm"].to_numpy(dtype=float) == pytest.approx(expected)
    assert len(frame) == 3 * 4


def test_planned_contrasts_alone_are_tested_and_adjusted_for():
    rows = [verdict(f"t{t}", f"a{a}", 0, 0.1 * a + 0.01 * t) for a, t in product(range(3), range(4))]
    row = only(compared(rows, StudySettings(planned=(("agent", "a2", "a0"),))))
    assert (row["one"], row["other"], row["difference"]) == ("a2", "a0", pytest.approx(0.2))
    assert row["p_holm"] == row["p"]
    for planned, message in (
        (("agent", "a2", "zz"), "planned contrast of agent 'zz'; there is a0, a1, a2"),
        (("colour", "a", "b"), "planned contrast of 'colour'; factors are agent, driver"),
    ):
        with pytest.raises(InputError, match=message):
            compared(rows, StudySettings(planned=(planned,)))


def test_the_other_way_round_is_the_mirror_image():
    one, other = (
        only(compared(grid(), StudySettings(planned=(("agent", a, b),))))
        for a, b in (("a0", "a1"), ("a1", "a0"))
    )
    assert (one["difference"], one["low"], one["p"]) == pytest.approx(
        (-other["difference"], -other["high"], other["p"])
    )


def relations(rows: list[RunVerdict]) -> dict[tuple[str, str], str]:
    frame = aliasing(table(rows), ["agent", "driver", "mode"])
    return {(row["factor"], row["other"]): row["relation"] for _, row in frame.iterrows()}


def test_an_agent_with_its_own_driver_is_aliased():
    rows = [verdict(t, f"a{i}", 0, 0.1, driver=f"d{i}") for t in ("t0", "t1") for i in range(2)]
    assert relations(rows) == {
        ("mode", ""): "constant",
        ("task", "agent"): "crossed",
        ("task", "driver"): "crossed",
        ("agent", "driver"): "one to one",
    }


def test_each_agent_with_one_driver_determines_it():
    rows = [verdict("t", f"a{i}", 0, 0.1, driver=f"d{min(i, 1)}") for i in range(3)]
    assert relations(rows)["agent", "driver"] == "determines"
    rows = [verdict("t", f"a{min(i, 1)}", 0, 0.1, driver=f"d{i}") for i in range(3)]
    assert relations(rows)["agent", "driver"] == "determined"


def test_a_hole_in_the_grid_is_partly_crossed():
    rows = [verdict("t", a, 0, 0.1, driver=d) for a, d in (("a", "x"), ("a", "y"), ("b", "y"))]
    frame = aliasing(table(rows), ["agent", "driver"]).set_index(["factor", "other"])
    found = frame.loc[("agent", "driver")]
    assert (found["relation"], found["combinations"], found["possible"]) == ("partly crossed", 3, 4)
    assert found["says"] == "driver varies within 1 of 2 levels of agent, agent within 1 of 2 of driver"


def test_routes_are_among_the_aliases_once_known():
    rows = [verdict("t", agent, 0, 0.1, route=route) for agent, route in (("a", "sft"), ("b", "grpo"))]
    assert relations(rows)["agent", "route"] == "one to one"
