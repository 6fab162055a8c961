"""The agent's processes, by sampling: trainings are seen, a ``cp`` is not; absence is no evidence."""

from __future__ import annotations

import base64
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final, Protocol

import psutil

from posttrace.runner.sandbox.base import Running
from posttrace.traces.events import Event, ProcessObserved
from posttrace.traces.text import as_text

MAX_COMMANDS: Final = 5
"""Commands one process may turn into. A program that rewrites its title at each step would fill a trace."""


MAX_ARGV_BYTES: Final = 256 << 10
"""Of a command line; systems allow megabytes (``rm`` of everything), a line of a trace has to hold it."""


class HasTime(Protocol):
    """A clock of the run."""

    def t_s(self) -> float:
        """Seconds since the run started."""
        ...


@dataclass
class _Seen:
    ppid: int | None
    argv: list[str]
    cwd: str | None
    started_s: float
    commands: int = 1


class Processes:
    """Watches one agent. Not thread-safe.

    ``launched(argv, cwd)`` hears of each command line when it is first seen.
    """

    def __init__(
        self,
        running: Running,
        *,
        write: Callable[[Event], object],
        clock: HasTime,
        interval_s: float,
        launched: Callable[[Sequence[str], str | None], None],
    ) -> None:
        self._running = running
        self._write = write
        self._clock = clock
        self._interval_s = interval_s
        self._launched = launched
        self._seen: dict[psutil.Process, _Seen] = {}

    def sample(self) -> None:
        """Look once: note what is new, write what has ended."""
        alive = self._running.processes()
        now = self._clock.t_s()
        for process in self._seen.keys() - set(alive):
            self._report(process, self._seen.pop(process), now)
        for process in alive:
            try:
                self._look(process, now)
            except psutil.Error:  # it ended just now, or may not be looked at
                continue

    def stop(self) -> None:
        """Look a last time and write what still runs, without an end."""
        self.sample()
        while self._seen:
            self._report(*self._seen.popitem(), None)

    def _look(self, process: psutil.Process, now: float) -> None:
        argv = process.cmdline()
        known = self._seen.get(process)
        if known is None:
            started = started_s(process, now)
            self._seen[process] = _Seen(process.ppid(), argv, _cwd(process), started)
        elif argv and argv != known.argv and known.commands < MAX_COMMANDS:
            self._turn(process, known, argv, now)
        else:
            return
        self._launched(argv, self._seen[process].cwd)

    def _turn(self, process: psutil.Process, known: _Seen, argv: list[str], now: float) -> None:
        """The process became another program (``exec``)."""
        parents = [seen.argv for other, seen in self._seen.items() if other.pid == known.ppid]
        started = known.started_s
        if known.argv not in parents:  # else: seen between fork and exec, still with its parent's command
            self._report(process, known, now)
            started = now
        self._seen[process] = _Seen(known.ppid, argv, _cwd(process), started, known.commands + 1)

    def _report(self, process: psutil.Process, seen: _Seen, ended_s: float | None) -> None:
        own = process.pid == self._running.pid
        raw = _shortened([os.fsencode(word) for word in seen.argv])
        texts = [as_text(word) for word in raw]
        exact = any(twin is not None for _, twin in texts)
        event = ProcessObserved(
            pid=process.pid,
            ppid=seen.ppid,
            argv=[text for text, _ in texts],
            argv_b64=[base64.b64encode(word).decode() for word in raw] if exact else None,
            cwd=None if seen.cwd is None else as_text(seen.cwd)[0],
            started_s=seen.started_s,
            ended_s=ended_s,
            exit_code=self._running.poll() if own and ended_s is not None else None,
            interval_s=self._interval_s,
        )
        if len(raw) < len(seen.argv):
            event.extra = {"argv_omitted": len(seen.argv) - len(raw)}
        self._write(event)


def _shortened(words: list[bytes]) -> list[bytes]:
    """The first words, as many as ``MAX_ARGV_BYTES`` hold; always the first."""
    ends = accumulate(len(word) + 1 for word in words)
    return words[: max(1, sum(end <= MAX_ARGV_BYTES for end in ends))]


def _cwd(process: psutil.Process) -> str | None:
    try:
        return process.cwd()
    except psutil.Error:
        return None


def started_s(process: psutil.Process, now: float) -> float:
    """When a process started, on the run's clock that says ``now``; never before 0 nor after ``now``.

    Process times count from boot, and wall clocks jump: where the system tells, age is taken on its clock.
    """
    if hasattr(time, "CLOCK_BOOTTIME"):
        age = time.clock_gettime(time.CLOCK_BOOTTIME) - (process.create_time() - psutil.boot_time())
    else:
        age = time.time() - process.create_time()
    return round(min(max(now - age, 0.0), now), 3)
