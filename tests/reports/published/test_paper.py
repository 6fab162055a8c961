"""Tables on printed results: counts, places in print, and what the pick alone would show."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom
from statsmodels.stats.proportion import confint_proportions_2indep

from posttrace.analysis.audit.settings import AuditSettings
from posttrace.reports.published import paper
from posttrace.reports.published import tables as paper_tables

CSV = """\
task,agent,driver,mode,base_model,baseline,best,n_test,submissions,source
T,A,one,Free,B,50.0,80.0,200,4,Table 1; as printed
T,A,two,Free,B,50.0,52.0,200,,Table 1
T,A,one,SFT,B,50.0,60.0,200,,Table 2
U,A,one,Free,B,10.0,11.0,100,3,Table 1
U,A,one,SFT,B,10.0,9.0,100,,Table 1
"""
BARE = "task,baseline,best,n_test\nT,50.0,80.0,200\n"
PASS = "task,agent,pass@1,pass@3,source\nT,A,1.5,2.5,Table 9\n"


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tables")
    (folder / "results.csv").write_text(CSV)
    (folder / "passk.csv").write_text(PASS)
    return paper.Published.of([str(folder / "results.csv"), str(folder / "passk.csv")], AuditSettings())


@pytest.fixture(scope="module")
def verdicts(published):
    return published.verdicts()


def test_one_sentence_says_what_is_not_stated(verdicts):
    said = paper.summary(verdicts, 0.02).text
    assert said.startswith("5 reported results: 1 gain exceeds noise, ")
    assert "3 of them do not state how many submissions" in said


def test_every_row_with_its_place_in_print(verdicts):
    table = paper.verdict_table(verdicts)
    assert table.cells["printed in"].tolist() == ["Table 1", "Table 2", "Table 1", "Table 1", "Table 1"]
    assert table.rows["source"].tolist()[0] == "Table 1; as printed"
    assert table.cells["result"].tolist()[:2] == ["A · one · Free", "A · one · SFT"]


def test_of_several_rows_the_largest_gain(verdicts):
    rows = paper.main_rows(verdicts)
    assert list(zip(rows["task"], rows["row_label"], rows["reported_gain_pp"].round(1), strict=True)) == [
        ("T", "A · one", 30.0),
        ("T", "A · two", 2.0),
        ("U", "A · one", 1.0),
    ]


def test_luck_of_the_pick_is_the_expected_largest_binomial(verdicts):
    rows = paper_tables.selection(verdicts, 0.05).rows.set_index("task")
    # E max of 4 independent Bin(200, .5) / 200 minus .5, by its distribution function
    x = np.arange(201)
    expected = 100 * ((1 - binom.cdf(x[:-1], 200, 0.5) ** 4).sum() / 200 - 0.5)
    assert rows.loc["T", "luck_pp"] == pytest.approx(expected, abs=1e-6)
    assert paper_tables.selection(verdicts, 0.05).notes == (
        "2 of 5 results state the number of submissions.",
    )


def test_what_so_many_items_can_show_grows_with_k(verdicts):
    rows = paper_tables.detectable(verdicts, 0.05).rows
    assert rows[["task", "n_items", "results"]].to_numpy().tolist() == [["T", 200, 3], ["U", 100, 2]]
    for prefix in ("mde", "luck"):
        values = rows[[f"{prefix}_{k}_pp" for k in (1, 5, 10, 30)]].to_numpy()
        assert (np.diff(values, axis=1) > 0).all()
    assert rows["luck_1_pp"].tolist() == pytest.approx([0, 0], abs=1e-9)  # one score has no luck of the pick


def test_drivers_are_compared_pair_by_pair(verdicts):
    table = paper_tables.drivers(verdicts, 0.05)
    (row,) = table.rows.to_dict("records")
    low, high = confint_proportions_2indep(160, 200, 104, 200, method="newcomb", alpha=0.05)
    assert (row["driver"], row["other"]) == ("one", "two")
    assert (row["difference_pp"], row["low_pp"], row["high_pp"]) == pytest.approx((28, 100 * low, 100 * high))
    assert "1 exclude 0" in table.notes[0]


def test_modes_reported_on_several_tasks(verdicts):
    rows = paper.modes(verdicts)
    assert rows[["row_label", "task"]].drop_duplicates().shape == (4, 2)
    assert rows.set_index(["task", "row_label"])["significant"].to_dict()["T", "B · Free"]
    assert rows["n_runs"].isna().all()  # a printed gain does not say of how many runs it is
    assert paper.modes(verdicts.assign(lcb_pp=-5.0, ucb_pp=-1.0))["significant"].all()
    assert not paper.modes(verdicts.assign(lcb_pp=-5.0, ucb_pp=1.0))["significant"].any()


def test_curves_name_their_row_and_the_noise_of_a_difference(published):
    rows = paper.curves(published, "pass")
    assert rows["gain_pp"].tolist()[:2] == [1.5, 2.5]
    assert np.isnan(rows["gain_pp"].iloc[2])  # pass@5 was not reported
    # 1.96 sqrt(2 * .5 * .5 / 200)
    assert rows["noise_pp"].iloc[0] == pytest.approx(9.8, abs=0.01)
    assert rows["run_id"].iloc[0].endswith("passk.csv:1")
    assert paper.curves(published, "time").empty


def test_a_figure_cites_table_rows_and_place():
    rows = pd.DataFrame(
        [("a:1", "Table 1; x"), ("a:2", "Table 1"), ("a:3", "Table 2"), ("a:7", None), ("a:1", "Table 1")],
        columns=["run_id", "source"],
    )
    assert paper.cited(rows).text == "Source: a, 4 rows (1-3, 7); printed in Table 1 · Table 2 · –."
    assert paper.cited(rows.iloc[:0]).text == ""


def test_sources_have_the_hash_of_what_was_read(published):
    rows = paper.sources(published).rows
    assert rows["rows"].tolist() == [5, 1]
    assert rows["sha256"].str.fullmatch("[0-9a-f]{64}").all()


def test_a_table_with_the_needed_columns_alone(tmp_path):
    (tmp_path / "bare.csv").write_text(BARE)
    bare = paper.Published.of([str(tmp_path / "bare.csv")], AuditSettings())
    rows = bare.verdicts()
    assert rows["label_row"].tolist() == [f"{tmp_path / 'bare.csv'}:1"]
    assert len(paper.main_rows(rows)) == 1
    assert paper.modes(rows).empty
    assert paper_tables.drivers(rows, 0.05).cells.empty
    assert paper_tables.selection(rows, 0.05).cells.empty
