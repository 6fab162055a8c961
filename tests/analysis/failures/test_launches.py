"""Launches that failed: by their exit code, unseen, seen at their end alone, together."""

import pandas as pd

from tests.analysis.failures.story import (
    process,
    scored,
    told,
    traceback,
)


def the_run(found):
    (row,) = found.runs.to_dict("records")
    return row


def crashed(folder, exception, *events, **more):
    log = {"agent.stderr.log": "starting\n" + traceback("code/train.py", exception)}
    return told(folder, *events, status="agent_failed", exit_code=1, logs=log, **more)


def test_a_launch_with_an_exit_code_and_no_traceback(tmp_path):
    found = told(
        tmp_path / "r",
        process("python code/train.py", 1, 5, exit_code=2),
        process("grep -r loss .", 5, 6, exit_code=1),  # finds nothing: no launch
        *scored(1, 70, 20),
    )
    first, _ = found.iterations.to_dict("records")
    assert (first["rule"], first["evidence"]) == ("exit_code", "trace.jsonl:3")


def test_a_draft_that_failed_before_anyone_saw_it_run(tmp_path):
    """A missing module ends a script within the interval of two samples."""
    log = traceback("code/first.py", "ModuleNotFoundError: trl") + '{"submission_id": 1}\n'
    found = told(
        tmp_path / "r",
        process("python code/second.py", 8, 30),
        *scored(1, 70, 20),
        logs={"agent.stderr.log": log + traceback("code/third.py", "KeyError: 1") + "going on\n"},
    )
    rows = found.iterations.to_dict("records")
    assert [row["outcome"] for row in rows] == ["exception", "graded", "exception"]
    assert rows[0]["paper_class"] == "early coding failure"
    assert pd.isna(rows[2]["paper_class"])  # a model had been scored


def test_a_launch_that_was_seen_in_its_last_moment_alone(tmp_path):
    """A mistyped path ends a script at once; the script is started again, put right, and submits."""
    logs = {
        "agent.stderr.log": '{"submission_id": 1}\n'
        + traceback("code/grpo.py", "OSError: no config.json")
        # the answer of the second names the first as the best so far
        + '{"submission_id": 2, "best": {"submission_id": 1, "score": 70.0}}\n'
    }
    before, again = process("python code/sft.py", 1, 4), process("python code/grpo.py", 12, 40)
    found = told(
        tmp_path / "r",
        *(before, *scored(1, 70, 3), process("", 9, 10), again, *scored(2, 80, 30)),
        logs=logs,
    )
    rows = found.iterations.to_dict("records")
    assert [row["outcome"] for row in rows] == ["graded", "exception", "graded"]
    assert rows[1]["ended_s"] == 10
    # the process without a name ended after the script was running: it may have been anything
    late = told(
        tmp_path / "late",
        *(before, *scored(1, 70, 3), again, process("", 19, 20), *scored(2, 80, 30)),
        logs=logs,
    )
    assert not late.iterations["failed"].any()


def test_processes_that_end_together_are_one_launch(tmp_path):
    found = told(
        tmp_path / "r",
        process("torchrun code/train.py", 1, 9.3, exit_code=1),
        process("python -u code/train.py", 2, 9, exit_code=1),
        process("python -u code/train.py", 3, 9.1, exit_code=1),
        *scored(1, 70, 20),
    )
    assert list(found.iterations["outcome"]) == ["exception", "graded"]


def test_an_earlier_exit_code_is_not_explained_by_how_the_run_ended(tmp_path):
    found = crashed(
        tmp_path / "r",
        "KeyError: 1",
        process("python code/other.py", 1, 5, exit_code=2),
        process("python code/train.py", 50, 99, exit_code=1),
    )
    assert list(found.iterations["rule"]) == ["exit_code", "exception"]


def test_what_is_stopped_by_the_budget_did_not_fail_by_its_exit_code(tmp_path):
    found = told(
        tmp_path / "r",
        *scored(1, 70, 20),
        process("python code/train.py", 30, 100, exit_code=-9),
        status="timed_out",
        exit_code=None,
    )
    assert not the_run(found)["failed"]
    last = found.iterations.to_dict("records")[-1]
    assert (last["outcome"], last["rule"]) == ("unfinished", "cut_by_budget")
