"""What came of a run: no submission, refused ones, copies of the base, scores below it, and nothing wrong."""

import json

import pytest

from posttrace.analysis.failures.failures import CAUSES, FAILED_ITERATIONS, FAILED_RUNS, Failures
from tests.analysis.failures.story import (
    base_copy,
    flag,
    process,
    refused,
    scored,
    series,
    told,
    traceback,
    unfinished,
)


def the_run(found):
    (row,) = found.runs.to_dict("records")
    return row


def rules(found):
    causes = found.causes[found.causes["scope"] == "run"]
    return list(dict.fromkeys(causes["rule"]))


def test_a_run_whose_model_gained_did_not_fail(tmp_path):
    row = the_run(told(tmp_path / "r", *scored(1, 70, 20)))
    assert row["failed"] is False
    assert row["causes"] == 0
    assert row["iterations"] == 1


def test_a_loss_within_noise_is_no_failure(tmp_path):
    """48 % of 200 items after 50: 4 items lost, none gained, exact p = 1/16."""
    assert not the_run(told(tmp_path / "r", *scored(1, 48, 20)))["failed"]


def test_time_used_up_without_a_submission(tmp_path):
    found = told(tmp_path / "r", status="timed_out", exit_code=None, reason="wall time of 100 s used up")
    row = the_run(found)
    assert row["failure_type"] == "timeout_no_submission"
    assert "100 s" in row["says"]
    assert row["evidence"] == "trace.jsonl:3"


def test_time_used_up_after_a_gain_is_no_failure(tmp_path):
    found = told(tmp_path / "r", *scored(1, 70, 20), status="timed_out", exit_code=None)
    assert not the_run(found)["failed"]


def test_no_submission_at_all_and_nothing_that_explains_it(tmp_path):
    row = the_run(told(tmp_path / "r"))
    assert (row["rule"], row["failure_type"]) == ("no_submission", "unknown")


def test_no_submission_because_scripts_failed(tmp_path):
    found = told(
        tmp_path / "r",
        process("python code/train.py", 1, 5, exit_code=1),
        logs={"agent.stdout.log": traceback("code/train.py", "KeyError: 'a'") + "giving up\n"},
    )
    row = the_run(found)
    assert (row["failure_type"], row["paper_class"]) == ("code_error_runtime", "early coding failure")
    assert row["evidence"] == "logs/agent.stdout.log:1-6, trace.jsonl:3"


def test_refused_requests_are_told_where_nothing_was_submitted(tmp_path):
    found = told(tmp_path / "r", flag(5, "bad_request", reason="model_path is missing"))
    assert the_run(found)["failure_type"] == "unknown"
    assert found.causes["says"].str.contains("model_path is missing").any()


def test_only_copies_of_the_base(tmp_path):
    row = the_run(told(tmp_path / "r", *base_copy(1, 10), *base_copy(2, 20)))
    assert (row["rule"], row["failure_type"]) == ("base_copy", "copy_model_fallback")
    assert row["says"].startswith("2 of 2 submissions")


def test_a_copy_of_the_base_beside_a_gain_is_an_iteration_of_a_run_that_did_not_fail(tmp_path):
    found = told(tmp_path / "r", *base_copy(1, 10), *scored(2, 70, 20))
    assert not the_run(found)["failed"]
    assert list(found.iterations["failure_type"].isna()) == [False, True]


def test_weights_of_the_base_in_another_artefact_are_a_copy(tmp_path):
    """The grader says so by a flag: the hash of the whole artefact differs."""
    found = told(tmp_path / "r", *scored(1, 50, 10), flag(11, "base_copy", sha256=f"{1:064x}"))
    assert the_run(found)["failure_type"] == "copy_model_fallback"


def test_a_refused_artefact(tmp_path):
    row = the_run(told(tmp_path / "r", *refused(1, 10, reason="pytorch_model.bin: not allowed")))
    assert (row["rule"], row["failure_type"]) == ("rejected", "code_error_runtime")
    assert "pytorch_model.bin" in row["says"]
    assert row["evidence"] == "trace.jsonl:4"


def test_a_model_that_the_grader_cannot_load(tmp_path):
    log = traceback(
        "grader.py", "RuntimeError: Error(s) in loading state_dict for GPT:\n\tsize mismatch for wte"
    )
    found = told(
        tmp_path / "r",
        *refused(1, 10, status="error", reason="the evaluation failed"),
        logs={"grader/submission-1-feedback.log": log},
    )
    assert the_run(found)["failure_type"] == "code_error_runtime"
    assert the_run(found)["evidence"] == "logs/grader/submission-1-feedback.log:1-7, trace.jsonl:4"


def test_a_submission_beyond_the_budget_is_no_error_of_its_code(tmp_path):
    reason = "the budget of submissions is used up"
    row = the_run(told(tmp_path / "r", *refused(1, 10, reason=reason)))
    assert (row["rule"], row["failure_type"]) == ("over_budget", "unknown")


@pytest.mark.parametrize("status", ["error", "timeout", "cancelled"])
def test_a_grader_that_fails_is_not_the_agents_fault(tmp_path, status):
    row = the_run(told(tmp_path / "r", *refused(1, 10, status=status, reason="out of workers")))
    assert (row["rule"], row["failure_type"]) == ("grading_failed", "unknown")


def test_a_score_far_below_the_base_has_collapsed(tmp_path):
    row = the_run(told(tmp_path / "r", *scored(1, 5, 20)))
    assert (row["rule"], row["failure_type"]) == ("score_collapsed", "training_diverged")
    assert "5 % against 50 %" in row["says"]


def test_a_score_below_the_base_that_nothing_explains_is_unknown(tmp_path):
    """40 % after 50: 20 items lost, none gained, p = 2^-20."""
    row = the_run(told(tmp_path / "r", *scored(1, 40, 20)))
    assert (row["rule"], row["failure_type"]) == ("below_base", "unknown")


def test_one_good_model_makes_up_for_collapsed_ones(tmp_path):
    found = told(tmp_path / "r", *scored(1, 70, 20), *scored(2, 0, 40))
    assert not the_run(found)["failed"]
    assert list(found.iterations["failed"]) == [False, True]


def test_some_below_the_base_need_more_evidence_than_all(tmp_path):
    """5 items lost: p = 1/32. It is enough for all of them, not for one of three (.05/3 < 1/32)."""
    together = told(tmp_path / "a", *scored(1, 47.5, 20), *scored(2, 47.5, 30), *scored(3, 47.5, 40))
    single = told(tmp_path / "b", *scored(1, 47.5, 20), *scored(2, 70, 30), *scored(3, 71, 40))
    assert list(together.iterations["failed"]) == [True, True, True]
    assert not single.iterations["failed"].any()


def test_no_gain_alone_is_no_failure(tmp_path):
    """The same outcomes as the base: no gain above 1 - .05^(1/200) = 1.5 points, and nothing says why."""
    assert not the_run(told(tmp_path / "r", *scored(1, 50, 20)))["failed"]


def test_items_of_the_test_in_the_workspace_explain_no_gain_alone(tmp_path):
    seen = flag(21, "test_overlap", path="data/x.jsonl")
    row = the_run(told(tmp_path / "a", *scored(1, 50, 20), seen))
    assert (row["rule"], row["paper_class"]) == ("answers_known", "static shortcut without transfer")
    assert row["evidence"] == "trace.jsonl:5"
    assert not the_run(told(tmp_path / "b", *scored(1, 70, 20), seen))["failed"]


def test_a_run_that_was_cut_off_blames_nobody(tmp_path):
    row = the_run(unfinished(tmp_path / "r", *base_copy(1, 10)))
    assert (row["rule"], row["failure_type"]) == ("interrupted", "unknown")
    assert "cut off" in row["says"]


def test_a_failure_of_the_runner_is_not_the_agents(tmp_path):
    found = told(tmp_path / "r", status="infrastructure_failed", reason="the disk is full", exit_code=None)
    assert (the_run(found)["rule"], the_run(found)["failure_type"]) == ("infrastructure", "unknown")
    assert "the disk is full" in the_run(found)["says"]


def test_the_primary_cause_comes_first(tmp_path):
    nan = series(30, loss=lambda n: float("nan") if n > 20 else 1.0)
    found = told(tmp_path / "r", *nan, *scored(1, 0, 20))
    assert rules(found) == ["nonfinite_loss", "score_collapsed"]


def test_tables_have_their_columns_without_a_run():
    empty = Failures(())
    assert list(empty.runs) == list(FAILED_RUNS)
    assert list(empty.iterations) == list(FAILED_ITERATIONS)
    assert list(empty.causes) == list(CAUSES)
    assert empty.to_json() == {"schema": "posttrace-failures/1", "runs": []}


def test_json_is_plain_and_says_what_the_tables_say(tmp_path):
    found = told(tmp_path / "r", *base_copy(1, 10), *refused(2, 20))
    said = json.loads(json.dumps(found.to_json(), allow_nan=False))
    (run,) = said["runs"]
    assert run["failure_type"] == the_run(found)["failure_type"]
    assert [cause["rule"] for cause in run["causes"]] == rules(found)
    assert [row["score"] for row in run["iterations"]] == [0.5, None]
    assert all(cause["evidence"] for cause in run["causes"])
