"""What a trace says of how its models came about: commands, revisions, model folders, logged metrics."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from posttrace.analysis.routes.record.models import Version
from posttrace.analysis.runs.records import RunRecord
from posttrace.traces.events import AgentStep

SLACK_S: Final = 0.1
"""Clocks of files and of processes differ by a tick of the kernel."""
AT_ONCE_S: Final = 10.0
"""A command that failed sooner than this after its start did not get as far as training."""


@dataclass(frozen=True)
class Process:
    """A command that was seen to run; times in seconds since the run's start."""

    pid: int
    ppid: int | None
    argv: tuple[str, ...]
    cwd: str
    """Relative to the workspace, "" for its root; absolute outside of it."""
    started_s: float
    ended_s: float
    """Infinity when nobody saw its end."""
    exit_code: int | None = None
    """Null when it is not known, as of a process that was only sampled."""
    typed_s: float | None = None
    """When the agent's step that ran it was recorded, for a command that is known from there; else null."""

    @property
    def typed(self) -> str:
        """The command as a person would type it, at most 120 characters: the program without its folder."""
        program, *words = self.argv or ("",)
        return " ".join((posixpath.basename(program), *words))[:120]

    @property
    def launched_s(self) -> float:
        """When the code stood that it ran."""
        return self.started_s if self.typed_s is None else self.typed_s

    @property
    def failed(self) -> bool:
        """Whether it is known to have ended in an error."""
        return self.exit_code not in (None, 0)

    @property
    def died(self) -> bool:
        """Whether it ended in an error before it can have trained, as at an import."""
        return self.failed and self.ended_s - self.started_s < AT_ONCE_S

    def ran_in(self, low_s: float, high_s: float) -> bool:
        """Whether it was alive at some time of an interval."""
        return self.started_s <= high_s + SLACK_S and self.ended_s >= low_s - SLACK_S


@dataclass(frozen=True)
class Revision:
    """A state of the code and when it was recorded."""

    t_s: float
    commit: str
    trigger: str
    changed: tuple[str, ...] = ()
    """Paths that are new or differ from the revision before; of the first none."""


@dataclass(frozen=True)
class Logged:
    """The keys of one logged line of metrics, and when it was read."""

    t_s: float
    source: str
    step: int | None
    keys: frozenset[str]


@dataclass(frozen=True)
class History:
    """One run. Models go by their weights: folders with equal weights hold one model."""

    run: RunRecord
    root: str | None
    """The workspace as the agent's processes saw it."""
    base_path: str
    processes: tuple[Process, ...]
    """Those that were seen to run, by start."""
    revisions: tuple[Revision, ...]
    """By time."""
    versions: tuple[Version, ...]
    """By time; those that were there before the agent first."""
    submitted: dict[int, str] = field(default_factory=dict)
    """Submission -> weights, where they are known."""
    logged: tuple[Logged, ...] = ()
    lag_s: float = 2.5
    """Logged lines are read up to so many seconds after they were written."""
    typed: tuple[Process, ...] = ()
    """Commands that the agent's steps gave to a shell, by start; they may be among ``processes`` as well."""
    steps: tuple[tuple[float, AgentStep], ...] = field(default=(), repr=False)
    """The steps of the agent, each with its time."""
    finished: bool = True
    """Whether the record goes to the end of the run."""

    def of(self, weights: str) -> tuple[Version, ...]:
        """Every folder that held these weights, in order of time."""
        return self._by_weights.get(weights, ())

    @cached_property
    def _by_weights(self) -> Mapping[str, tuple[Version, ...]]:
        found: dict[str, list[Version]] = {}
        for version in self.versions:
            found.setdefault(version.weights, []).append(version)
        return {weights: tuple(versions) for weights, versions in found.items()}

    def env(self) -> dict[str, str]:
        """The agent's variables that are known: what it was configured with, and what every agent gets."""
        root, start = self.root or "", self.run.started
        names = {"MODEL_PATH": self.base_path, "DATA_PATH": "data", "OUTPUT_DIR": "output"}
        places = {name: posixpath.join(root, path) for name, path in names.items()}
        agent = start.config.get("agent")
        own = agent.get("env") if isinstance(agent, dict) else None
        given = {str(name): str(value) for name, value in own.items()} if isinstance(own, dict) else {}
        task = {"TASK": start.task.id, "BASE_MODEL": start.base_model.id, "WORKSPACE": root}
        return {**given, **task, **places}

    def relative(self, path: str) -> str:
        """A path as the agent gave it, relative to the workspace where it lies below it."""
        return relative(path, self.root)


def relative(path: str, root: str | None) -> str:
    """``path`` normalised, and relative to ``root`` where it lies below it."""
    normal = posixpath.normpath(path)
    if root and (normal == root or normal.startswith(f"{root}/")):
        normal = normal[len(root) + 1 :]
    return "" if normal == "." else normal
