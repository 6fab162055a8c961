"""Evaluations that fail, disks that fill: an end for every submission, and never a score of 0."""

from __future__ import annotations

import errno
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from posttrace.traces.errors import DiskFullError
from posttrace.traces.events import (
    BudgetInfo,
    SubmissionGraded,
    SubmissionReceived,
)
from tests.support import wait_for

GATED = {"env_passthrough": ("TOY_GATE",)}


@pytest.mark.parametrize(
    ("acts", "reason", "told"),
    [
        ({"act_raise": 1}, "RuntimeError: the answer to item 7 is 42", "exit code 1"),
        ({"act_refuse": 1}, "the vocabulary does not fit", "the vocabulary does not fit"),
        ({"act_signal": 9}, "signal SIGKILL", "signal SIGKILL"),
        ({"act_segfault": 1}, "signal SIGSEGV", "signal SIGSEGV"),
        ({"act_exit": 0}, "exit code 0", "without a score"),
    ],
)
def test_a_failed_evaluation_is_an_error_and_never_0(lab, acts, reason, told):
    lab.serve(budget=BudgetInfo(submissions=1))
    reply = lab.submit(lab.model("a", 1.0, **acts))
    assert reply.status_code == 500
    body = reply.json()
    assert body["submission_id"] == 1
    assert told in body["error"]
    assert "42" not in body["error"]  # an exception may quote hidden data
    assert body["score"] is None
    assert body["remaining_submissions"] == 1  # no score, nothing spent
    (graded,) = lab.events(SubmissionGraded)
    assert (graded.status, graded.score, graded.items) == ("error", None, None)
    assert reason in graded.reason
    assert lab.submit(lab.model("b", 1.0)).json()["score"] == 1.0


def test_an_evaluation_that_takes_too_long_is_a_timeout(lab):
    lab.serve(evaluation_timeout_s=2.0)
    reply = lab.submit(lab.model("a", 1.0, act_sleep=600))
    assert reply.status_code == 500
    assert reply.json()["status"] == "timeout"
    assert "within 2 s" in reply.json()["error"]
    assert lab.statuses() == [(1, "timeout")]


def test_a_full_disk_is_503_and_told_to_the_run(lab):
    full = threading.Event()

    def write(event):
        if full.is_set():
            raise DiskFullError("no space left on the device")
        return lab.writer.write(event)

    lab.serve(write=write)
    assert not lab.service.failure
    path = lab.model("a", 1.0)
    full.set()
    assert lab.submit(path).status_code == 503
    assert lab.service.failure
    assert lab.service.failure == "no space left on the device"
    full.clear()
    assert lab.submit(path).status_code == 503  # it stays closed
    assert lab.events(SubmissionReceived) == []


def test_a_disk_that_fills_during_an_evaluation(lab, gate):
    full = threading.Event()

    def write(event):
        if full.is_set():
            raise DiskFullError("no space left on the device")
        return lab.writer.write(event)

    lab.serve(write=write, **GATED)
    with ThreadPoolExecutor(1) as pool:
        reply = pool.submit(lab.submit, lab.model("a", 1.0, act_wait=1))
        wait_for(lambda: lab.service.submissions() and lab.service.submissions()[0].state == "grading")
        full.set()
        gate()
        assert reply.result().status_code == 503  # never a score that is not on record
    assert lab.service.failure
    assert lab.service.best is None


def test_no_room_for_a_copy_is_no_fault_of_the_agent(lab, monkeypatch):
    lab.serve()

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("posttrace.runner.artifacts._copy_file", full)
    reply = lab.submit(lab.model("a", 1.0))
    assert (reply.status_code, reply.json()["error"]) == (500, "the model could not be copied")
    assert lab.statuses() == [(1, "error")]
    assert lab.service.failure
    assert lab.submit("output/a").status_code == 503


def test_a_lost_snapshot_ends_the_submission(lab):
    def revision():
        raise DiskFullError("no space left on the device")

    lab.serve(revision=revision)
    assert lab.submit(lab.model("a", 1.0)).status_code == 503
    assert lab.statuses() == [(1, "cancelled")]
    assert lab.service.failure
