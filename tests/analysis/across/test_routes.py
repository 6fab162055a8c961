from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.multitest import multipletests

from posttrace.analysis.across.routes import ANY_REINFORCED, associations
from posttrace.analysis.across.runs import StudySettings, run_table
from posttrace.analysis.audit.audit import RunVerdict
from tests.analysis.across.made import audited, verdict


def associated(rows: list[RunVerdict]) -> pd.DataFrame:
    return associations(run_table(audited(rows)), StudySettings()).set_index("label")


def test_two_tasks_by_hand():
    # t0: sft .3 .2, grpo -.1; t1: sft .4, grpo .1 .0 0.2; 3 x 4 arrangements
    rows = [
        verdict("t0", "a", 0, 0.3, route="sft"),
        verdict("t0", "a", 1, 0.2, route="sft"),
        verdict("t0", "b", 0, -0.1, route="grpo"),
        verdict("t1", "a", 0, 0.4, route="sft"),
        verdict("t1", "b", 0, 0.1, route="grpo"),
        verdict("t1", "b", 1, 0.0, route="grpo"),
        verdict("t1", "b", 2, 0.2, route="grpo"),
    ]
    frame = associated(rows)
    sft = frame.loc["sft"]
    assert sft["difference"] == pytest.approx((3 * 0.35 + 4 * 0.3) / 7)
    assert (sft["p"], sft["p_least"], sft["p_greater"]) == (2 / 12, 2 / 12, 1 / 12)
    assert (sft["n_with"], sft["n_without"], sft["tasks"], sft["left_out"]) == (3, 4, 2, 0)
    # improved, t0: 2 of 2 against 0 of 1; t1: 1 of 1 against 2 of 3. Given the margins the sum of the upper
    # left cells is 3 only when both are at their largest: 1/3 x 3/4
    assert sft["exact_p_greater"] == pytest.approx(1 / 4)
    assert sft["within_agents"] == 0
    assert frame.loc["grpo", "difference"] == pytest.approx(-sft["difference"])
    assert frame.loc[ANY_REINFORCED, "difference"] == pytest.approx(-sft["difference"])


def test_no_effect_is_claimed():
    rows = [
        verdict(f"t{t}", "b" if s % 2 else "a", s, 0.3 * (s % 2), route="grpo" if s % 2 else "sft")
        for t in range(4)
        for s in range(6)
    ]
    frame = associated(rows)
    # 20^4 arrangements, of which one is as large
    assert frame.loc["grpo", "p_greater"] == 1 / 20**4
    assert frame.loc["grpo", "says"].startswith("associated with larger gain within task; no agent")
    assert frame.loc["sft", "says"].startswith("associated with smaller gain")
    for p in ("p", "exact_p"):
        assert frame[f"{p}_holm"].to_numpy() == pytest.approx(multipletests(frame[p], method="holm")[1])


def test_an_agent_that_took_both_routes_is_counted():
    rows = [verdict("t", "a", s, 0.1 * s, route="sft>grpo" if s else "sft") for s in range(3)]
    frame = associated(rows)
    assert frame.loc["sft>grpo", "within_agents"] == 1
    assert frame.loc["sft", "says"] == "not shown to be associated with gain"


def test_unknown_routes_and_missing_gains_are_left_out():
    rows = [
        verdict("t", "a", 0, 0.1, route="sft"),
        verdict("t", "a", 1, 0.2, route="unknown"),
        verdict("t", "a", 2, 0.2),
        verdict("t", "a", 3, np.nan, route="sft"),
    ]
    row = associated(rows).loc["sft"]
    assert row["left_out"] == 3
    assert np.isnan(row["difference"])
    assert row["says"] == "undefined"
    assert row["reason"].startswith("no stratum has both kinds")


def test_without_routes_there_is_nothing_to_say():
    assert associated([verdict("t", "a", 0, 0.1)]).empty
