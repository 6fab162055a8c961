"""A trace is read while it grows: whole lines only, each checked against the one before."""

import pytest

from posttrace.traces import ChainError, TraceError
from posttrace.traces.errors import InputError
from posttrace.traces.events import RunFinished, RunStarted, SubmissionGraded
from posttrace.traces.follow import TraceTail, awaited_trace
from posttrace.traces.reader import ALL_KINDS, read_events
from tests.golden.make import FOLDER

WHOLE = (FOLDER / "trace.jsonl").read_bytes()


def test_byte_by_byte_the_same_events_come_once(tmp_path):
    path = tmp_path / "trace.jsonl"
    tail, seen = TraceTail(path, ALL_KINDS), []
    assert list(tail.new()) == []  # no file yet
    for end in range(0, len(WHOLE) + 97, 97):
        path.write_bytes(WHOLE[:end])
        seen += tail.new()
    assert seen == list(read_events(FOLDER / "trace.jsonl"))
    assert tail.n_lines == WHOLE.count(b"\n")
    assert list(tail.new()) == []


def test_only_the_wanted_kinds():
    kinds = (RunStarted, SubmissionGraded, RunFinished)
    seen = [type(event) for event in TraceTail(FOLDER / "trace.jsonl", kinds).new()]
    assert seen == [RunStarted, *[SubmissionGraded] * 3, RunFinished]


def test_a_look_that_is_broken_off_goes_on():
    tail = TraceTail(FOLDER / "trace.jsonl", ALL_KINDS)
    first = next(tail.new())
    assert [first, *tail.new()] == list(read_events(FOLDER / "trace.jsonl"))


def test_a_torn_tail_that_is_cut_back_is_no_event(tmp_path):
    path = tmp_path / "trace.jsonl"
    lines = WHOLE.splitlines(keepends=True)
    path.write_bytes(lines[0] + lines[1][:50])
    tail = TraceTail(path, ALL_KINDS)
    assert len(list(tail.new())) == 1
    path.write_bytes(lines[0])  # as the writer does when the disk is full
    assert list(tail.new()) == []
    path.write_bytes(lines[0] + lines[1])
    assert len(list(tail.new())) == 1


def test_a_changed_line_is_named(tmp_path):
    path = tmp_path / "trace.jsonl"
    lines = WHOLE.splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:3], lines[3].replace(b'"t_s":', b'"t_s": ', 1)]))
    with pytest.raises(ChainError, match=r"trace\.jsonl:4: does not follow"):
        list(TraceTail(path, ALL_KINDS).new())


@pytest.mark.parametrize("kinds", [ALL_KINDS, (RunFinished,)])
def test_what_is_no_line(tmp_path, kinds):
    path = tmp_path / "trace.jsonl"
    path.write_bytes(b'{"type":"run.started"}\n')
    with pytest.raises(ChainError, match=r":1: has no hash"):
        list(TraceTail(path, kinds).new())


def test_a_line_without_end(tmp_path, monkeypatch):
    monkeypatch.setattr("posttrace.traces.follow.LINE_LIMIT", 100)
    path = tmp_path / "trace.jsonl"
    path.write_bytes(b"x" * 200)
    with pytest.raises(ChainError, match="longer than"):
        list(TraceTail(path, ALL_KINDS).new())


def test_another_file_in_its_place(tmp_path):
    path = tmp_path / "trace.jsonl"
    path.write_bytes(WHOLE)
    tail = TraceTail(path, ALL_KINDS)
    list(tail.new())
    path.write_bytes(WHOLE.splitlines(keepends=True)[0])
    with pytest.raises(TraceError, match="got shorter"):
        list(tail.new())


def test_what_to_follow(tmp_path):
    run = tmp_path / "cell/seed-0/attempt-1"
    run.mkdir(parents=True)
    with pytest.raises(InputError, match="is empty"):
        awaited_trace(run)
    assert awaited_trace(run / "trace.jsonl") == run / "trace.jsonl"  # about to be written
    (run / "claim.json").write_text("{}")
    assert awaited_trace(run) == run / "trace.jsonl"
    (run / "trace.jsonl").write_bytes(WHOLE)
    assert awaited_trace(tmp_path) == run / "trace.jsonl"
    other = tmp_path / "cell/seed-1/attempt-1"
    other.mkdir(parents=True)
    (other / "trace.jsonl").write_bytes(WHOLE)
    with pytest.raises(InputError, match="2 runs"):
        awaited_trace(tmp_path)
    with pytest.raises(InputError, match="does not exist"):
        awaited_trace(tmp_path / "nowhere/trace.jsonl")
