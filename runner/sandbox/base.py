"""What a sandbox is: something that launches an agent and can end everything it started."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import psutil


@dataclass(frozen=True)
class Limits:
    """``setrlimit`` of each process; null leaves the host's, and nothing goes above the host's hard limit."""

    core_bytes: int | None = 0
    open_files: int | None = 4096
    memory_bytes: int | None = None
    """Address space. A process that maps large files needs more than it holds in memory."""
    file_bytes: int | None = None
    """Largest file a process may write."""
    processes: int | None = None
    """Linux counts all processes of the user, not those of the agent alone."""


@dataclass(frozen=True)
class Launch:
    """One command, fully described: nothing is inherited from the runner but what stands here."""

    argv: list[str]
    env: Mapping[str, str]
    """The complete environment (see ``agent_environment``)."""
    cwd: Path
    stdout: Path
    """Appended to; stdin is ``/dev/null``."""
    stderr: Path
    """May be the same file as ``stdout``."""
    limits: Limits = field(default_factory=Limits)


class Running(Protocol):
    """An agent that was started. Methods may be called from any thread."""

    @property
    def pid(self) -> int:
        """The agent's own process, leader of its session and group."""
        ...

    def poll(self) -> int | None:
        """Exit code of the agent's own process, null while it runs; -n when signal n ended it."""
        ...

    def wait(self, timeout: float | None = None) -> int | None:
        """Like ``poll``, after at most ``timeout`` seconds (null: however long it takes)."""
        ...

    def terminate(self, grace_s: float) -> int:
        """End every process of the agent and return the agent's exit code. Call it for each run.

        SIGTERM first, SIGKILL to whatever is left after ``grace_s`` seconds: the agent's group and all
        descendants, also those that left the group. Also ends what an agent that exited has left behind.
        """
        ...

    def processes(self) -> list[psutil.Process]:
        """The agent and its descendants, as they are now; ended ones that nobody has reaped are left out."""
        ...


class Sandbox(Protocol):
    """A sandbox option's ``_target_``; instances hold settings only."""

    @property
    def kind(self) -> str:
        """Name in the trace: local, bwrap, docker."""
        ...

    @property
    def isolates(self) -> tuple[str, ...]:
        """What is enforced against an adversary: of records, test_data, network, processes, resources."""
        ...

    def launch(self, launch: Launch) -> Running:
        """Start the command. Raises ``ConfigError`` when it cannot be started."""
        ...
