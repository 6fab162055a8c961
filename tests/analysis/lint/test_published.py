"""What the shipped tables' findings are, checked by hand: the numbers beside each test are the derivation."""

import pytest

from posttrace.analysis.lint.lint import lint
from posttrace.traces.errors import InputError


@pytest.fixture(scope="module")
def agent2():
    return lint("published:agent2")


def of(findings, rule, table, row=None, column=None):
    return [
        f
        for f in findings
        if (f.rule, f.table) == (rule, table) and row in (None, *f.rows) and column in (None, f.column)
    ]


def test_a_score_of_134_episodes(agent2):
    [best] = of(agent2, "granularity", "agent2_results", 4, "best")
    assert (best.value, best.severity) == ("9.41", "inconsistent")  # 12/134 = 8.96, 13/134 = 9.70
    [baseline] = of(agent2, "granularity", "agent2_results", 4, "baseline")
    assert (baseline.value, baseline.severity, len(baseline.rows)) == ("4.85", "information", 9)
    assert "13/268" in baseline.explanations[0]  # 4.8507


def test_a_length_controlled_win_rate_is_not_a_count(agent2):
    assert not [f for f in agent2 if f.rule == "granularity" and "AlpacaEval2" in f.of]


def test_best_over_modes_and_its_modes(agent2):
    found = of(agent2, "best-of", "agent2_results")
    assert {(f.row, f.value, f.severity) for f in found} == {
        (13, "84.0", "inconsistent"),  # GSM8K: mode Multi has 85.06
        (17, "84.0", "inconsistent"),  # WebShop: mode SFT-only has 93.0
        (61, "88.78", "information"),  # GSM8K, 8B: the modes shown have 74.0 and 80.97
    }


def test_a_delta_that_falls_with_time(agent2):
    [found] = of(agent2, "over-time", "agent2_time_scaling")
    assert (found.row, found.value, found.severity) == (18, "1.25", "information")  # 1.5 after 6 h


def test_rates_of_ten_runs(agent2):
    found = of(agent2, "rates", "agent2_repeated_runs")
    values = {(f.column, f.value) for f in found}
    assert {("improve_sr_pct", "56"), ("exec_sr_pct", "72")} <= values
    assert not [value for _, value in values if int(value) % 10 == 0]


def test_best_of_five_of_ten_runs(agent2):
    [found] = of(agent2, "best-of-k", "agent2_passk", 7, "pass@5")
    # mean 1.2, maximum 12.5: 1.2 + 4/9 (12.5 - 1.2) = 6.22, printed is 2.1
    assert found.expected.startswith("at least 6.222")
    assert not of(agent2, "best-of-k", "agent2_passk", column="pass@1")  # all equal the means


def test_spread_of_ten_runs(agent2):
    found = of(agent2, "spread", "agent2_repeated_runs")
    assert {(f.row, f.column) for f in found} == {
        (2, "mean_delta"),  # 3 of 10 runs above 0, at most 2.2 each: at most 0.66 < 0.75
        (3, "mean_delta"),  # 2 of 10, at most 0.56: at most 0.112 < 0.15
        (3, "std_delta"),  # 0.15 sqrt(.8/.2) = 0.30 > 0.29
        (19, "std_delta"),  # 1.145 sqrt(.4/.6) = 0.935 > 0.86
        (21, "std_delta"),  # 1.855 sqrt(.4/.6) = 1.515 > 1.0
    }


def test_totals_of_costs(agent2):
    found = of(agent2, "totals", "agent2_cost")
    # 3800 + 2600 + 2500 + 2300 + 2600 + 1400 = 15200; 210 + 145 + 140 + 125 + 120 + 34 = 774
    assert {(f.column, f.value, f.expected.split(",")[0]) for f in found} == {
        ("api_calls", "36000", "15"),
        ("usd", "796", "774"),
    }
    [share] = of(agent2, "totals", "agent2_cc_workspaces")
    # (92*20 + 195*23 + 16*19)/475 = 13.96
    assert (share.severity, "13.96 by submissions" in share.expected) == ("information", True)


def test_two_baselines_of_one_task_and_model(agent2):
    [found] = [f for f in of(agent2, "cross-table", "agent2_results") if f.column == "baseline"]
    assert (found.row, found.value, found.severity) == (98, "5.97", "information")
    assert found.expected.startswith("4.85")


def test_nothing_else_is_inconsistent(agent2):
    rules = {f.rule for f in agent2 if f.severity == "inconsistent"}
    assert rules == {"granularity", "best-of", "best-of-k", "rates", "spread", "totals"}


def test_improvements_are_differences_and_modes_agree_with_results(agent2):
    assert not [f for f in agent2 if f.rule in ("gains", "errors", "bounds")]
    assert not of(agent2, "cross-table", "agent2_modes")


@pytest.mark.parametrize("group", ["gome", "mlebench", "rdagent"])
def test_groups_without_findings(group):
    """The leaderboard names which errors are SDs: they are the standard errors times sqrt(n_seeds)."""
    assert not lint(f"published:{group}")


def test_a_group_without_numbers_that_are_known_by_name():
    with pytest.raises(InputError, match="ftdojo_results, ftdojo_tasks: no column that can be checked"):
        lint("published:ftdojo")
