"""The same content again, clients that do not wait, and clients that go away."""

from __future__ import annotations

import functools
import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest

from posttrace.traces.events import (
    BudgetInfo,
    SubmissionGraded,
)
from tests.support import wait_for

GATED = {"env_passthrough": ("TOY_GATE",)}


def test_the_same_content_again_costs_nothing(lab):
    lab.serve(budget=BudgetInfo(submissions=1))
    assert lab.submit(lab.model("a", 1.0)).status_code == 200
    shutil.copytree(lab.run.workspace / "output/a", lab.run.workspace / "output/b")
    again = lab.submit("output/b")
    assert again.status_code == 200
    told = again.json()
    assert (told["status"], told["duplicate_of"], told["score"]) == ("duplicate", 1, 1.0)
    assert told["remaining_submissions"] == 0
    other = lab.submit(lab.model("c", 0.5))
    assert other.status_code == 429
    assert other.json() == {"error": "budget", "reason": "the budget of 1 submissions is used up"}
    lab.service.close("done")
    assert lab.statuses() == [(1, "graded"), (2, "duplicate")]
    duplicate = lab.events(SubmissionGraded)[1]
    assert (duplicate.score, duplicate.duplicate_of, duplicate.items) == (1.0, 1, None)
    assert lab.flags() == [("refused_budget", "budget")]


def test_the_same_content_in_flight_joins(lab, gate):
    lab.serve(budget=BudgetInfo(submissions=1), **GATED)
    path = lab.model("a", 1.0, act_wait=1)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(lab.submit, path)
        wait_for(lambda: lab.service.submissions() and lab.service.submissions()[0].state == "grading")
        second = pool.submit(lab.submit, path)  # the budget is spent, its content waits
        wait_for(lambda: lab.service.received == 2)
        gate()
        assert first.result().json()["status"] == "graded"
        assert second.result().json()["duplicate_of"] == 1
    assert len(list((lab.run.logs / "grader").glob("submission-*"))) == 1


def test_what_joins_an_evaluation_that_fails_shares_its_end_once(lab, gate):
    lab.serve(budget=BudgetInfo(submissions=1), **GATED)
    path = lab.model("a", 1.0, act_wait=1, act_zz_refuse=1)
    with ThreadPoolExecutor(2) as pool:
        waiting = []
        for count in (1, 2):
            waiting.append(pool.submit(lab.submit, path))
            wait_for(functools.partial(lab.came_in, count))
        wait_for(lambda: all(s.copied.is_set() for s in lab.service.submissions()))
        gate()
        replies = [future.result() for future in waiting]
    assert [reply.status_code for reply in replies] == [500, 500]
    assert {reply.json()["error"] for reply in replies} == {"the vocabulary does not fit"}
    assert len(list((lab.run.logs / "grader").glob("submission-*"))) == 1
    assert lab.submit(path).status_code == 500  # later it is evaluated anew
    assert len(list((lab.run.logs / "grader").glob("submission-*"))) == 2
    first, second, third = lab.events(SubmissionGraded)
    assert (first.duplicate_of, second.duplicate_of, third.duplicate_of) == (None, 1, None)
    assert lab.get("time").json()["submissions_left"] == 1


def test_wait_0_answers_at_once_and_can_be_polled(lab, gate):
    lab.serve(**GATED)
    reply = lab.submit(lab.model("a", 1.0, act_wait=1), wait=0)
    assert reply.status_code == 202
    assert reply.json()["poll"] == "submissions/1"
    assert lab.get("submissions/1").json()["status"] in ("queued", "grading")
    # the copy is taken: what happens to the folder now changes nothing
    shutil.rmtree(lab.run.workspace / "output/a")
    gate()
    wait_for(lambda: lab.get("submissions/1").json()["status"] == "graded")
    listed = lab.get("submissions").json()["submissions"]
    assert [entry["score"] for entry in listed] == [1.0]
    assert lab.get("submissions/2").status_code == 404
    assert lab.get("submissions/x").status_code == 404


def test_a_dropped_connection_cancels_nothing(lab, gate):
    lab.serve(**GATED)
    path = lab.model("a", 1.0, act_wait=1)
    with pytest.raises(Exception, match="timed out"):
        lab.client.post(f"{lab.url}/submit", json={"model_path": path}, timeout=0.5)
    wait_for(lambda: lab.service.received == 1)
    gate()
    wait_for(lambda: lab.statuses() == [(1, "graded")])
    assert lab.submit(path).json()["status"] == "duplicate"  # the client's retry
