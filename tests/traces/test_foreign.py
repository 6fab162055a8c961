"""Somebody else writes to the trace: it is flagged, nothing is destroyed, the run goes on."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from posttrace.traces import TraceError, TraceWriter, read_events, validate
from posttrace.traces.chain import seal
from posttrace.traces.events import Event, IntegrityFlag, LogMetrics, RunStarted, SubmissionReceived


def metric(step: int) -> LogMetrics:
    return LogMetrics(source="train.log", step=step, values={"loss": 0.5})


@pytest.fixture
def writer(tmp_path: Path, events: list[Event]) -> Iterator[TraceWriter]:
    """A writer with three lines written."""
    with TraceWriter(tmp_path / "trace.jsonl") as writer:
        for event in (events[0], metric(0), metric(1)):
            writer.write(event)
        yield writer


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def flags(path: Path) -> list[dict[str, Any]]:
    found = [event for event in read_events(path) if isinstance(event, IntegrityFlag)]
    assert {flag.kind for flag in found} <= {"record_tampering"}
    return [flag.evidence for flag in found]


@pytest.mark.parametrize("junk", [b"junk\n", b"no newline", b"\n", b"\0" * 100_000])
def test_appended_bytes_are_set_aside_and_the_chain_is_whole(writer: TraceWriter, junk: bytes) -> None:
    ours, head = writer.path.read_bytes(), writer.head
    with writer.path.open("ab") as stranger:
        stranger.write(junk)
    assert writer.write(metric(2)).seq == 4
    [evidence] = flags(writer.path)
    assert evidence == {
        "what": "appended",
        "expected_bytes": len(ours),
        "found_bytes": len(ours) + len(junk),
        "foreign_sha256": sha256(junk).hexdigest(),
        "kept": "trace.jsonl.foreign-1",
        "expected_head": head,
    }
    assert writer.path.with_name("trace.jsonl.foreign-1").read_bytes() == ours + junk
    assert writer.path.read_bytes().startswith(ours)
    assert [finding.code for finding in validate(writer.path)] == ["NO_FINISH"]


def test_a_forged_line_that_fits_the_chain_is_set_aside_too(writer: TraceWriter) -> None:
    """The hashes need no secret: anybody can append a line that follows. The writer alone knows its size."""
    forged = b'{"type":"submission.received","seq":3,"ts":null,"t_s":null,"submission_id":1,"path":"p"}'
    with writer.path.open("ab") as stranger:
        stranger.write(seal(writer.head, forged))
    writer.write(metric(2))
    assert len(flags(writer.path)) == 1
    assert not any(isinstance(event, SubmissionReceived) for event in read_events(writer.path))


def test_each_foreign_write_is_flagged_once(writer: TraceWriter) -> None:
    for _ in range(3):
        with writer.path.open("ab") as stranger:
            stranger.write(b"junk")
        writer.write(metric(2))
        writer.write(metric(3))
    kept = [evidence["kept"] for evidence in flags(writer.path)]
    assert kept == ["trace.jsonl.foreign-1", "trace.jsonl.foreign-2", "trace.jsonl.foreign-3"]
    assert names(writer.path.parent) == ["trace.jsonl", *kept]


def test_a_stranger_that_keeps_the_file_open_ends_up_in_the_kept_one(writer: TraceWriter) -> None:
    with writer.path.open("ab", buffering=0) as stranger:
        stranger.write(b"one\n")
        writer.write(metric(2))
        stranger.write(b"two\n")
        writer.write(metric(3))
    assert len(flags(writer.path)) == 1
    assert writer.path.with_name("trace.jsonl.foreign-1").read_bytes().endswith(b"one\ntwo\n")


def replace_by_copy(path: Path) -> None:
    """What an editor does on saving, and ``sed -i``."""
    edited = path.with_name("edited")
    edited.write_bytes(path.read_bytes().replace(b"0.5", b"0.9"))
    edited.replace(path)


def replace_by_link(path: Path) -> None:
    target = path.with_name("elsewhere")
    target.write_bytes(b"other")
    path.unlink()
    path.symlink_to(target)


@pytest.mark.parametrize(
    ("change", "what", "kept"),
    [
        (replace_by_copy, "replaced", ["trace.jsonl.foreign-1"]),
        (replace_by_link, "replaced", ["elsewhere", "trace.jsonl.foreign-1"]),
        (Path.unlink, "removed", []),
        (lambda path: path.rename(path.with_name("moved")), "removed", ["moved"]),
    ],
)
def test_a_replaced_or_removed_file_is_restored(
    writer: TraceWriter, change: Callable[[Path], Any], what: str, kept: list[str]
) -> None:
    ours = writer.path.read_bytes()
    change(writer.path)
    writer.write(metric(2))
    [evidence] = flags(writer.path)
    assert evidence["what"] == what
    assert writer.path.read_bytes().startswith(ours)
    assert names(writer.path.parent) == sorted(["trace.jsonl", *kept])
    assert [finding.code for finding in validate(writer.path)] == ["NO_FINISH"]
    assert writer.path.is_file()
    assert not writer.path.is_symlink()


def test_a_shortened_file_is_continued_and_stays_broken(writer: TraceWriter) -> None:
    """Line 3 is lost and cannot be restored; the flag is on line 4, after what is left of it."""
    size = writer.path.stat().st_size
    os.truncate(writer.path, size - 10)
    left = writer.path.read_bytes()
    writer.write(metric(2))
    assert writer.path.read_bytes().startswith(left + b"\n{")
    found = [(finding.line, finding.code) for finding in validate(writer.path)]
    assert found == [(3, "BAD_LINE"), (4, "BROKEN_CHAIN"), (4, "BAD_SEQ"), (5, "NO_FINISH")]
    fourth = writer.path.read_bytes().splitlines()[3]
    assert b'"record_tampering"' in fourth
    assert b'"what":"shortened"' in fourth


def test_a_file_shortened_at_a_line_end_loses_a_number(writer: TraceWriter) -> None:
    lines = writer.path.read_bytes().splitlines(keepends=True)
    os.truncate(writer.path, sum(map(len, lines[:2])))
    writer.write(metric(2))
    found = [(finding.line, finding.code) for finding in validate(writer.path)]
    assert found == [(3, "BROKEN_CHAIN"), (3, "BAD_SEQ"), (4, "NO_FINISH")]


def test_a_file_emptied_is_continued(writer: TraceWriter) -> None:
    os.truncate(writer.path, 0)
    writer.write(metric(2))
    assert writer.path.read_bytes().count(b"\n") == 2
    assert validate(writer.path)[0].code == "BROKEN_CHAIN"


def test_a_changed_last_line_is_flagged_and_stays_broken(writer: TraceWriter) -> None:
    content = writer.path.read_bytes()
    at = content.rindex(b"0.5")
    with writer.path.open("r+b") as stranger:
        stranger.seek(at)
        stranger.write(b"0.9")
    writer.write(metric(2))
    lines = writer.path.read_bytes().splitlines()
    assert b'"what":"changed"' in lines[3]
    assert b'"loss":0.9' in lines[2]
    found = [(finding.line, finding.code) for finding in validate(writer.path)]
    assert found == [(3, "BROKEN_CHAIN"), (5, "NO_FINISH")]


def test_a_stranger_between_check_and_write(writer: TraceWriter, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stranger's bytes get in just before our line: it is written again, behind the flag."""
    real = os.write
    strangers = [b"sneaked in\n"]

    def write(fd: int, data: Any) -> int:
        if strangers:
            with writer.path.open("ab") as stranger:
                stranger.write(strangers.pop())
        return real(fd, data)

    monkeypatch.setattr(os, "write", write)
    assert writer.write(metric(2)).seq == 4
    [evidence] = flags(writer.path)
    assert evidence["what"] == "appended"
    assert [finding.code for finding in validate(writer.path)] == ["NO_FINISH"]
    assert b"sneaked in\n" in writer.path.with_name("trace.jsonl.foreign-1").read_bytes()


def test_a_stranger_who_never_stops_is_an_error(writer: TraceWriter, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.write

    def write(fd: int, data: Any) -> int:
        if writer.path.exists():
            with writer.path.open("ab") as stranger:
                stranger.write(b"junk\n")
        return real(fd, data)

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", write)
        with pytest.raises(TraceError, match="keeps writing"):
            writer.write(metric(2))
    writer.write(metric(3))
    steps = [event.step for event in read_events(writer.path) if isinstance(event, LogMetrics)]
    assert steps == [0, 1, 3]


def test_a_folder_that_is_gone_is_an_error(writer: TraceWriter) -> None:
    folder = writer.path.parent
    folder.rename(folder.with_name("gone"))
    with pytest.raises(TraceError, match=r"trace\.jsonl cannot be written: No such file"):
        writer.write(metric(2))
    folder.with_name("gone").rename(folder)
    writer.write(metric(3))
    assert [type(event) for event in read_events(writer.path)] == [
        RunStarted,
        LogMetrics,
        LogMetrics,
        LogMetrics,
    ]
