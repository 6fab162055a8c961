from __future__ import annotations

import errno
import hashlib
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from posttrace.traces import Clock, TraceError, TraceWriter, read_events, validate
from posttrace.traces.chain import GENESIS
from posttrace.traces.events import (
    BaselineEvaluated,
    Event,
    IntegrityFlag,
    LogMetrics,
    RescoreStarted,
    RunFinished,
    RunStarted,
    SubmissionGraded,
    SubmissionReceived,
    SubmissionRescored,
)


def metric(step: int) -> LogMetrics:
    return LogMetrics(source="train.log", step=step, values={"loss": 0.5})


def test_lines_are_chained_as_the_format_says(tmp_path: Path) -> None:
    """Checked with json and hashlib alone, against the text of the format."""
    path = tmp_path / "trace.jsonl"
    with TraceWriter(path) as writer:
        assert writer.head == GENESIS
        for step in range(5):
            writer.write(metric(step))
    before = "0" * 64
    lines = path.read_bytes().split(b"\n")
    assert lines.pop() == b""
    for seq, line in enumerate(lines):
        parsed = json.loads(line)
        body = line[: line.rindex(b',"hash"')]
        assert parsed["hash"] == hashlib.sha256(before.encode() + body).hexdigest()
        assert list(parsed)[:4] == ["type", "seq", "ts", "t_s"]
        assert list(parsed)[-1] == "hash"
        assert parsed["seq"] == seq
        before = parsed["hash"]
    assert writer.head == before


def test_write_returns_the_event_as_recorded(tmp_path: Path) -> None:
    with TraceWriter(tmp_path / "trace.jsonl", secrets={"KEY": "s3cret"}) as writer:
        first = writer.write(SubmissionReceived(submission_id=1, path="/s3cret"))
        second = writer.write(metric(0))
    assert first.path == "/<secret:KEY>"
    assert [first, second] == list(read_events(writer.path))
    assert first.t_s is not None
    assert second.t_s is not None
    assert 0 <= first.t_s <= second.t_s


def test_a_trace_is_created_once(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    with TraceWriter(path) as writer:
        writer.write(metric(0))
        with pytest.raises(TraceError, match="exists"):
            TraceWriter(path)
    content = path.read_bytes()
    with pytest.raises(TraceError, match="exists"):
        TraceWriter(path)
    assert path.read_bytes() == content
    with pytest.raises(TraceError, match="cannot be created: No such file"):
        TraceWriter(tmp_path / "missing" / "trace.jsonl")


def test_nothing_but_the_trace_is_left_behind(tmp_path: Path) -> None:
    with TraceWriter(tmp_path / "trace.jsonl") as writer:
        writer.write(metric(0))
        assert list(tmp_path.iterdir()) == [writer.path]
    assert list(tmp_path.iterdir()) == [writer.path]


def test_many_threads_lose_and_mix_nothing(tmp_path: Path, events: list[Event]) -> None:
    with TraceWriter(tmp_path / "trace.jsonl") as writer, ThreadPoolExecutor(16) as pool:
        writer.write(events[0])
        written = list(pool.map(writer.write, map(metric, range(400))))
    back = [event for event in read_events(writer.path) if isinstance(event, LogMetrics)]
    assert sorted(written, key=lambda event: event.seq) == back
    assert {event.step for event in back} == set(range(400))
    assert [finding.code for finding in validate(writer.path)] == ["NO_FINISH"]


def test_a_bad_event_is_raised_in_its_caller_and_leaves_no_byte(tmp_path: Path) -> None:
    with TraceWriter(tmp_path / "trace.jsonl") as writer:
        writer.write(metric(0))
        size, head = writer.path.stat().st_size, writer.head
        with pytest.raises(TraceError, match=r"log\.metrics\.values\.loss"):
            writer.write(LogMetrics(source="s", step=1, values={"loss": float("nan")}))
        assert (writer.path.stat().st_size, writer.head) == (size, head)
        assert writer.write(metric(1)).seq == 1


def test_no_write_after_the_end(tmp_path: Path) -> None:
    writer = TraceWriter(tmp_path / "trace.jsonl")
    end = RunFinished(status="completed", reason=None, exit_code=0, wall_s=1.0, submissions=0, best=None)
    writer.write(end)
    with pytest.raises(TraceError, match="last line"):
        writer.write(metric(0))
    writer.close()
    writer.close()
    with pytest.raises(TraceError, match="closed"):
        writer.write(metric(0))
    assert [type(event) for event in read_events(writer.path)] == [RunFinished]


def test_a_close_waits_for_a_write_that_has_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes when the caller has seen an open writer and not yet handed its event over."""
    writer = TraceWriter(tmp_path / "trace.jsonl")
    closing = threading.Thread(target=writer.close)
    real = ThreadPoolExecutor.submit

    def submit(pool: ThreadPoolExecutor, *call: Any) -> Any:
        closing.start()
        closing.join(0.2)  # time enough to close, were it not to wait
        return real(pool, *call)

    monkeypatch.setattr(ThreadPoolExecutor, "submit", submit)
    try:
        written = writer.write(metric(0))
    finally:
        closing.join()
    assert list(read_events(writer.path)) == [written]


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # the very thing that is tested
def test_a_forked_child_cannot_write(tmp_path: Path) -> None:
    """Its copy of the writer has no thread: without the check it would wait for ever."""
    with TraceWriter(tmp_path / "trace.jsonl") as writer:
        writer.write(metric(0))
        receive, send = multiprocessing.Pipe(duplex=False)
        child = os.fork()
        if child == 0:
            try:
                writer.write(metric(1))
            except TraceError as error:
                send.send(str(error))
            os._exit(0)
        os.waitpid(child, 0)
        assert receive.poll(10)
        assert "forked child" in receive.recv()
    assert len(list(read_events(writer.path))) == 1


def test_a_failing_clock_is_raised_and_the_writer_goes_on(tmp_path: Path) -> None:
    """Not a TraceError, and still neither lost nor the end of the writer's thread."""
    ticks = iter([0.0, 1.0])

    class Stuck(Exception):
        pass

    def monotonic() -> float:
        for tick in ticks:
            return tick
        raise Stuck

    with TraceWriter(tmp_path / "trace.jsonl", clock=Clock(monotonic=monotonic)) as writer:
        writer.write(metric(0))
        for _ in range(2):
            with pytest.raises(Stuck):
                writer.write(metric(1))


@pytest.fixture
def syncs(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Sizes that files had when they were synced."""
    sizes: list[int] = []
    real = os.fsync

    def fsync(fd: int) -> None:
        real(fd)
        sizes.append(os.fstat(fd).st_size)

    monkeypatch.setattr(os, "fsync", fsync)
    return sizes


def test_what_others_act_on_is_synced_before_write_returns(
    tmp_path: Path, events: list[Event], syncs: list[int]
) -> None:
    synced = (
        BaselineEvaluated,
        IntegrityFlag,
        RunFinished,
        RunStarted,
        SubmissionGraded,
        SubmissionReceived,
        SubmissionRescored,
    )
    with TraceWriter(tmp_path / "trace.jsonl") as writer:
        for event in events:
            syncs.clear()
            writer.write(event)
            size = writer.path.stat().st_size
            assert syncs == ([size] if isinstance(event, synced) else [])
    with TraceWriter(tmp_path / "rescore-1.jsonl") as rescore:
        syncs.clear()
        rescore.write(RescoreStarted(run_id="r", parent_head=writer.head))
        assert syncs == [rescore.path.stat().st_size]


def test_a_line_that_cannot_be_synced_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with TraceWriter(tmp_path / "trace.jsonl") as writer:
        writer.write(metric(0))
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", lambda fd: (_ for _ in ()).throw(OSError(errno.EIO, "I/O error")))
            with pytest.raises(TraceError, match=r"cannot be written: I/O error"):
                writer.write(SubmissionReceived(submission_id=1, path="p"))
        assert writer.write(metric(1)).seq == 1
    assert [type(event) for event in read_events(writer.path)] == [LogMetrics, LogMetrics]


def test_a_line_is_one_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[int] = []
    real = os.write

    def write(fd: int, data: Any) -> int:
        written.append(len(data))
        return real(fd, data)

    with TraceWriter(tmp_path / "trace.jsonl") as writer:
        monkeypatch.setattr(os, "write", write)
        before = 0
        for step in range(3):
            written.clear()
            writer.write(metric(step))
            size = writer.path.stat().st_size
            assert written == [size - before]
            before = size


def test_a_short_write_is_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.write
    with TraceWriter(tmp_path / "trace.jsonl") as writer:
        monkeypatch.setattr(os, "write", lambda fd, data: real(fd, data[:7]))
        writer.write(metric(0))
        writer.write(metric(1))
    assert len(list(read_events(writer.path))) == 2


CHILD = """
import sys
from pathlib import Path
from posttrace.traces import TraceWriter
from posttrace.traces.events import AgentStep, SubmissionReceived
writer = TraceWriter(Path(sys.argv[1]))
for n in range(1, 1_000_000):
    writer.write(AgentStep(source="agent", message="x" * (n % 997) * 100))
    writer.write(SubmissionReceived(submission_id=n, path="p"))
    print(n, flush=True)
"""


@pytest.mark.parametrize("lines", [1, 20, 57])
def test_a_kill_loses_nothing_that_was_acknowledged(tmp_path: Path, lines: int) -> None:
    path = tmp_path / "trace.jsonl"
    with subprocess.Popen([sys.executable, "-c", CHILD, str(path)], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        for _ in range(lines):
            child.stdout.readline()
        child.send_signal(signal.SIGKILL)
        heard = lines + len(child.stdout.readlines())
    got = [event.submission_id for event in read_events(path) if isinstance(event, SubmissionReceived)]
    assert got[:heard] == list(range(1, heard + 1))
    assert len(got) <= heard + 1
    assert {finding.code for finding in validate(path)} <= {
        "NO_START",
        "NOT_GRADED",
        "NO_FINISH",
        "TORN_TAIL",
    }
    assert list(tmp_path.iterdir()) == [path]
