"""``local``: a process of this host, bounded and mortal, but isolated from nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psutil

from posttrace.runner.sandbox.base import Launch, Limits
from posttrace.traces.errors import ConfigError

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
RLIMITS = {
    "core_bytes": "RLIMIT_CORE",
    "open_files": "RLIMIT_NOFILE",
    "memory_bytes": "RLIMIT_AS",
    "file_bytes": "RLIMIT_FSIZE",
    "processes": "RLIMIT_NPROC",
}
SWEEP_S = 10.0
"""How long the guard may take to kill what is left before the runner does it by itself."""


def agent_environment(extra: Mapping[str, str]) -> dict[str, str]:
    """The agent's complete environment: ``extra`` over the few variables a program cannot do without.

    Of the host only ``PATH`` is taken, because that is where its programs are. ``HOME`` is the workspace
    (``extra["WORKSPACE"]``) and ``TMPDIR`` its private ``.tmp``. One BLAS thread a process unless ``extra``
    says otherwise: two runs on one machine would spin against each other.
    """
    workspace = extra["WORKSPACE"]
    return {
        "PATH": os.environ.get("PATH", PATH),
        "HOME": workspace,
        "LANG": "C.UTF-8",
        "TMPDIR": str(Path(workspace) / ".tmp"),
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        **extra,
    }


def alive(process: psutil.Process) -> bool:
    """Whether the process still runs; one that only waits to be reaped does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


class LocalProcess:
    """A command below its guard (see ``guard``); implements ``Running``."""

    def __init__(self, guard: subprocess.Popen[bytes], control: IO[bytes], status: IO[bytes]) -> None:
        self._guard = guard
        self._control = control
        self._status = status
        self._lock = threading.Lock()
        self._told = b""
        self._exit: int | None = None
        self._seen: set[psutil.Process] = set()
        self.pid = self._first_word()
        self.processes()

    def _first_word(self) -> int:
        """Wait for the guard's first line. Raises ``ConfigError`` when the command could not be started."""
        kind, _, text = self._status.readline().decode(errors="replace").strip().partition(" ")
        if kind != "pid":
            self._release()
            raise ConfigError(f"the agent's command cannot be started: {text or 'its guard died'}")
        os.set_blocking(self._status.fileno(), False)
        return int(text)

    def _release(self) -> None:
        """Close both pipes; the guard kills what is left and goes."""
        self._control.close()
        self._guard.wait()
        self._status.close()

    def poll(self) -> int | None:
        """Exit code of the agent's own process, null while it runs; -n when signal n ended it.

        An agent that killed its guard counts as killed: -9.
        """
        with self._lock:
            if self._exit is None and not self._status.closed:
                self._hear()
            return self._exit

    def _hear(self) -> None:
        """Read what the guard said since the last time; end-of-file without an exit: it was killed."""
        while chunk := self._status.read(4096):
            self._told += chunk
        if b"exit " in self._told and self._told.endswith(b"\n"):
            self._exit = int(self._told.partition(b"exit ")[2])
        elif chunk == b"":
            self._exit = -signal.SIGKILL

    def wait(self, timeout: float | None = None) -> int | None:
        """Like ``poll``, after at most ``timeout`` seconds (null: however long it takes)."""
        end = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            left = 0.05 if end is None else min(0.05, end - time.monotonic())
            if left <= 0:
                return None
            time.sleep(left)
        return code

    def processes(self) -> list[psutil.Process]:
        """The agent and its descendants, as they are now; ended ones that nobody has reaped are left out."""
        try:
            found = set(psutil.Process(self._guard.pid).children(recursive=True))
        except psutil.Error:
            found = set()
        with self._lock:
            self._seen = {process for process in self._seen | found if alive(process)}
            return sorted(self._seen, key=lambda process: process.pid)

    def terminate(self, grace_s: float) -> int:
        """End every process of the agent and return its exit code (see ``Running.terminate``)."""
        self._signal(signal.SIGTERM)
        end = time.monotonic() + grace_s
        while self.processes() and time.monotonic() < end:
            time.sleep(0.02)
        self._control.close()  # the guard sweeps
        try:
            self._guard.wait(SWEEP_S)
        except subprocess.TimeoutExpired:  # stopped, or killing takes long
            self._signal(signal.SIGKILL)
            self._guard.kill()
            self._guard.wait()
        self._signal(signal.SIGKILL)  # only finds something if the guard had been killed
        code = self.poll()
        with self._lock:
            self._status.close()
            self._exit = -signal.SIGKILL if code is None else code
            return self._exit

    def _signal(self, number: int) -> None:
        for process in self.processes():
            try:
                process.send_signal(number)
            except psutil.Error:
                continue


def rlimits(limits: Limits) -> str:
    """The limits as the guard reads them."""
    values = {constant: getattr(limits, name) for name, constant in RLIMITS.items()}
    return ",".join(f"{constant}={value}" for constant, value in values.items() if value is not None)


@dataclass(frozen=True)
class Local:
    """Own session, rlimits, an environment allow-list; enforces nothing against an adversary.

    The agent runs as the runner's user: it can read and write whatever that user can. What is promised is
    hygiene: it sees nothing of the host's environment, and it never outlives the run, even when the runner
    is killed.
    """

    kind: str = "local"
    isolates: tuple[str, ...] = ()

    def launch(self, launch: Launch) -> LocalProcess:
        """Start the command. Raises ``ConfigError`` when it cannot be started."""
        if not launch.argv:
            raise ConfigError("the agent has no command; set agent.command")
        reading, control = os.pipe()
        status, writing = os.pipe()
        script = str(Path(__file__).with_name("guard.py"))
        head = [sys.executable, "-I", "-S", script, str(os.getpid()), str(reading), str(writing)]
        try:
            Path(launch.env.get("TMPDIR", launch.cwd)).mkdir(parents=True, exist_ok=True)
            with launch.stdout.open("ab") as out, launch.stderr.open("ab") as err:
                guard = subprocess.Popen(
                    [*head, rlimits(launch.limits), *launch.argv],
                    env=dict(launch.env),
                    cwd=launch.cwd,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=err,
                    pass_fds=(reading, writing),
                    start_new_session=True,  # a Ctrl-C at the terminal is the runner's to handle
                )
        except OSError as error:
            os.close(control)
            os.close(status)
            raise ConfigError(f"the agent cannot be started: {error}") from error
        finally:
            os.close(reading)
            os.close(writing)
        return LocalProcess(guard, os.fdopen(control, "wb", 0), os.fdopen(status, "rb", 0))
