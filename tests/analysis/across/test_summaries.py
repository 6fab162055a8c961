from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from scipy.stats import binomtest

from posttrace.analysis.across.models import ALL_CELLS, mixed, sensitivity
from posttrace.analysis.across.rates import rates
from posttrace.analysis.across.runs import StudySettings, run_table
from posttrace.analysis.across.summaries import aggregates, best_of_k, improvement, profiles
from posttrace.analysis.audit.wording import RESTS_ON
from posttrace.analysis.stats.across.mixed import RandomIntercept
from tests.analysis.across.made import audited, failed, verdict

SETTINGS = StudySettings(resamples=500)
ROWS = [
    verdict("t0", "a", 0, 0.1),
    verdict("t0", "a", 1, 0.3),
    failed("t0", "a", 2),
    verdict("t1", "a", 0, 0.2, baseline=0.75),
    verdict("t1", "a", 1, 0.0, baseline=1.0),
    verdict("t0", "b", 0, 0.1),
    verdict("t0", "b", 1, -0.1),
]


def test_the_gain_of_a_run_says_what_it_is():
    rows = [
        verdict("t", "a", 0, 0.1),
        verdict("t", "a", 1, 0.2, corrected_gain=np.nan),
        verdict("t", "a", 2, 0.3, flags=("x", RESTS_ON["sealed"])),
        failed("t", "a", 3),
        verdict("t", "a", 4, np.nan, verdict="invalid"),
    ]
    drop, zero = run_table(audited(rows)), run_table(audited(rows), "zero")
    assert drop["gain_kind"].tolist() == ["corrected", "reported", "sealed items", "undefined", "undefined"]
    assert zero["gain_kind"].tolist()[3:] == ["by policy", "undefined"]
    assert drop["gain"].tolist()[:3] == [0.1, 0.2, 0.3]
    assert zero["gain"][3] == -0.5
    assert np.isnan(zero["gain"][4])


def test_rates_print_their_denominators():
    frame = rates(run_table(audited(ROWS)), 3).set_index(["by", "group", "rate"])
    expected = {"audited": (7, 10), "scored": (6, 7), "improved": (4, 6), "exceeds": (2, 7)}
    for rate, (count, of) in expected.items():
        row = frame.loc[("study", "all", rate)]
        assert (row["count"], row["of"], row["share"]) == (count, of, pytest.approx(count / of))
        for name, method in (("wilson", "wilson"), ("exact", "exact")):
            theirs = binomtest(count, of).proportion_ci(method=method)
            assert (row[f"{name}_low"], row[f"{name}_high"]) == pytest.approx(
                (theirs.low, theirs.high), abs=1e-6
            )
    assert frame.loc[("agent", "b", "improved"), "denominator"] == "runs with a gain"
    # drivers did not vary: their rows would repeat those of the study
    assert "driver" not in frame.index.get_level_values("by")


def test_rounding_is_no_improvement():
    frame = rates(run_table(audited([verdict("t", "a", 0, 1e-17)])), 0).set_index("rate")
    assert frame.loc["improved", "count"] == 0


def test_aggregates_are_of_the_share_of_the_headroom():
    frame = aggregates(run_table(audited(ROWS)), SETTINGS).set_index(["configuration", "statistic"])
    # a: t0 .1/.5, .3/.5; t1 .2/.25, and one without headroom; one failed
    row = frame.loc[("a", "mean")]
    assert row["value"] == pytest.approx(((0.2 + 0.6) / 2 + 0.8) / 2)
    assert (row["tasks"], row["tasks_of"], row["runs"], row["left_out"]) == (2, 2, 3, 2)
    assert row["reason"] == "a task with a single run: no interval"
    assert frame.loc[("b", "mean"), "value"] == pytest.approx(0)
    assert frame.loc[("b", "mean"), "reason"] == "2 runs in a task: the interval is too short"
    assert frame.loc[("b", "optimality_gap"), "value"] == pytest.approx(1.0)


def test_configurations_are_named_by_what_varies():
    rows = [verdict("t", "a", 0, 0.1, driver="x"), verdict("t", "a", 0, 0.1, driver=None)]
    assert aggregates(run_table(audited(rows)), SETTINGS)["configuration"].unique().tolist() == ["a", "a · x"]


def test_improvement_compares_on_common_tasks():
    row = improvement(run_table(audited(ROWS)), SETTINGS).iloc[0]
    # t0 alone: .1 ties .1 and beats -.1, .3 beats both
    assert (row["one"], row["other"], row["tasks"], row["probability"]) == ("a", "b", 1, 3.5 / 4)
    apart = [verdict("t0", "a", 0, 0.1), verdict("t1", "b", 0, 0.1)]
    assert improvement(run_table(audited(apart)), SETTINGS).iloc[0]["reason"] == "no task with runs of both"


def test_profiles_fall_from_one_to_nothing():
    frame = profiles(run_table(audited(ROWS)), SETTINGS)
    b = frame[frame["configuration"] == "b"].set_index("threshold")["share"]
    # normalised .2 and -.2; nobody is above his own score
    assert b[[-0.2, 0.15, 0.2]].tolist() == [0.5, 0.5, 0]
    assert (b.diff().dropna() <= 0).all()


def test_the_best_of_k_runs_of_a_cell():
    frame = best_of_k(run_table(audited([*ROWS, verdict("t0", "a", 5, 0.8)])))
    cell = frame[frame["cell_id"] == "t0-a-none-free"].set_index("k")
    x = [0.1, 0.3, 0.8]
    expected = [np.mean([max(chosen) for chosen in combinations(x, k)]) for k in (1, 2, 3)]
    assert cell["expected_best"].tolist() == pytest.approx(expected)
    assert (cell["left_out"] == 1).all()


def test_a_cell_of_failed_runs_has_no_best():
    row = best_of_k(run_table(audited([failed("t", "a", 0)]))).iloc[0]
    assert np.isnan(row["expected_best"])
    assert row["reason"] == "no run with a gain"


def test_the_mixed_model_is_that_of_the_runs():
    rng = np.random.default_rng(0)
    rows = [
        verdict(
            f"t{t}", "a", s, float(rng.normal(0.1 * d + 0.03 * t, 0.02)), driver=f"d{d}", cell_id=f"{t}{d}"
        )
        for t, d, s in product(range(5), range(2), range(2))
    ]
    runs = run_table(audited(rows))
    row = mixed(runs).iloc[0]
    found = RandomIntercept()(runs["gain"].to_numpy(), runs["task"].tolist(), runs["driver"].tolist())
    assert (row["factor"], row["level"], row["reference"]) == ("driver", "d1", "d0")
    assert (row["beta"], row["se"]) == (found.effects[0].beta, found.effects[0].se)
    # balanced: the difference of means
    d1 = runs["driver"] == "d1"
    assert row["beta"] == pytest.approx(runs.loc[d1, "gain"].mean() - runs.loc[~d1, "gain"].mean())
    assert (row["runs"], row["tasks"], row["also_varies"], row["reason"]) == (20, 5, "", "")


def test_a_mixed_model_of_four_tasks_is_not_fitted():
    rows = [verdict(f"t{t}", a, 0, 0.1 * t) for t in range(4) for a in "ab"]
    row = mixed(run_table(audited(rows))).iloc[0]
    assert np.isnan([row["beta"], row["se"], row["var_task"]]).all()
    assert row["reason"] == "4 groups; a variance between groups needs 5"


def test_sensitivity_to_failed_runs():
    frame = sensitivity(audited([*ROWS, failed("t1", "b", 0)])).set_index("cell_id")
    # t0 a: .1, .3 and a failed run over .5
    first = frame.loc["t0-a-none-free"]
    assert first[["drop", "zero", "baseline"]].tolist() == pytest.approx([0.2, -0.1 / 3, 0.4 / 3])
    assert (first["runs"], first["failed"], first["reason"]) == (3, 1, "")
    alone = frame.loc["t1-b-none-free"]
    assert np.isnan(alone["drop"])
    assert (alone["zero"], alone["baseline"], alone["reason"]) == (-0.5, 0, "no scored run")
    # cells: .2, .1, 0 and one without a scored run
    total = frame.loc[ALL_CELLS]
    assert total["drop"] == pytest.approx(0.1)
    assert (total["cells"], total["runs"], total["failed"]) == (3, 8, 2)
