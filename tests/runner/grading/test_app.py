"""Requests that do not become submissions: refused with one clear reason, and recorded."""

from __future__ import annotations

import http.client
import json
import re
import socket

import httpx
import pytest

from posttrace.runner.grading import app
from posttrace.runner.grading.server import Server
from posttrace.traces.events import BudgetInfo, IntegrityFlag, SubmissionGraded, SubmissionReceived
from tests.support import wait_for


def address(lab) -> tuple[str, int, str]:
    url = httpx.URL(lab.url)
    return url.host, url.port or 80, url.path


BODIES = [
    (b"", "truncated"),
    (b"model_path=output", "malformed"),
    (b"[]", "Expected `object`"),
    (b"{}", "required field `model_path`"),
    (b'{"model_path": 3}', "Expected `str`, got `int` - at `$.model_path`"),
    (b'{"model_path": null}', "Expected `str`"),
    (b'{"model_path": "\xff"}', "JSON"),
    (b'{"model_path": "\\ud800"}', "JSON"),
    (b'{"model_path": "a", "client_ts": 5}', "client_ts"),
    (b"[" * 60_000, "JSON"),
]
PATHS = ["", "a\0b", "x" * 5000, "nowhere", "output/a/config.json", "~", "output/.."]


def test_bodies_that_are_no_submission(lab):
    lab.serve()
    for body, reason in BODIES:
        reply = lab.client.post(f"{lab.url}/submit", content=body)
        assert reply.status_code == 400
        assert reply.json()["error"] == "bad request"
        assert reason in reply.json()["reason"]
    lab.service.close("done")
    assert lab.flags() == [("bad_request", "bad request")] * len(BODIES)
    assert lab.events(SubmissionReceived) == []


def test_paths_that_are_no_model_are_rejected_submissions(lab):
    lab.serve()
    lab.model("a", 1.0)
    for number, path in enumerate(PATHS, start=1):
        reply = lab.submit(path)
        assert reply.status_code == 400, path
        assert reply.json()["error"] == "rejected"
        assert reply.json()["submission_id"] == number


def test_a_folder_that_is_not_there_is_said_plainly(lab):
    """An agent hears where was looked, what to submit, and that it lost nothing: the words are all it has."""
    lab.serve(budget=BudgetInfo(submissions=3))
    lab.model("a", 1.0)
    place = lab.run.workspace.resolve() / "output"
    free = r" \(this submission does not count against the budget\)$"
    for path, says in (
        ("output/nowhere", f"^there is no {place}/nowhere; .* submit output/NAME"),
        (
            "output/a/config.json/deeper",
            f"^there is no {place}/a/config.json/deeper; paths start at the workspace",
        ),
        ("output/a/config.json", f"^{place}/a/config.json is no folder; submit the folder with config.json"),
        ("output", "^config.json is missing; "),
    ):
        body = lab.submit(path).json()
        assert re.search(says, body["reason"]), body["reason"]
        assert re.search(free, body["reason"])
        assert body["remaining_submissions"] == 3
    assert not re.search(free, lab.events(SubmissionGraded)[0].reason)  # the record has the cause alone


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_too_large_is_413(lab, chunked):
    lab.serve()
    body = json.dumps({"model_path": "x" * (64 << 10)}).encode()
    content = iter([body[:1000], body[1000:]]) if chunked else body
    reply = lab.client.post(f"{lab.url}/submit", content=content)
    assert reply.status_code == 413
    assert "65536 bytes at most" in reply.json()["reason"]


def test_wrong_tokens_paths_and_methods(lab):
    lab.serve()
    root = lab.url.rsplit("/", 1)[0]
    for url in (f"{root}/wrong/submit", f"{root}//submit", f"{lab.url}x/submit", f"{root}/%ff/submit"):
        assert lab.client.post(url, json={"model_path": "output/a"}).status_code == 404
    assert lab.client.get(f"{root}/wrong/submissions").status_code == 404
    assert lab.get("set_baseline").status_code == 404
    assert lab.get("submit").status_code == 405
    assert lab.client.put(f"{lab.url}/time").status_code == 405
    token = lab.url.rsplit("/", 1)[1]
    lab.service.close("done")
    kinds = lab.flags()
    assert (
        kinds.count(("endpoint_abuse", "wrong token")) + kinds.count(("endpoint_abuse", "unknown path")) == 6
    )
    assert kinds.count(("endpoint_abuse", "wrong method")) == 2
    assert token not in lab.run.trace.read_text()
    assert lab.events(SubmissionReceived) == []


def test_a_flood_of_wrong_tokens_is_counted(lab):
    lab.serve()
    url = lab.url.rsplit("/", 1)[0] + "/wrong/time"
    for _ in range(50):
        assert lab.client.get(url).status_code == 404
    lab.service.close("done")
    found = lab.events(IntegrityFlag)
    assert [flag.count for flag in found] == [1] * 20 + [30]


def test_a_slow_body_blocks_nobody_and_is_refused(lab, monkeypatch):
    monkeypatch.setattr(app.build_app, "__defaults__", (1.5,))
    lab.serve()
    host, port, path = address(lab)
    with socket.create_connection((host, port), timeout=60) as slow:
        slow.sendall(f"POST {path}/submit HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n{{".encode())
        assert lab.submit(lab.model("a", 1.0)).status_code == 200
        reply = b"".join(iter(lambda: slow.recv(65536), b""))  # to its end: headers and body may come apart
    assert reply.startswith(b"HTTP/1.1 400")
    assert b"did not arrive within 1.5 s" in reply
    wait_for(lambda: ("bad_request", "slow request") in lab.flags())


def test_connections_without_a_request_are_closed(lab, monkeypatch):
    monkeypatch.setattr("posttrace.runner.grading.server.HEAD_TIMEOUT_S", 1.0)
    lab.serve()
    host, port, path = address(lab)
    silent = socket.create_connection((host, port), timeout=60)
    trickling = socket.create_connection((host, port), timeout=60)
    trickling.sendall(b"GET /")
    used = http.client.HTTPConnection(host, port, timeout=60)
    used.request("GET", f"{path}/health")
    assert used.getresponse().read()
    assert used.sock is not None
    used.sock.sendall(b"GET /")
    with silent, trickling, used.sock as kept:
        assert [connection.recv(10) for connection in (silent, trickling, kept)] == [b"", b"", b""]
    assert lab.get("health").status_code == 200


def test_garbage_is_no_crash(lab):
    lab.serve()
    host, port, _ = address(lab)
    with socket.create_connection((host, port), timeout=60) as connection:
        connection.sendall(b"\x16\x03\x01 this is no HTTP\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 400")
    assert lab.get("health").status_code == 200


def test_stopping_a_server_that_never_started():
    server = Server(app.build_app(None, "t"), "127.0.0.1", 0)
    server.stop()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{server.url}/health")
