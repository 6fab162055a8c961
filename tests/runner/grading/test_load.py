"""Many clients, full queues, budgets that are spent, and the end of a service."""

from __future__ import annotations

import functools
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from posttrace.traces.events import (
    BudgetInfo,
    SubmissionGraded,
    SubmissionReceived,
)
from tests.support import wait_for

GATED = {"env_passthrough": ("TOY_GATE",)}


def test_64_clients_lose_and_reorder_nothing(lab):
    lab.serve()
    # 8 different models, each submitted by 8 clients at a time
    paths = [lab.model(f"m{i}", i / 8) for i in range(8)] * 8
    with ThreadPoolExecutor(64) as pool:
        replies = list(pool.map(lab.submit, paths))
    assert {reply.status_code for reply in replies} == {200}
    bodies = [reply.json() for reply in replies]
    assert sorted(body["submission_id"] for body in bodies) == list(range(1, 65))
    for path, body in zip(paths, bodies, strict=True):
        assert body["score"] == int(path[-1]) / 8
    lab.service.close("done")
    received = lab.events(SubmissionReceived)
    assert [e.submission_id for e in received] == list(range(1, 65))
    by_id = {body["submission_id"]: body for body in bodies}
    assert all(by_id[e.submission_id]["model_path"] == e.path for e in received)
    graded = {e.submission_id: e for e in lab.events(SubmissionGraded)}
    assert len(lab.events(SubmissionGraded)) == len(graded) == 64
    assert sorted(e.status for e in graded.values()) == ["duplicate"] * 56 + ["graded"] * 8
    scored = [e.submission_id for e in lab.events(SubmissionGraded) if e.status == "graded"]
    assert scored == sorted(scored)  # evaluated in order of arrival
    for number, body in by_id.items():
        assert (body["status"], body["score"]) == (graded[number].status, graded[number].score)


def test_a_full_queue_is_429(lab, gate):
    lab.serve(max_queue=2, **GATED)
    for name in "ab":
        assert lab.submit(lab.model(name, ord(name), act_wait=1), wait=0).status_code == 202
    reply = lab.submit(lab.model("c", 1.0), wait=0)
    assert (reply.status_code, reply.json()["error"]) == (429, "queue")
    gate()
    wait_for(lambda: len(lab.statuses()) == 2)
    assert lab.submit("output/c").status_code == 200


def test_the_wall_budget_is_429(lab):
    lab.serve(budget=BudgetInfo(wall_s=0.0))
    reply = lab.submit(lab.model("a", 1.0))
    assert (reply.status_code, reply.json()["error"]) == (429, "budget")
    assert lab.get("time").json()["remaining"] == 0.0


@pytest.mark.parametrize(
    ("finish", "expected"),
    [
        ("running", ["graded", "cancelled", "cancelled"]),
        ("none", ["cancelled", "cancelled", "cancelled"]),
        ("all", ["graded", "graded", "graded"]),
    ],
)
def test_closing_gives_every_submission_its_end(lab, gate, finish, expected):
    lab.serve(**GATED)
    paths = [lab.model(name, i / 2, act_wait=1) for i, name in enumerate("abc")]
    with ThreadPoolExecutor(3) as pool:
        waiting = []
        for i, path in enumerate(paths):
            waiting.append(pool.submit(lab.submit, path))
            wait_for(functools.partial(lab.came_in, i + 1))
        wait_for(lambda: lab.service.submissions()[0].state == "grading")
        closing = threading.Thread(target=lab.service.close, args=("time is up", finish))
        closing.start()
        wait_for(lambda: lab.service.health()["status"] == "closing")
        late = lab.submit(lab.model("late", 1.0))
        gate()
        closing.join()
        replies = [future.result() for future in waiting]
    assert late.status_code == 503
    assert ("refused_closing", "closing") in lab.flags()
    assert {kind for kind, _ in lab.flags()} == {"refused_closing"}
    assert lab.statuses() == list(enumerate(expected, start=1))
    codes = {"graded": 200, "cancelled": 503}
    assert [reply.status_code for reply in replies] == [codes[status] for status in expected]
    assert len(lab.events(SubmissionReceived)) == 3
    lab.service.close("again")  # does nothing
    with pytest.raises(Exception, match="refused"):
        lab.get("health")
