"""The server's side of an evaluation: start the child, wait for its report, end its process group."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from posttrace.runner.grading.protocol import Report, Request
from posttrace.runner.grading.settings import GradingSettings
from posttrace.runner.layout import RunDir
from posttrace.runner.tasks.base import Outcome
from posttrace.traces.events import Split

MAX_REPORT_BYTES: Final = 256 << 20
_PASSED: Final = ("PATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "TZ", "CUDA_VISIBLE_DEVICES")


@dataclass(frozen=True)
class Evaluation:
    """What to score: a checkpoint that nobody else writes, a split, a seed, and a name for the log."""

    model_dir: Path
    split: Split
    seed: int
    name: str


@dataclass(frozen=True)
class Evaluated:
    """What became of it; ``outcome`` is set when, and only when, the status is ``graded``."""

    status: Literal["graded", "error", "timeout", "cancelled"]
    duration_s: float
    outcome: Outcome | None = None
    reason: str | None = None
    """For the record; may quote the child's log."""
    told: str | None = None
    """For the agent: nothing in it comes from hidden data."""
    network: str | None = None


class Grader:
    """Evaluates in child processes; at most one at a time, from whichever thread calls."""

    def __init__(self, task_spec: Mapping[str, Any], run: RunDir, settings: GradingSettings) -> None:
        self._task_spec = dict(task_spec)
        self._logs = run.logs / "grader"
        self._scratch = run.grading
        self._settings = settings
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._cancelled = False

    def cancel(self) -> None:
        """End the running evaluation, and every later one before it starts."""
        with self._lock:
            self._cancelled = True
            if self._process is not None:
                _kill_group(self._process.pid)

    def evaluate(self, wanted: Evaluation) -> Evaluated:
        """Score one checkpoint. Raises ``OSError`` when the child cannot be started."""
        self._logs.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._scratch.mkdir(parents=True, exist_ok=True)
        started = time.monotonic()
        path = self._logs / f"{wanted.name}.log"
        with tempfile.TemporaryDirectory(dir=self._scratch, prefix="home-") as home, path.open("ab") as log:
            pipe = self._start(log.fileno(), Path(home))
            try:
                self._ask(wanted)
                line = _read_line(pipe, started + self._settings.evaluation_timeout_s)
            finally:
                os.close(pipe)
                code = self._end()
        return self._judge(line, code, path, time.monotonic() - started)

    def _start(self, log: int, home: Path) -> int:
        """Start the child and return the reading end of its pipe; no child once cancelled."""
        read, write = os.pipe()
        try:
            with self._lock:
                if not self._cancelled:
                    self._process = _start_child(write, log, home, self._settings.env_passthrough)
        except BaseException:
            os.close(read)
            raise
        finally:
            os.close(write)
        return read

    def _ask(self, wanted: Evaluation) -> None:
        process = self._process
        if process is None or process.stdin is None:
            return
        request = Request(
            task=self._task_spec,
            model_dir=str(wanted.model_dir.resolve()),
            split=wanted.split,
            seed=wanted.seed,
            memory_bytes=self._settings.memory_bytes,
            network=self._settings.network,
            parent=os.getpid(),
        )
        with contextlib.suppress(BrokenPipeError), process.stdin as stdin:  # a dead child says so by its pipe
            stdin.write(msgspec.json.encode(request))

    def _end(self) -> int | None:
        """Kill whatever is left of the child's group; return the child's exit code."""
        with self._lock:
            process, self._process = self._process, None
            if process is None:
                return None
            _kill_group(process.pid)
            return process.wait()

    def _judge(self, line: bytes | None, code: int | None, log: Path, duration_s: float) -> Evaluated:
        if line is None:
            reason = f"no score within {self._settings.evaluation_timeout_s:g} s"
            return Evaluated("timeout", duration_s, reason=reason, told=reason)
        if line.endswith(b"\n"):
            report = msgspec.json.decode(line, type=Report)
            if report.outcome is not None:
                return Evaluated("graded", duration_s, report.outcome, network=report.network)
            return Evaluated(
                "error", duration_s, reason=report.error, told=report.error, network=report.network
            )
        if self._cancelled:
            return Evaluated("cancelled", duration_s, reason="the evaluation was stopped", told="cancelled")
        told = f"the grader ended without a score ({_ending(code)})"
        return Evaluated("error", duration_s, reason=f"{told}: {_last_line(log)}; see {log.name}", told=told)


def _start_child(report_fd: int, log: int, home: Path, passed: tuple[str, ...]) -> subprocess.Popen[bytes]:
    environment = {name: os.environ[name] for name in (*_PASSED, *passed) if name in os.environ}
    threads = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    # the child finds the task's class where this process would
    path = os.pathsep.join(str(Path(entry).absolute()) for entry in sys.path)
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "posttrace.runner.grading.child", str(report_fd)],
        stdin=subprocess.PIPE,
        stdout=log,
        stderr=log,
        cwd=home,
        env={"HOME": str(home), "TMPDIR": str(home), "PYTHONPATH": path, **threads, **environment},
        pass_fds=(report_fd,),
        start_new_session=True,
    )


def _kill_group(leader: int) -> None:
    """Kill the group of a child that has not been waited for, so that its id cannot be another's."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)


def _read_line(pipe: int, deadline: float) -> bytes | None:
    """Read up to a line end or the end of the stream; None when the monotonic deadline passes first."""
    received = bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while not received.endswith(b"\n") and len(received) <= MAX_REPORT_BYTES:
            if not selector.select(max(0.0, deadline - time.monotonic())):
                return None
            chunk = os.read(pipe, 1 << 20)
            if not chunk:
                break
            received += chunk
    return bytes(received)


def _ending(code: int | None) -> str:
    if code is not None and code < 0:
        return f"signal {signal.Signals(-code).name}"
    return f"exit code {code}"


def _last_line(log: Path) -> str:
    """The last thing the child said: of a traceback, the exception."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 4096))
        lines = file.read().decode("utf-8", "backslashreplace").strip().splitlines()
    return lines[-1][:500] if lines else "its log is empty"
