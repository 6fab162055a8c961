"""Each rule finds an error planted in a table that is right otherwise, and offers what would fit."""

import pandas as pd
import pytest

from posttrace.analysis.lint.lint import lint
from posttrace.analysis.published.tables import Table
from posttrace.traces.errors import InputError


def table(text, name="table"):
    rows = [line.strip().split(",") for line in text.strip().splitlines()]
    return Table.of(pd.DataFrame(rows[1:], columns=rows[0]), name)


def only(findings):
    [finding] = findings
    return finding


RESULTS = """
task,agent,mode,base_model,n_test,baseline,best,improvement,submissions,best_at_submission
t,a,sft,b,134,4.48,9.70,5.22,10,7
t,a,rl,b,134,4.48,19.40,14.93,10,10
t,a,best over modes,b,134,4.48,19.40,14.93,,
"""


def test_the_table_is_right_before_anything_is_planted():
    assert not lint(table(RESULTS))  # 6/134, 13/134, 26/134


def test_a_score_that_no_count_gives():
    found = only(lint(table(RESULTS.replace("9.70,5.22", "9.41,4.93"))))
    assert (found.rule, found.severity, found.row, found.column) == ("granularity", "inconsistent", 1, "best")
    # k/(134 m) is in 9.405..9.42 for no m up to 10: m = 10 has 126/1340 = 9.403 and 127/1340 = 9.478
    assert "8.955 (12/134) or 9.701 (13/134)" in found.expected
    assert found.tolerance == 0.01


def test_a_mean_of_two_evaluations_is_information():
    found = only(
        lint(table(RESULTS.replace("4.48", "4.85").replace("5.22", "4.85").replace("14.93", "14.55")))
    )
    assert (found.rule, found.severity, found.rows) == ("granularity", "information", (1, 2, 3))
    assert found.explanations[0].startswith("the mean of 2 evaluations: 13/268")


def test_a_metric_that_counts_no_items_is_left_out():
    frame = table(RESULTS.replace("9.70,5.22", "9.41,4.93")).cells.assign(
        metric="length-controlled win rate %"
    )
    assert not lint(Table.of(frame))


def test_a_column_that_is_hardly_ever_a_count_is_information():
    scores = "task,n_test,score\n" + "\n".join(f"t,134,{value}" for value in ("9.41", "46.21", "33.41"))
    found = lint(table(scores))
    assert {finding.severity for finding in found} == {"information"}
    assert all("a metric that is no share of items (none is stated)" in each.explanations for each in found)


@pytest.mark.parametrize(
    ("old", "new", "rule", "column"),
    [
        ("9.70,5.22", "9.70,6.22", "gains", "improvement"),
        ("19.40,14.93,,", "9.70,5.22,,", "best-of", "best"),
        ("5.22,10,7", "5.22,10,11", "bounds", "best_at_submission"),
        ("5.22,10,7", "5.22,10.5,7", "bounds", "submissions"),
    ],
)
def test_an_inconsistent_row(old, new, rule, column):
    found = only(lint(table(RESULTS.replace(old, new))))
    assert (found.rule, found.severity, found.column) == (rule, "inconsistent", column)


def test_a_best_that_no_row_shows_is_information():
    found = only(lint(table(RESULTS.replace("19.40,14.93,,", "20.15,15.67,,"))))  # 27/134
    assert (found.rule, found.severity) == ("best-of", "information")
    assert "9.70 (sft, row 1); 19.40 (rl, row 2)" in found.expected


def test_a_relative_gain_is_offered_where_it_fits():
    found = only(lint(table("task,baseline,best,improvement\nt,40.0,50.0,25.0")))
    assert found.rule == "gains"
    assert "a relative gain, in per cent of the baseline" in found.explanations


def test_a_share_above_all_of_them():
    found = only(lint(table("task,accuracy_pct\nt,104.2")))
    assert (found.rule, found.expected) == ("bounds", "0 to 100")


@pytest.mark.parametrize(("stem", "severity"), [("delta", "information"), ("best", "inconsistent")])
def test_a_best_so_far_that_falls(stem, severity):
    found = only(lint(table(f"task,{stem}_6h,{stem}_12h,{stem}_24h\nt,1.5,1.25,2.75")))
    assert (found.rule, found.severity, found.column) == ("over-time", severity, f"{stem}_12h")


def test_a_rate_that_ten_runs_cannot_have():
    found = only(lint(table("task,n_runs,improve_sr_pct,exec_sr_pct\nt,10,56,70")))
    assert (found.rule, found.expected) == ("rates", "k/10: 50 (5/10) or 60 (6/10)")
    # 5/9 = 55.56 prints 56, but no k/9 prints 70; 13/23 = 56.52 (truncated) and 16/23 = 69.57 do
    assert (
        found.explanations[0] == "another number of runs: N = 9 fits this rate, N = 23 all rates of the row"
    )


def test_an_expected_best_below_what_the_maximum_makes_it():
    text = "task,agent,n_runs,mean_delta,max_delta,best@1,best@3\nt,a,10,1.15,2.7,1.15,1.40"
    found = only(lint(table(text)))
    assert (found.rule, found.column) == ("best-of-k", "best@3")
    assert found.expected.startswith("at least 1.494 (N = 10")  # 1.15 + 2/9 * 1.55
    # 1.145 + 2/(N-1) * 1.505 <= 1.41 from N = 12.4 on, with the kindest rounding
    assert "more runs: fits from N = 13 on" in found.explanations


@pytest.mark.parametrize(("name", "severity"), [("best", "inconsistent"), ("pass", "information")])
def test_an_expected_best_above_the_maximum(name, severity):
    """pass@k over items may exceed every run: an item counts when one of k samples solves it."""
    found = only(lint(table(f"task,agent,n_runs,mean,max,{name}@3\nt,a,10,0.20,0.30,0.35")))
    assert (found.rule, found.severity) == ("best-of-k", severity)


def test_an_expected_best_that_falls_with_k():
    assert only(lint(table("task,best@1,best@3\nt,0.50,0.40"))).expected == "at least best@1 = 0.50"


def test_best_of_one_is_the_mean_of_another_table():
    runs = table(
        "task,agent,model,n_runs,mean_delta,max_delta\nt,a,7B,10,1.15,2.7\nt,a,1B,10,0.5,0.9", "runs"
    )
    best = table("task,agent,base_model,pass@1,pass@3\nt,a,B-7B-it,1.30,1.60", "best")
    found = only(lint([runs, best]))
    assert (found.table, found.column, found.expected) == ("best", "pass@1", "the mean of runs, row 1: 1.15")


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("0.80,2.00,2.1,30", "mean_delta"),  # 3 of 10 runs at most 2.2 give at most 0.66
        ("1.86,0.90,3.2,60", "std_delta"),  # 6 of 10 above 0: at least 1.855 sqrt(.4/.6) = 1.515
        ("-1.86,0.90,3.2,60", "std_delta"),  # at least 1.86 sqrt(.6/.4) = 2.28
        ("0.10,0.40,1.0,0", "improve_sr_pct"),  # the largest gain is above 0
        ("-1.00,0.40,-0.2,10", "improve_sr_pct"),  # no gain is above 0
    ],
)
def test_a_share_of_improvements_that_mean_sd_or_maximum_exclude(row, column):
    found = lint(table(f"task,mean_delta,std_delta,max_delta,improve_sr_pct,n_runs\nt,{row},10"))
    assert column in {finding.column for finding in found if finding.rule == "spread"}


def test_a_standard_error_printed_as_sd_is_offered():
    # SD 1.90, SEM 0.60; with maximum 5 above mean 2 the SD is at least 1
    found = only(lint(table("task,mean,sd,max,n_runs\nt,2.00,0.60,5.00,10")))
    assert "a standard error of the mean instead of an SD" in found.explanations


ERRORS = """
system,low_pct,low_err,all_pct,all_err,n_seeds,error_is
x,51.52,4.01,30.22,0.89,3,SEM
x (as first printed),51.52,6.9,30.22,1.5,3,SD
y,40.00,2.00,20.00,1.00,3,SEM
"""


def test_errors_that_say_what_they_are_fit_by_the_root_of_n():
    assert not lint(table(ERRORS))


def test_sd_and_standard_error_under_one_name():
    frame = table(ERRORS).cells
    unnamed = lint(Table.of(frame.drop(columns="error_is")))
    assert {(f.rule, f.severity, f.row) for f in unnamed} == {("errors", "information", 2)}
    assert "sqrt(3) = 1.732" in unnamed[0].explanations[0]
    misnamed = lint(Table.of(frame.assign(error_is="SEM")))
    assert {(f.severity, f.column) for f in misnamed} == {
        ("inconsistent", "low_err"),
        ("inconsistent", "all_err"),
    }


def test_errors_of_one_result_that_fit_neither_way():
    assert only(lint(table(ERRORS.replace("6.9", "5.2")))).column == "low_err"


def test_sd_and_standard_error_of_one_row():
    assert not lint(table("task,std,sem,n_runs\nt,3.00,1.00,9"))
    assert only(lint(table("task,std,sem,n_runs\nt,3.00,1.50,9"))).rule == "errors"


TOTAL = """
task,api_calls,usd,failed_pct,submissions
a,3800,210,20,90
b,2600,145,0,10
TOTAL,6400,355,18,100
"""


def test_a_total_that_adds_up_has_no_finding():
    assert not lint(table(TOTAL))  # 20 % of 90 and 0 % of 10 is 18 %


def test_totals_that_do_not_add_up():
    found = lint(table(TOTAL.replace("6400", "9000").replace("100\n", "101\n") + "\n"))
    assert [(f.rule, f.column) for f in found] == [("totals", "api_calls"), ("totals", "submissions")]
    assert found[0].expected.startswith("6400, the sum of the 2 rows above")
    assert "usd add up" in found[0].explanations[0]


@pytest.mark.parametrize(("share", "severity"), [("5", "information"), ("25", "inconsistent")])
def test_a_share_of_a_total_is_a_mean(share, severity):
    found = only(lint(table(TOTAL.replace(",18,", f",{share},"))))
    assert (found.column, found.severity) == ("failed_pct", severity)


@pytest.mark.parametrize(("runs", "severity"), [(11, "information"), (9, "inconsistent")])
def test_counts_of_routes_that_are_not_all_runs(runs, severity):
    found = only(lint(table(f"task,n_runs,GRPO,SFT,copy\nt,{runs},4,2,4")))
    assert (found.rule, found.severity, found.expected) == ("totals", severity, "10 = GRPO + SFT + copy")


def test_another_baseline_and_another_test_size():
    text = RESULTS.replace("t,a,sft,b,134,4.48,9.70,5.22", "t,a,sft,b,134,5.97,9.70,3.73")
    found = only(lint(table(text)))
    assert (found.rule, found.severity, found.value, found.row) == ("cross-table", "information", "5.97", 1)
    sizes = lint(table(RESULTS.replace("sft,b,134", "sft,b,67")))
    assert {(f.rule, f.column) for f in sizes if f.severity == "information"} >= {("cross-table", "n_test")}


def test_another_best_in_a_table_with_a_column_for_each_task():
    wide = table("base_model,mode,T\nb,baseline,4.48\nb,sft,9.70\nb,rl,18.66", "wide")
    found = only(lint([table(RESULTS), wide]))
    assert (found.table, found.row, found.column, found.expected) == (
        "wide",
        3,
        "T",
        "the same as 19.40 (table, row 2)",
    )


def test_two_long_tables_are_compared_once_and_told_apart():
    row = "task,agent,mode,base_model,best\nt,a,m,b,{}"
    found = only(lint([table(row.format("9.70")), table(row.format("19.40"))]))
    assert (found.table, found.value, found.expected) == (
        "table (2)",
        "19.40",
        "the same as 9.70 (table, row 1)",
    )


def test_a_submission_above_the_best_of_its_run():
    submitted = "task,agent,mode,base_model,submission,score,note\nt,a,rl,b,1,14.93,\nt,a,rl,b,2,{},best"
    above = only(lint([table(RESULTS), table(submitted.format("20.15"))]))
    assert (above.severity, above.row) == ("inconsistent", 2)
    below = only(lint([table(RESULTS), table(submitted.format("17.16"))]))
    assert (below.severity, below.row) == ("information", 2)
    not_best = only(lint(table("task,submission,score,note\nt,1,20.0,\nt,2,10.0,best")))
    assert (not_best.rule, not_best.row) == ("best-of", 2)


def test_an_improvement_above_all_repeated_runs_is_information():
    runs = table("task,agent,n_runs,mean_delta,max_delta\nt,a,10,0.12,0.53", "runs")
    found = lint([table(RESULTS), runs])
    assert {(f.rule, f.severity, f.column) for f in found} == {("cross-table", "information", "improvement")}


def test_cells_that_are_no_numbers_are_counted():
    found = lint(table("task,score_pct\na,11-13\nb,>1.5\nc,12.0"))
    assert not found
    assert found.notes == (
        "read 1 numbers in 1 table",
        "table: skipped cells that are no plain numbers: 2 (11-13, >1.5)",
    )


def test_a_table_that_names_no_numbers():
    with pytest.raises(InputError, match="no column that can be checked; name some of score, best"):
        lint(table("colour,shape\nred,round"))


def test_no_table_and_an_empty_one():
    with pytest.raises(InputError, match="at least one"):
        lint([])
    with pytest.raises(InputError, match="without rows"):
        lint(pd.DataFrame({"score": []}))
