from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posttrace.traces import ChainError, TraceError, TraceReader, TraceWriter, read_events, read_head
from posttrace.traces.chain import GENESIS, seal, stated_hash
from posttrace.traces.events import AnyEvent, Event, LogMetrics, RunFinished, RunStarted, SubmissionGraded
from posttrace.traces.reader import ALL_KINDS, type_prefix


@pytest.fixture(scope="session")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("reader") / "trace.jsonl"


@pytest.fixture(scope="session")
def content(golden: Path) -> bytes:
    return (golden / "trace.jsonl").read_bytes()


def test_events_read_back_as_they_were_written(write: Callable[..., Path], events: list[Event]) -> None:
    back = list(read_events(write(events)))
    assert [type(event) for event in back] == [type(event) for event in events]
    assert [event.seq for event in back] == list(range(len(events)))


@given(st.data())
def test_any_cut_reads_back_a_prefix(content: bytes, scratch: Path, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(content)))
    scratch.write_bytes(content)
    whole = list(read_events(scratch))
    scratch.write_bytes(content[:cut])
    reader = TraceReader(scratch)
    back = list(reader)
    n = content[:cut].count(b"\n")
    assert back == whole[:n]
    assert reader.n_lines == n
    assert reader.torn == (not content[:cut].endswith(b"\n") and cut > 0)
    lines = content.splitlines(keepends=True)
    assert reader.head == (stated_hash(lines[n - 1]).decode() if n else GENESIS)
    assert read_head(scratch) == (reader.head, reader.torn)


@given(st.data())
def test_any_changed_byte_is_found_at_its_line(content: bytes, scratch: Path, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(content) - 2))
    byte = data.draw(st.integers(0, 255).filter(lambda byte: byte != content[at]))
    scratch.write_bytes(content[:at] + bytes([byte]) + content[at + 1 :])
    line = content[:at].count(b"\n") + 1
    reader = TraceReader(scratch, data.draw(st.sampled_from([None, (), (RunFinished,)])))
    back: list[AnyEvent] = []
    with pytest.raises(ChainError, match=rf"trace\.jsonl:{line}: "):
        back.extend(reader)
    assert reader.broken is not None
    assert all(event.seq < line - 1 for event in back)


def test_a_changed_last_newline_is_a_torn_tail(content: bytes, scratch: Path) -> None:
    """The one byte after the last hash: the line counts as cut short, like a write without its end."""
    scratch.write_bytes(content[:-1] + b"x")
    reader = TraceReader(scratch)
    assert len(list(reader)) == content.count(b"\n") - 1
    assert reader.torn


@pytest.mark.parametrize("n", range(1, 19))
def test_a_dropped_or_swapped_line_is_found(content: bytes, scratch: Path, n: int) -> None:
    """Lines counted from 1; without line n, line n + 1 stands there and does not follow."""
    lines = content.splitlines(keepends=True)
    assert len(lines) == 19
    scratch.write_bytes(b"".join(lines[: n - 1] + lines[n:]))
    with pytest.raises(ChainError, match=rf":{n}: does not follow"):
        list(read_events(scratch))
    scratch.write_bytes(b"".join([*lines[: n - 1], lines[n], lines[n - 1], *lines[n + 1 :]]))
    with pytest.raises(ChainError, match=rf":{n}: does not follow"):
        list(read_events(scratch))


def test_what_the_chain_cannot_show(content: bytes, scratch: Path) -> None:
    """A full rewrite and a cut at a line end verify; only the head, kept elsewhere, tells."""
    scratch.write_bytes(content)
    anchor = read_head(scratch).hash
    head, rewritten = GENESIS.encode(), b""
    for line in content.splitlines():
        body = line[: line.rindex(b',"hash"')].replace(b"0.6666666666666666", b"0.9") + b"}"
        rewritten += seal(head, body)
        head = stated_hash(rewritten)
    for forged in (rewritten, content[: content[:-1].rindex(b"\n") + 1]):
        scratch.write_bytes(forged)
        reader = TraceReader(scratch)
        list(reader)
        assert reader.broken is None
        assert not reader.torn
        assert reader.head != anchor


def test_only_wanted_kinds_are_returned(golden: Path) -> None:
    reader = TraceReader(golden / "trace.jsonl", [RunStarted, SubmissionGraded])
    assert [event.seq for event in reader] == [0, 11, 13, 15]
    assert reader.n_lines == 19
    assert list(read_events(golden / "trace.jsonl", [])) == []


@given(st.sets(st.sampled_from(ALL_KINDS)), st.booleans())
def test_a_choice_of_kinds_is_the_same_as_leaving_out_the_others(
    golden: Path, kinds: set[type[Event]], verify: bool
) -> None:
    path = golden / "trace.jsonl"
    wanted = [event for event in read_events(path) if type(event) in kinds]
    assert list(read_events(path, kinds, verify=verify)) == wanted


def test_unwanted_kinds_are_not_parsed(scratch: Path) -> None:
    """A line that is no JSON at all is passed over when its first bytes say that nobody asked for it."""
    first = seal(GENESIS, b'{"type":"log.metrics",,,}')
    second = seal(stated_hash(first), b'{"type":"run.finished","seq":1,,}')
    scratch.write_bytes(first + second)
    assert list(read_events(scratch, [SubmissionGraded])) == []
    with pytest.raises(TraceError, match=r"trace\.jsonl:2: not a posttrace/1 event"):
        list(read_events(scratch, [RunFinished]))
    with pytest.raises(TraceError, match=r"trace\.jsonl:1: not a posttrace/1 event"):
        list(read_events(scratch, [LogMetrics]))


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b'{"type":"log.surprise","seq":0}', "log.surprise"),
        (b'{"type":"submission.received","seq":0,"submission_id":1,"path":"p","x":1}', "unknown field `x`"),
        (b'{"type":"submission.received","seq":0,"submission_id":1}', "missing required field `path`"),
        (b'{"type":"submission.received","seq":0,"submission_id":1,"path":"\xff"}', "utf-8"),
        (b'{"type":"integrity.flag","kind":"k","evidence":{"a":' + b"[" * 100_000, "recursion"),
        (b'{"seq":0,"type":"submission.received","submission_id":1,"path":"p"}', "begin with its type"),
        (b'{"type":"submission.received","seq":0,"submission_id":NaN,"path":"p"}', "malformed"),
    ],
)
def test_what_is_no_event_is_an_error_with_its_line(scratch: Path, body: bytes, what: str) -> None:
    scratch.write_bytes(seal(GENESIS, body))
    with pytest.raises(TraceError, match=rf"trace\.jsonl:1: .*{what}"):
        list(read_events(scratch))


def test_without_verification_a_changed_line_comes_back(content: bytes, scratch: Path) -> None:
    scratch.write_bytes(content.replace(b'"wall_s":5.0', b'"wall_s":1.0'))
    [end] = read_events(scratch, [RunFinished], verify=False)
    assert isinstance(end, RunFinished)
    assert end.wall_s == 1.0
    with pytest.raises(ChainError):
        list(read_events(scratch, [RunFinished]))


def test_a_line_without_a_hash_and_one_too_long(scratch: Path) -> None:
    scratch.write_bytes(b'{"type":"run.started"}\n')
    with pytest.raises(ChainError, match=r":1: has no hash at its end"):
        list(read_events(scratch))
    with pytest.raises(ChainError, match=r":1: has no hash at its end"):
        list(read_events(scratch, [RunStarted], verify=False))
    scratch.write_bytes(b"x" * 9_000_000 + b"\n")
    with pytest.raises(ChainError, match=r":1: is longer than 8388608 bytes"):
        list(read_events(scratch))


def test_an_empty_file_has_no_events(scratch: Path) -> None:
    scratch.write_bytes(b"")
    reader = TraceReader(scratch)
    assert list(reader) == []
    assert (reader.n_lines, reader.head, reader.torn) == (0, GENESIS, False)
    assert read_head(scratch) == (GENESIS, False)


def test_a_reader_can_be_read_twice(golden: Path) -> None:
    reader = TraceReader(golden / "trace.jsonl")
    assert list(reader) == list(reader)
    assert reader.n_lines == 19


def test_prefixes_tell_all_kinds_apart() -> None:
    """No prefix begins another, or a reader would be given lines it did not ask for."""
    prefixes = [type_prefix(kind) for kind in ALL_KINDS]
    assert len(prefixes) == 14
    for one in prefixes:
        assert [other for other in prefixes if other.startswith(one)] == [one]


MEMORY = """
import resource, sys
from pathlib import Path
from posttrace.traces import read_events
from posttrace.traces.events import RunFinished, RunStarted
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for verify in (True, False):
    sum(1 for _ in read_events(Path(sys.argv[1]), [RunStarted, RunFinished], verify=verify))
sum(1 for _ in read_events(Path(sys.argv[1])))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in KiB on Linux")
def test_memory_does_not_grow_with_the_file(tmp_path: Path, content: bytes) -> None:
    """200 MB of lines: fewer than 15 MB more than before, most of it the 1 MiB buffer."""
    line = b'{"type":"log.metrics","seq":0,"ts":null,"t_s":null,"source":"s","step":0,"values":{"%s":1}}'
    head = GENESIS.encode()
    path = tmp_path / "trace.jsonl"
    with path.open("wb") as file:
        for _ in range(20_000):
            sealed = seal(head, line % (b"x" * 10_000))
            head = stated_hash(sealed)
            file.write(sealed)
    assert path.stat().st_size > 200_000_000
    command = [sys.executable, "-c", MEMORY, str(path)]
    grown = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout
    assert int(grown) < 15_000


def test_reading_while_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    counts: list[int] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            counts.append(sum(1 for _ in read_events(path)))

    with TraceWriter(path) as writer:
        reader = threading.Thread(target=read)
        reader.start()
        for step in range(200):
            writer.write(LogMetrics(source="s", step=step, values={}))
        stop.set()
        reader.join()
    assert counts == sorted(counts)
    assert sum(1 for _ in read_events(path)) == 200
