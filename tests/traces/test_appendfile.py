"""A full disk, for real: a small file system where it can be mounted, a file size limit everywhere."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from collections import deque
from collections.abc import Callable
from itertools import repeat
from pathlib import Path

import pytest

from posttrace.traces import DiskFullError, TraceError, TraceWriter, read_events, validate
from posttrace.traces.appendfile import AppendFile
from posttrace.traces.events import (
    AgentStep,
    Event,
    IntegrityFlag,
    RunFinished,
    SubmissionGraded,
    SubmissionReceived,
)
from posttrace.traces.reserve import RESERVE_BYTES, Reserve

END = RunFinished(
    status="infrastructure_failed",
    reason="disk full",
    exit_code=None,
    wall_s=1.0,
    submissions=1,
    best=None,
)
STEP = AgentStep(source="agent", message="x" * 100_000)


def fill(writer: TraceWriter, events: list[Event]) -> None:
    """Run into the limit as a run does, and end as a run does."""
    writer.write(events[0])
    writer.write(SubmissionReceived(submission_id=1, path="p"))
    with pytest.raises(DiskFullError, match="free some space"):
        deque(map(writer.write, repeat(STEP)), maxlen=0)
    size, head = writer.path.stat().st_size, writer.head
    with pytest.raises(DiskFullError, match="only the end of the run"):
        writer.write(SubmissionReceived(submission_id=2, path="p"))
    assert (writer.path.stat().st_size, writer.head) == (size, head)
    writer.write(SubmissionGraded(submission_id=1, status="cancelled", split="feedback"))
    writer.write(END)


def check(path: Path) -> None:
    assert validate(path) == []
    *_, graded, finished = read_events(path)
    assert isinstance(graded, SubmissionGraded)
    assert isinstance(finished, RunFinished)
    assert finished.reason == "disk full"


CHILD = """
import resource, runpy, sys
from pathlib import Path
resource.setrlimit(resource.RLIMIT_FSIZE, (3 * 2**20, 3 * 2**20))
here = runpy.run_path(sys.argv[1])
from posttrace.traces import TraceWriter
events = runpy.run_path(sys.argv[2])["trace_events"]()
with TraceWriter(Path(sys.argv[3])) as writer:
    here["fill"](writer, events)
"""


def test_a_file_size_limit(tmp_path: Path, golden: Path) -> None:
    """3 MiB: about 20 steps fit, the last MiB is kept back."""
    path = tmp_path / "trace.jsonl"
    maker = golden.parent / "make.py"
    command = [sys.executable, "-c", CHILD, __file__, str(maker), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    check(path)
    assert 3 * 2**20 - RESERVE_BYTES - 2 * 100_000 < path.stat().st_size < 3 * 2**20 - RESERVE_BYTES + 10_000


MOUNTED = """
mount -t tmpfs -o size=4m posttrace-test "$1" || exit 77
exec "$2" -c 'import runpy, sys; from pathlib import Path
here = runpy.run_path(sys.argv[1]); events = runpy.run_path(sys.argv[2])["trace_events"]()
here[sys.argv[3]](Path(sys.argv[4]), events)' "$3" "$4" "$5" "$1"
"""
Scenario = Callable[[Path, list[Event]], None]


@pytest.fixture
def on_small_disk(tmp_path: Path, golden: Path) -> Callable[[Scenario], None]:
    """Run a scenario of this file on a file system of 4 MiB.

    It is mounted in a mount namespace of its own, so that it goes with the process however that ends.
    """

    def run(scenario: Scenario) -> None:
        if shutil.which("unshare") is None:
            pytest.skip("needs unshare")
        maker = str(golden.parent / "make.py")
        command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", MOUNTED, "sh"]
        command += [str(tmp_path), sys.executable, __file__, maker, scenario.__name__]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        if done.returncode == 77 or "unshare failed" in done.stderr:
            pytest.skip(f"a small file system cannot be mounted here: {done.stderr.strip()}")
        assert done.returncode == 0, done.stderr

    return run


def fill_up(folder: Path) -> None:
    with (folder / "ballast").open("wb", buffering=0) as ballast, pytest.raises(OSError, match="No space"):
        deque(map(ballast.write, repeat(b"\0" * 4096)), maxlen=0)


def full_disk(small_disk: Path, events: list[Event]) -> None:
    with TraceWriter(small_disk / "trace.jsonl") as writer:
        fill(writer, events)
        check(writer.path)


def filled_by_a_stranger(small_disk: Path, events: list[Event]) -> None:
    with TraceWriter(small_disk / "trace.jsonl") as writer:
        writer.write(events[0])
        writer.write(SubmissionReceived(submission_id=1, path="p"))
        fill_up(small_disk)
        with pytest.raises(DiskFullError):
            writer.write(STEP)
        writer.write(SubmissionGraded(submission_id=1, status="cancelled", split="feedback"))
        writer.write(END)
        check(writer.path)


def stranger_fills_the_disk_and_appends(small_disk: Path, events: list[Event]) -> None:
    """Setting the foreign byte aside needs room for a copy of the trace: the reserve is for this too."""
    with TraceWriter(small_disk / "trace.jsonl") as writer:
        writer.write(events[0])
        writer.write(SubmissionReceived(submission_id=1, path="p"))
        fill_up(small_disk)
        with writer.path.open("ab") as stranger:
            stranger.write(b"j")
        descriptors = len(list(Path("/proc/self/fd").iterdir()))
        for _ in range(3):
            with pytest.raises(DiskFullError):
                writer.write(STEP)
        assert len(list(Path("/proc/self/fd").iterdir())) == descriptors
        assert sorted(path.name for path in small_disk.iterdir()) == ["ballast", "trace.jsonl"]
        writer.write(SubmissionGraded(submission_id=1, status="cancelled", split="feedback"))
        writer.write(END)
        check(writer.path)
        [flag] = read_events(writer.path, [IntegrityFlag])
        assert isinstance(flag, IntegrityFlag)
        assert flag.evidence["what"] == "appended"
        assert writer.path.with_name(flag.evidence["kept"]).read_bytes().endswith(b"}\nj")


def ends_when_the_disk_is_full(small_disk: Path, events: list[Event]) -> None:
    """The first line that does not fit is run.finished itself."""
    with TraceWriter(small_disk / "trace.jsonl") as writer:
        writer.write(events[0])
        fill_up(small_disk)
        writer.write(
            RunFinished(
                status="completed",
                reason="y" * 50_000,
                exit_code=0,
                wall_s=1.0,
                submissions=0,
                best=None,
            )
        )
        assert validate(writer.path) == []


def begins_on_a_full_disk(small_disk: Path, events: list[Event]) -> None:
    with (small_disk / "ballast").open("wb") as ballast:
        ballast.write(b"\0" * (4 * 2**20 - RESERVE_BYTES // 2))
    with pytest.raises(DiskFullError, match=r"trace\.jsonl: No space left on device"):
        TraceWriter(small_disk / "trace.jsonl")
    assert [path.name for path in small_disk.iterdir()] == ["ballast"]


@pytest.mark.parametrize(
    "scenario",
    [
        full_disk,
        filled_by_a_stranger,
        stranger_fills_the_disk_and_appends,
        ends_when_the_disk_is_full,
        begins_on_a_full_disk,
    ],
)
def test_on_a_full_disk(on_small_disk: Callable[[Scenario], None], scenario: Scenario) -> None:
    on_small_disk(scenario)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_what_was_written_of_a_line_is_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """The system takes 10 bytes and then no more, as it does when a disk fills up."""
    file = AppendFile(tmp_path / "trace.jsonl")
    assert file.append(b"first\n", sync=False)
    real = os.write
    taken = iter([10])

    def write(fd: int, data: memoryview) -> int:
        for n in taken:
            return real(fd, data[:n])
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "write", write)
    with pytest.raises(DiskFullError):
        file.append(b"a longer second line\n", sync=False)
    assert file.path.read_bytes() == b"first\n"
    assert file.settle() is None
    file.close()


def test_another_failure_is_no_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = AppendFile(tmp_path / "trace.jsonl")
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda fd, data: (_ for _ in ()).throw(OSError(errno.EIO, "I/O error")))
        with pytest.raises(TraceError, match="cannot be written: I/O error") as caught:
            file.append(b"line\n", sync=False)
    assert not isinstance(caught.value, DiskFullError)
    assert file.append(b"line\n", sync=False)
    file.close()


def test_a_reserve_holds_its_space_until_released(tmp_path: Path) -> None:
    reserve = Reserve(tmp_path)
    file = reserve._file
    assert reserve.held
    status = os.fstat(file.fileno())
    assert status.st_blocks * 512 >= RESERVE_BYTES
    assert status.st_nlink == 0
    assert list(tmp_path.iterdir()) == []
    reserve.release()
    reserve.release()
    assert not reserve.held
