"""The commands of a run and what their code says, at the revision they were launched from."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Protocol

from posttrace.analysis.routes.record.history import History, Process, Revision
from posttrace.analysis.routes.record.revision import RevisionError, Store
from posttrace.analysis.routes.record.typed import covered
from posttrace.analysis.routes.static import Command, Reading

MAX_SCRIPTS: Final = 60
"""Scripts that are read to explain a model which no command explains."""
AT_LAUNCH_S: Final = 1.0
"""A revision recorded this soon after a start shows what was launched."""


class Reader(Protocol):
    """Reads the source of one command; ``static.read_command`` is one."""

    def __call__(self, files: Mapping[str, bytes], command: Command, *, commit: str | None = None) -> Reading:
        """Say what ``command`` does when it is launched on ``files``."""
        ...


@dataclass(frozen=True)
class Look:
    """What the code of a command says at one revision."""

    commit: str
    reading: Reading

    @property
    def substance(self) -> tuple[Any, ...]:
        """What decides a route: the objectives and the model folders."""
        stages = tuple(stage.objective for stage in self.reading.stages)
        return stages, tuple((io.kind, io.path, io.sources) for io in self.reading.io)


class Commands:
    """The processes of a run, each with its code.

    ``problem`` says why code could not be read; null as long as all could.
    """

    def __init__(self, history: History, revisions: Store, read: Reader) -> None:
        self.problem = revisions.problem
        self._history, self._revisions, self._read = history, revisions, read
        self._env = history.env()
        self._at_launches = any(revision.trigger == "launch" for revision in history.revisions)
        self._looks: dict[Process, tuple[Look, ...]] = {}
        self._readings: dict[tuple[str, tuple[str, ...], str], Reading] = {}
        self._parents = _parents(history.processes)
        self.observed = tuple(p for p in history.processes if not self._forked(p))
        """Processes that were seen, without those that only carry a part of their parent's work."""

    @cached_property
    def ran(self) -> tuple[Process, ...]:
        """All commands that ran, by start: those that were seen, then those that only steps tell of."""
        slack_s = self._history.lag_s
        unseen = [c for c in self._history.typed if not covered(c, self._history.processes, slack_s)]
        return tuple(sorted((*self.observed, *unseen), key=lambda process: process.started_s))

    def looks(self, process: Process) -> tuple[Look, ...]:
        """The readings that the times leave open, likeliest first; empty when no code can be read.

        A revision is recorded at a launch when the code changed since the one before. Older recorders waited
        some seconds: where the code differs between the last revision before a start and the first one after
        it, either may have been launched.
        """
        if process not in self._looks:
            self._looks[process] = self._possible(process)
        return self._looks[process]

    def present(self, at_s: float) -> list[tuple[Process, Look]]:
        """What each script of the code at a time would do if it was launched there, without arguments.

        At most ``MAX_SCRIPTS``; for models that no command seen can have written.
        """
        before, after = around(self._history.revisions, at_s)
        revision = before or after
        if revision is None:
            return []
        try:
            names = [name for name in self._revisions.files(revision.commit) if name.endswith(".py")]
        except RevisionError as error:
            self.problem = self.problem or str(error)
            return []
        scripts = (Process(0, None, ("python", name), "", at_s, at_s) for name in sorted(names)[:MAX_SCRIPTS])
        looks = ((script, self._look(script, revision)) for script in scripts)
        return [(script, look) for script, look in looks if look is not None]

    def outermost_left_out(self, processes: Iterable[Process]) -> list[Process]:
        """Those that launched none of the others: a session that runs a training is not the training."""
        given = list(processes)
        launchers = {above for process in given for above in self._above(process)}
        return [process for process in given if process not in launchers]

    def training(self) -> list[Process]:
        """Processes whose code trains, without those that merely launched another of them; by start."""
        return self.outermost_left_out(
            process for process in self.ran if any(look.reading.stages for look in self.looks(process))
        )

    def working(self) -> list[Process]:
        """Processes whose code trains, or loads or writes a model; none that launched another; by start."""
        return self.outermost_left_out(
            process
            for process in self.ran
            if any(look.reading.stages or look.reading.io for look in self.looks(process))
        )

    def _possible(self, process: Process) -> tuple[Look, ...]:
        before, after = around(self._history.revisions, process.launched_s)
        at_launch = after is not None and after.t_s - process.launched_s <= AT_LAUNCH_S
        sure = after if at_launch else before if self._at_launches else None
        look = self._look(process, sure) if sure else None
        if look is not None and look.reading.entry is not None:
            return (look,)
        pair = [self._look(process, revision) for revision in (before, after) if revision is not None]
        looks = [look for look in pair if look is not None]
        found = [look for look in looks if look.reading.entry is not None] or looks
        return tuple({look.substance: look for look in reversed(found)}.values())[::-1]

    def _look(self, process: Process, revision: Revision) -> Look | None:
        key = revision.commit, process.argv, process.cwd
        if key not in self._readings:
            command = Command(process.argv, process.cwd, self._env)
            try:
                files = self._revisions.files(revision.commit)
                self._readings[key] = self._read(files, command, commit=revision.commit)
            except RevisionError as error:
                self.problem = self.problem or str(error)
                return None
        return Look(revision.commit, self._readings[key])

    def _above(self, process: Process) -> list[Process]:
        found: list[Process] = []
        above = self._parents.get(process)
        while above is not None and above not in found:
            found.append(above)
            above = self._parents.get(above)
        return found

    def _forked(self, process: Process) -> bool:
        """Whether it has the command line of a process above it: a worker that loads data, say."""
        return any(above.argv == process.argv for above in self._above(process))


def around(revisions: Sequence[Revision], t_s: float) -> tuple[Revision | None, Revision | None]:
    """The last revision up to a time, and the first after it."""
    n = bisect_right(revisions, t_s, key=lambda revision: revision.t_s)
    return revisions[n - 1] if n else None, revisions[n] if n < len(revisions) else None


def _parents(processes: Sequence[Process]) -> Mapping[Process, Process | None]:
    """Who launched whom. Process numbers are used again: of several the last that had started by then."""
    numbered: dict[int, list[Process]] = {}
    for process in processes:
        numbered.setdefault(process.pid, []).append(process)
    found: dict[Process, Process | None] = {}
    for process in processes:
        launchers = numbered.get(process.ppid, []) if process.ppid is not None else []
        alive = [p for p in launchers if p.started_s <= process.started_s <= p.ended_s and p is not process]
        found[process] = alive[-1] if alive else None
    return found
