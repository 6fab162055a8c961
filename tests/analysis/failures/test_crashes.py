"""Code that failed: what ended a run, what ended a draft, and what ended nothing."""

import pandas as pd
import pytest

from tests.analysis.failures.story import (
    base_copy,
    process,
    scored,
    step,
    told,
    traceback,
)


def the_run(found):
    (row,) = found.runs.to_dict("records")
    return row


def crashed(folder, exception, *events, **more):
    log = {"agent.stderr.log": "starting\n" + traceback("code/train.py", exception)}
    return told(folder, *events, status="agent_failed", exit_code=1, logs=log, **more)


@pytest.mark.parametrize(
    ("exception", "rule", "failure_type", "says"),
    [
        ("ModuleNotFoundError: No module named 'trl'", "exception", "code_error_runtime", "a missing module"),
        (
            "FileNotFoundError: [Errno 2] No such file: 'x'",
            "exception",
            "code_error_runtime",
            "a missing file",
        ),
        (
            "torch.OutOfMemoryError: Tried to allocate 2 GiB",
            "out_of_memory",
            "code_error_runtime",
            "out of memory",
        ),
        ("RuntimeError: CUDA out of memory. Tried", "out_of_memory", "code_error_runtime", "out of memory"),
        (
            "RuntimeError: mat1 and mat2 shapes cannot be multiplied",
            "exception",
            "code_error_runtime",
            "shapes",
        ),
        ("RuntimeError: The size of tensor a (3) must match", "exception", "code_error_runtime", "shapes"),
        ("KeyError: 'answer'", "exception", "code_error_runtime", "a missing key"),
        ("json.decoder.JSONDecodeError: Expecting value", "exception", "code_error_runtime", "be parsed"),
        (
            "ConnectionRefusedError: [Errno 111] Connection refused",
            "exception",
            "code_error_runtime",
            "connection",
        ),
        ("OSError: [Errno 28] No space left on device", "exception", "code_error_runtime", "a full disk"),
        (
            "PermissionError: [Errno 13] Permission denied: '/data'",
            "exception",
            "code_error_runtime",
            "permission",
        ),
        ("AssertionError", "exception", "code_error_runtime", "a failed assertion"),
        ("requests.exceptions.ReadTimeout: timed out", "exception", "code_error_runtime", "a time limit"),
        (
            "torch.distributed.DistBackendError: NCCL error",
            "exception",
            "code_error_runtime",
            "between processes",
        ),
        (
            "RuntimeError: probability tensor contains either `inf`, `nan` or element < 0",
            "diverged_exception",
            "training_diverged",
            "not finite",
        ),
        ("mylib.OddError: what", "exception", "code_error_runtime", "an exception"),
    ],
)
def test_the_last_exception_of_a_run_that_failed_is_its_cause(tmp_path, exception, rule, failure_type, says):
    row = the_run(crashed(tmp_path / "r", exception))
    assert (row["rule"], row["failure_type"]) == (rule, failure_type)
    assert says in row["says"]
    assert row["evidence"] == "logs/agent.stderr.log:2-7"  # the log's first line is "starting"


def test_the_place_is_the_innermost_own_frame(tmp_path):
    # seen in the trace, so that paths are known to be of the workspace
    events = [process("python code/train.py", 1, 9)]
    row = the_run(crashed(tmp_path / "r", "KeyError: 'a'", *events, end=9.2))
    assert "KeyError at code/train.py:7" in row["says"]


def test_code_that_fails_before_anything_is_scored_is_an_early_coding_failure(tmp_path):
    assert the_run(crashed(tmp_path / "r", "KeyError: 1"))["paper_class"] == "early coding failure"


def test_code_that_fails_after_a_model_was_scored_is_not_early(tmp_path):
    row = the_run(crashed(tmp_path / "r", "KeyError: 1", *scored(1, 70, 20)))
    assert row["failure_type"] == "code_error_runtime"
    assert pd.isna(row["paper_class"])


def test_an_exception_of_a_rollout_engine_is_one_of_rollouts(tmp_path):
    log = traceback("code/grpo.py", "ValueError: prompt longer than the model takes").replace(
        "site-packages/lib/core.py", "site-packages/vllm/engine/core.py"
    )
    row = the_run(told(tmp_path / "r", status="agent_failed", exit_code=1, logs={"agent.stderr.log": log}))
    assert (row["failure_type"], row["paper_class"]) == (
        "rollout_logic_wrong",
        "rollout construction failure",
    )


def test_a_syntax_error_of_the_script_itself_has_no_header(tmp_path):
    log = "  File \"/w/workspace/code/a.py\", line 3\n    foo(\n       ^\nSyntaxError: '(' was never closed\n"
    row = the_run(told(tmp_path / "r", status="agent_failed", exit_code=1, logs={"agent.stderr.log": log}))
    assert "SyntaxError" in row["says"]
    assert row["evidence"] == "logs/agent.stderr.log:1-4"


def test_of_processes_that_fail_together_the_cause_is_not_what_follows(tmp_path):
    """torchrun: rank 1 lacks memory, rank 0 misses it, the launcher reports both."""

    def rank(n, exception):
        return "".join(f"[rank{n}]: {line}\n" for line in traceback("code/t.py", exception).splitlines())

    log = (
        rank(1, "torch.OutOfMemoryError: CUDA out of memory")
        + rank(0, "torch.distributed.DistBackendError: NCCL error: remote process exited")
        + traceback("bin/torchrun", "torch.distributed.elastic.multiprocessing.errors.ChildFailedError: ")
        + "=====\ncode/t.py FAILED\n  rank: 1\n=====\n"
    )
    row = the_run(told(tmp_path / "r", status="agent_failed", exit_code=1, logs={"agent.stderr.log": log}))
    assert row["rule"] == "out_of_memory"


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("session.sh: line 9:  4711 Killed                  python code/train.py", "killed"),
        ("session.sh: line 9:  4711 Segmentation fault      (core dumped) python x.py", "killed"),
        ("session.sh: line 3: acelerate: command not found", "shell_error"),
    ],
)
def test_what_a_shell_says_of_its_command(tmp_path, line, rule):
    row = the_run(
        told(
            tmp_path / "r",
            status="agent_failed",
            exit_code=137,
            logs={"agent.stderr.log": f"one\n{line}\n"},
        )
        if rule == "killed"
        else told(
            tmp_path / "r", status="agent_failed", exit_code=127, logs={"agent.stderr.log": f"one\n{line}\n"}
        )
    )
    assert (row["rule"], row["failure_type"]) == (rule, "code_error_runtime")
    assert row["evidence"] == "logs/agent.stderr.log:2"


def test_an_agent_killed_by_signal_9(tmp_path):
    row = the_run(told(tmp_path / "r", status="agent_failed", exit_code=-9))
    assert row["rule"] == "killed"
    assert "memory" in row["says"]


def test_an_exit_code_that_nothing_explains_is_unknown(tmp_path):
    """A traceback that 100 lines follow did not end the run."""
    log = traceback("code/train.py", "KeyError: 1") + "going on\n" * 100
    row = the_run(told(tmp_path / "r", status="agent_failed", exit_code=3, logs={"agent.stderr.log": log}))
    assert (row["rule"], row["failure_type"]) == ("agent_failed", "unknown")
    assert "going on" in told_text(tmp_path / "r")


def told_text(folder):
    from posttrace.analysis.failures.failures import failures
    from posttrace.analysis.runs.load import load

    return " ".join(failures(load([folder])).causes["text"])


def test_what_a_tool_prints_after_the_exception_does_not_hide_it(tmp_path):
    """A program that ends at the end of the run, and 20 lines of a summary after its traceback."""
    log = traceback("code/train.py", "KeyError: 1") + "wandb: Run summary\n" * 20
    row = the_run(
        told(
            tmp_path / "r",
            process("python code/train.py", 1, 99.5),
            status="agent_failed",
            exit_code=1,
            logs={"agent.stderr.log": log},
        )
    )
    assert (row["rule"], row["evidence"]) == ("exception", "logs/agent.stderr.log:1-6, trace.jsonl:3")


# what is no failure of the run


def test_a_draft_that_was_put_right_is_a_failed_iteration_of_a_run_that_did_not_fail(tmp_path):
    found = told(
        tmp_path / "r",
        process("python code/train.py", 1, 5),
        process("python code/train.py", 8, 19),
        *scored(1, 70, 20),
        logs={"agent.stderr.log": traceback("code/train.py", "NameError: name 'x'") + "epoch 1\nepoch 2\n"},
    )
    assert not the_run(found)["failed"]
    rows = found.iterations.to_dict("records")
    assert [(row["outcome"], row["failed"]) for row in rows] == [("exception", True), ("graded", False)]
    assert rows[0]["failure_type"] == "code_error_runtime"
    assert rows[0]["paper_class"] == "early coding failure"
    assert rows[0]["ended_s"] == 5


def test_a_caught_exception_is_none(tmp_path):
    """A handler in a function prints a traceback that begins in that function."""
    found = told(
        tmp_path / "r",
        process("python code/train.py", 1, 19),
        *scored(1, 70, 20),
        logs={
            "agent.stderr.log": "WARNING: retrying\n"
            + traceback("code/train.py", "TimeoutError: slow", caught_in="fetch")
        },
    )
    assert not found.iterations["failed"].any()


def test_a_traceback_of_a_program_that_went_on_to_submit_ended_nothing(tmp_path):
    """Caught at the top level, it looks as if it had ended the program; the program submits later."""
    found = told(
        tmp_path / "r",
        process("python code/train.py", 1, 30),
        *scored(1, 70, 20),
        logs={"agent.stderr.log": traceback("code/train.py", "OSError: busy")},
    )
    assert not found.iterations["failed"].any()


def test_a_program_with_exit_code_0_did_not_fail(tmp_path):
    found = told(
        tmp_path / "r",
        process("python code/train.py", 1, 10, exit_code=0),
        process("python code/submit.py", 12, 22, exit_code=0),
        *scored(1, 70, 20),
        logs={"agent.stderr.log": traceback("code/train.py", "OSError: busy")},
    )
    assert not found.iterations["failed"].any()


@pytest.mark.parametrize(
    "log",
    [
        "UserWarning: lr_scheduler.step() was called\n  warnings.warn(x)\nFutureWarning: this Error is old\n",
        "INFO 0 errors, 3 warnings; Error rate 0.1; Killed: 0\n",
        traceback("code/train.py", "KeyboardInterrupt"),
        '{"text": "Traceback (most recent call last):\\n  File \\"a.py\\", line 1"}\n',
    ],
)
def test_words_in_the_log_of_a_run_that_ended_well_are_no_failure(tmp_path, log):
    found = told(
        tmp_path / "r",
        process("python code/train.py", 1, 30),
        *scored(1, 70, 20),
        logs={"agent.stderr.log": log, "agent.stdout.log": log},
    )
    assert not the_run(found)["failed"]
    assert not found.iterations["failed"].any()


def test_an_interrupt_at_the_end_does_not_hide_why_there_is_no_score(tmp_path):
    found = told(
        tmp_path / "r",
        status="timed_out",
        exit_code=None,
        logs={"agent.stderr.log": traceback("code/train.py", "KeyboardInterrupt")},
    )
    assert the_run(found)["failure_type"] == "timeout_no_submission"


# tool results and exit codes


def test_a_script_that_fails_in_a_tool_is_a_failed_iteration(tmp_path):
    found = told(
        tmp_path / "r",
        step(
            5, "loading\n" + traceback("code/train.py", "KeyError: 'x'") + "\nCommand failed\n", is_error=True
        ),
        *scored(1, 70, 20),
    )
    first, second = found.iterations.to_dict("records")
    assert (first["outcome"], first["evidence"]) == ("exception", "trace.jsonl:3")  # after start and baseline
    assert not second["failed"]


def test_the_same_failure_seen_twice_is_one(tmp_path):
    seen = traceback("code/train.py", "KeyError: 'x'")
    found = told(tmp_path / "r", step(5, seen), step(6, seen), *scored(1, 70, 20))
    assert list(found.iterations["outcome"]) == ["exception", "graded"]


def test_an_old_log_that_is_read_again_is_no_new_failure(tmp_path):
    seen = traceback("code/train.py", "KeyError: 'x'")
    found = told(tmp_path / "r", step(5, seen), *scored(1, 70, 20), step(30, seen), *scored(2, 71, 40))
    assert list(found.iterations["outcome"]) == ["exception", "graded", "graded"]


@pytest.mark.parametrize(
    ("text", "is_error"),
    [
        (traceback("code/train.py", "KeyError: 'x'") + "line\n" * 10, None),  # the command went on
        (traceback("code/train.py", "KeyError: 'x'"), False),  # the tool says that nothing is wrong
        (traceback("x", "KeyError: 'x'").replace("/w/workspace/x", "<string>"), True),  # typed, no script
        (traceback("code/train.py", "KeyError: 'x'", caught_in="f"), None),
    ],
)
def test_what_is_no_failed_script_in_a_tool(tmp_path, text, is_error):
    found = told(tmp_path / "r", step(5, text, is_error), *scored(1, 70, 20))
    assert list(found.iterations["outcome"]) == ["graded"]


def test_a_base_copy_after_failed_drafts_is_a_fallback(tmp_path):
    found = told(
        tmp_path / "r",
        step(5, traceback("code/train.py", "ImportError: trl")),
        *base_copy(1, 20),
    )
    row = the_run(found)
    assert (row["failure_type"], row["paper_class"]) == ("copy_model_fallback", "early coding failure")
    assert set(found.causes.loc[found.causes["scope"] == "run", "rule"]) == {"base_copy", "exception"}
