"""The golden run, a run without times, scores without items, and the table of a terminal."""

from pathlib import Path

from posttrace.analysis.failures.failures import failures
from posttrace.analysis.failures.judge import judge
from posttrace.analysis.runs.load import load
from posttrace.reports.terminal.failures import failures_table
from tests.analysis.failures.story import base_copy, refused, scored, series, told, traceback
from tests.analysis.written import baseline, finished, graded, received, started, write

GOLDEN = Path(__file__).parents[2] / "golden" / "posttrace-1"


def test_scores_without_items_are_compared_by_their_counts(tmp_path):
    """10 of 100 against 50 of 100 is below by more than chance, 45 of 100 is not."""
    for name, score in (("a", 10.0), ("b", 45.0)):
        write(
            tmp_path / name, started(n_items=100), baseline(50.0), received(1), graded(1, score), finished()
        )
    low, near = (judge(load([tmp_path / name]).records[0]) for name in ("a", "b"))
    assert low.failure_type == "training_diverged"
    assert near.failure_type is None


def test_scores_that_nothing_is_known_of_are_compared_with_nothing(tmp_path):
    write(tmp_path / "a", started(n_items=None), baseline(50.0), received(1), graded(1, 1.0), finished())
    assert not judge(load([tmp_path / "a"]).records[0]).failed


def test_the_golden_run_can_be_judged():
    found = failures(load([GOLDEN]))
    assert len(found.runs) == len(load([GOLDEN]).records)
    assert found.causes["where"].str.match(r"(trace\.jsonl|logs/.+):\d+(-\d+)?$").all()


def test_runs_that_are_judged_together_stay_apart(tmp_path):
    told(tmp_path / "a", *base_copy(1, 10))
    told(tmp_path / "b", *scored(1, 70, 20))
    found = failures(load([tmp_path]))
    assert sorted(found.runs["failed"]) == [False, True]


def test_table_of_failed_runs(tmp_path):
    log = {"agent.stderr.log": traceback("code/train.py", "KeyError: 'x'" + "y" * 300)}
    found = told(tmp_path / "r", *base_copy(1, 10), status="agent_failed", exit_code=1, logs=log)
    table, title, notes = failures_table(found)
    (row,) = table.to_dict("records")
    assert title == "1 of 1 run failed (iterations: how many of all failed)"
    assert (row["failure type"], row["class"]) == ("code_error_runtime", "early coding failure")
    assert (row["status"], row["iterations"]) == ("agent failed", "2 of 2")
    assert (row["evidence"], row["why"][-1]) == ("logs/agent.stderr.log:1-6", "…")
    assert notes == []


def test_notes_name_further_causes_and_iterations_of_runs_that_did_not_fail(tmp_path):
    failed = told(tmp_path / "a", *series(40, reward=lambda n: 0.0), *scored(1, 5, 20))
    fine = told(tmp_path / "b", *refused(1, 10), *scored(2, 70, 20))
    assert failures_table(failed)[2] == [
        "c-s0-a1: also the score collapsed: 5 % against 50 % of the base (p < 0.001) (trace.jsonl:44)"
    ]
    (note,) = failures_table(fine)[2]
    assert note.startswith("c-s0-a1, iteration 1 (rejected): code_error_runtime: submission 1 was refused")


def test_nothing_failed(tmp_path):
    table, title, notes = failures_table(told(tmp_path / "r", *scored(1, 70, 20)))
    assert (len(table), notes) == (0, ["Nothing failed."])
    assert title.startswith("0 of 1 run failed")
