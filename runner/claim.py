"""Who may run an attempt, and whether one is due: claims, attempts and the retry policy."""

from __future__ import annotations

import math
import os
import re
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec
import psutil

from posttrace.runner.layout import RunDir
from posttrace.traces import TraceError, read_events
from posttrace.traces.events import RunFinished

ALIVE_S = 60.0
"""A trace that grew this recently has a living writer: resource samples come every 10 s."""
RETRIED: frozenset[str] = frozenset({"interrupted", "infrastructure_failed"})

Action = Literal["run", "retry", "skip", "running elsewhere"]


class Claim(msgspec.Struct):
    """Who runs an attempt: enough to tell, on this host, whether it still lives."""

    host: str
    pid: int
    boot_id: str
    started: float
    """Creation time of the process, seconds since the epoch: a reused pid is not the same process."""

    @classmethod
    def mine(cls) -> Claim:
        """The claim of this process."""
        me = psutil.Process()
        return cls(host=socket.gethostname(), pid=me.pid, boot_id=_boot_id(), started=me.create_time())

    def is_dead(self) -> bool:
        """Whether the claiming process ran on this host and is gone; of another host nothing is known."""
        return self.host == socket.gethostname() and not self.lives()

    def lives(self) -> bool:
        """Whether the claiming process runs on this host."""
        if self.host != socket.gethostname() or self.boot_id != _boot_id():
            return False
        try:
            return abs(psutil.Process(self.pid).create_time() - self.started) < 1
        except psutil.NoSuchProcess:
            return False


@dataclass(frozen=True)
class Plan:
    """What to do about one (cell, seed)."""

    action: Action
    why: str
    attempt: int
    """The attempt that would run, or the one that decided."""
    retry_of: int | None = None
    """The attempt whose outcome is rerun."""


def plan(seed_dir: Path, *, retry_max: int, retry_statuses: Sequence[str] = ()) -> Plan:
    """Decide from the attempts on disk; changes nothing.

    The first final attempt stands: rerunning a failed agent until it succeeds would be selection.
    ``retry_statuses`` names final statuses to rerun all the same.
    """
    done = attempts(seed_dir)
    if not done:
        return Plan("run", "not run yet", 1)
    last, run = done[-1], RunDir(seed_dir / f"attempt-{done[-1]}")
    status = _status(run)
    if status is None and alive(run):
        return Plan("running elsewhere", f"attempt {last} is alive", last)
    if status == "invalid":
        return Plan("skip", f"invalid: see posttrace validate {run.trace}", last)
    status = status or "interrupted"
    if status not in RETRIED and status not in retry_statuses:
        return Plan("skip", status, last)
    if last > retry_max:
        return Plan("skip", f"{status}, and retry.max={retry_max} is used up", last)
    return Plan("retry", status, last + 1, retry_of=last)


def claim(seed_dir: Path, attempt: int) -> RunDir | None:
    """Take an attempt by ``mkdir`` plus an exclusive ``claim.json``; ``None`` when another was faster.

    A dead predecessor's claim is renamed first: of two runners that both saw it dead, one rename succeeds.
    """
    before = RunDir(seed_dir / f"attempt-{attempt - 1}")
    if attempt > 1 and not _take_over(before):
        return None
    run = RunDir(seed_dir / f"attempt-{attempt}")
    seed_dir.mkdir(parents=True, exist_ok=True)
    try:
        run.root.mkdir()
        descriptor = os.open(run.claim, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
    except FileExistsError:
        return None
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode(Claim.mine()))
    return run


def release(run: RunDir) -> None:
    """The run has ended and said so in its trace; the claim is done."""
    run.claim.unlink(missing_ok=True)


def attempts(seed_dir: Path) -> list[int]:
    """Numbers of the attempts on disk, ascending."""
    if not seed_dir.is_dir():
        return []
    found = (re.fullmatch(r"attempt-(\d+)", path.name) for path in seed_dir.iterdir())
    return sorted(int(match[1]) for match in found if match)


def _status(run: RunDir) -> str | None:
    """How the attempt ended; ``None`` when it has not, ``invalid`` when its record cannot be trusted."""
    if not run.trace.is_file():
        return None
    try:
        ends = list(read_events(run.trace, [RunFinished]))
    except TraceError:
        return "invalid"
    return ends[-1].status if ends and isinstance(ends[-1], RunFinished) else None


def alive(run: RunDir) -> bool:
    """Whether somebody still writes this attempt: its trace grew lately, or its process runs on this host."""
    if run.trace.is_file() and time.time() - run.trace.stat().st_mtime < ALIVE_S and not _mine_died(run):
        return True
    try:
        return msgspec.json.decode(run.claim.read_bytes(), type=Claim).lives()
    except FileNotFoundError:  # between mkdir and the claim, or an attempt that was taken over
        return run.root.is_dir() and time.time() - run.root.stat().st_mtime < 1
    except msgspec.DecodeError:  # its writer died inside the write
        return False


def abandoned(run: RunDir) -> bool:
    """Whether an attempt that has not ended certainly has no writer any more.

    It was taken over, or its process is gone from this host and the trace has rested for ``ALIVE_S``: a
    container that shares the host's name hides its processes, not its heartbeat. Without a claim, or with one
    of another host, nothing is certain.
    """
    if _taken_over(run).exists():
        return True
    latest = max((path.stat().st_mtime for path in (run.trace, run.claim) if path.exists()), default=math.inf)
    return time.time() - latest >= ALIVE_S and _mine_died(run)


def _mine_died(run: RunDir) -> bool:
    """On the claiming host a dead pid is certain, however fresh the trace."""
    try:
        return msgspec.json.decode(run.claim.read_bytes(), type=Claim).is_dead()
    except (FileNotFoundError, msgspec.DecodeError):
        return False


def _take_over(dead: RunDir) -> bool:
    if not dead.claim.exists():
        return True
    try:
        dead.claim.rename(_taken_over(dead))
    except FileNotFoundError:
        return False
    return True


def _taken_over(run: RunDir) -> Path:
    """What the claim becomes when another attempt follows a dead one."""
    return run.claim.with_suffix(".dead")


def _boot_id() -> str:
    path = Path("/proc/sys/kernel/random/boot_id")
    return path.read_text().strip() if path.exists() else f"{psutil.boot_time():.0f}"
