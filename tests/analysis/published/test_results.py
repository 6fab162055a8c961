import math

import pandas as pd
import pytest

from posttrace.analysis.published.results import Result, results
from posttrace.analysis.published.tables import Table, open_tables
from posttrace.traces.errors import InputError


def read(**columns: object) -> tuple[Result, ...]:
    """Rows of a table with a task, 50 % against 60 % of 100 items, and these columns."""
    frame = pd.DataFrame({"task": ["t"], "baseline": ["50"], "best": ["60"], "n_test": ["100"]} | columns)
    return results([Table.of(frame, "made")])


def test_the_original_paper():
    rows = results(open_tables("published:agent2"))
    assert len(rows) == 98
    first = rows[0]
    assert (first.run_id, first.task, first.n, first.k) == ("agent2_results:1", "GSM8K", 1319, None)
    assert [first.baseline, first.best] == pytest.approx([0.777, 0.8124])
    # metric and noise stand in other tables of the group
    judged = next(row for row in rows if row.task == "AlpacaEval2")
    assert judged.bounded
    noise = {row.task: row.noise for row in rows}
    assert noise["GSM8K"] == 0
    assert noise["DeepSearchQA"] == 0.03
    assert math.isnan(noise["AlpacaEval2"])  # "0.5-1.0" is no number


def test_counts_that_the_print_gives_away():
    # 81.71 % of 82: only 67; 75.6 % of 82: only 62
    (row,) = read(baseline=["75.6"], best=["81.71"], n_test=["82"])
    assert (row.half, row.bounded) == (0.0, False)
    # 50 % to the nearest percent of 1000 items may be 495 to 505 of them: half a percent each
    (row,) = read(n_test=["1000"])
    assert row.half == pytest.approx(0.01)
    assert not row.bounded
    # 4.85 % of 134 is no count: 6 are 4.48 %, 7 are 5.22 %
    (row,) = read(baseline=["4.85"], n_test=["134"])
    assert row.bounded
    # half of .01 % and, for the 60 without digits, half of 1 %
    assert row.half == pytest.approx(0.00505)


def test_metrics_that_are_no_means_of_items():
    assert read(metric=["length-controlled win rate"])[0].bounded
    assert not read(metric=["accuracy"])[0].bounded


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"baseline": [None]}, "no baseline"),
        ({"best": ["n/a"]}, "no scored submission"),
        ({"best": ["101"]}, r"off its scale \(0 to 100\)"),
        ({"best": ["-1"]}, "off its scale"),
        ({"n_test": [None]}, "n_test is missing"),
        ({"n_test": ["12.5"]}, "n_test is 12.5"),
        ({"submissions": ["0"]}, "submissions is 0; give a whole number from 1"),
        ({"submissions": ["many"]}, "submissions is many"),
    ],
)
def test_rows_that_cannot_be_tested(columns, says):
    (row,) = read(**columns)
    assert row.problem is not None
    assert pd.Series([row.problem]).str.contains(says).all()


def test_more_rows_than_submissions():
    twice = {"task": ["t"] * 2, "baseline": ["50"] * 2, "best": ["60", "61"], "n_test": ["100"] * 2}
    few, enough = read(**twice, submissions=["1", "1"]), read(**twice, submissions=["2", "2"])
    assert few[0].problem == (
        "submissions is 1, but 2 rows are of this run; add a column run or seed if they are different runs"
    )
    assert [row.problem for row in enough] == [None, None]
    assert [row.problem for row in read(**twice, submissions=["1", "1"], seed=["0", "1"])] == [None, None]


def test_mixed_judges():
    twice = {"task": ["t"] * 2, "baseline": ["50"] * 2, "best": ["60", "61"], "n_test": ["100"] * 2}
    assert {row.problem for row in read(**twice, judge=["a", "b"])} == {"mixed judges: a, b"}
    assert {row.problem for row in read(**twice, judge=["a", "a"])} == {None}


def test_the_scale_is_asked_for_rather_than_guessed():
    with pytest.raises(InputError, match="made: every score is at most 1; add a column scale_max"):
        read(baseline=["0.5"], best=["0.6"])
    (row,) = read(baseline=["0.5"], best=["0.6"], scale_max=["1"])
    assert [row.baseline, row.best] == [0.5, 0.6]
    (row,) = read(baseline=["0"], best=["1"])  # could be anything, and percentages are the rule
    assert row.best == 0.01


def test_missing_columns_are_named():
    with pytest.raises(InputError, match="made: no column baseline, n_test; there are task, best"):
        results([Table.of(pd.DataFrame({"task": ["t"], "best": [1]}), "made")])
