"""Training data that the run made itself: by which command, from which model, and whether by reward."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from fnmatch import fnmatchcase

from posttrace.analysis.routes.lineage.commands import AT_LAUNCH_S, Commands, Look
from posttrace.analysis.routes.lineage.lineage import Lineage
from posttrace.analysis.routes.lineage.told import Logs, data_paths
from posttrace.analysis.routes.record.history import History, Process
from posttrace.analysis.routes.record.logs import families, of_line
from posttrace.analysis.routes.route import AUXILIARY, Evidence
from posttrace.analysis.routes.static import Stage


@dataclass(frozen=True)
class Samples:
    """A file of training data that a command of the run wrote after it had loaded a model."""

    models: tuple[str, ...]
    """Weights that it can have sampled from."""
    rewarded: bool
    """Whether rewards were logged with it: the samples were scored."""
    evidence: Evidence


class Sampling:
    """Which data of a run came from its own models."""

    def __init__(self, history: History, commands: Commands, lineage: Lineage, logs: Logs) -> None:
        self._history, self._commands, self._lineage, self._logs = history, commands, lineage, logs

    def of(self, stage: Stage, learner: Process) -> Samples | None:
        """Where the data of a stage of ``learner`` came from; null when no command before it is seen to."""
        for pattern in data_paths(stage):
            for process in reversed(self._history.processes):
                path = self._named(process, pattern)
                if path is None or process.started_s >= learner.started_s or not self._changed(path, process):
                    continue
                for look in self._commands.looks(process):
                    if found := self._by(process, look, path):
                        return found
        return None

    def unseen(self, stage: Stage, learner: Process) -> Evidence | None:
        """A script that may have drawn the data of a stage although nobody saw it run.

        Null when the data was there before the agent began, or when no script of the code draws any.
        """
        before = [r for r in self._history.revisions if r.t_s <= learner.started_s + AT_LAUNCH_S]
        appeared = {path for revision in before for path in revision.changed}
        new = [path for pattern in data_paths(stage) for path in appeared if fnmatchcase(path, pattern)]
        for _, look in self._commands.present(learner.started_s + AT_LAUNCH_S) if new else ():
            if look.reading.sampled:  # where to, its arguments would tell
                says = f"{min(new)} is new, nobody was seen to write it, and this script keeps what it draws"
                return Evidence("unseen_samples", says, look.reading.entry, commit=look.commit)
        return None

    def _by(self, process: Process, look: Look, path: str) -> Samples | None:
        reads = [io for io in look.reading.io if io.kind == "read"]
        held = [version for io in reads for version in self._lineage.held(io.path, process.started_s)]
        learns = any(stage.objective != AUXILIARY for stage in look.reading.stages)
        if learns or not held:
            return None
        loaded = [version for version in held if not version.given] or held
        within = any(line.source == path and "reward" in of_line(line.keys) for line in self._history.logged)
        says = f"{path} is of a command that loaded {loaded[-1].path}: {process.typed}"
        return Samples(
            models=tuple(dict.fromkeys(version.weights for version in loaded)),
            rewarded=within or "reward" in families(self._logs.of(process)),
            evidence=Evidence("own_samples", says, look.reading.entry, commit=look.commit),
        )

    def _named(self, process: Process, pattern: str) -> str | None:
        """The file of a pattern that a command line names."""
        root = self._history.root or ""
        for word in process.argv[1:]:
            value = word.partition("=")[2] if word.startswith("-") else word
            path = self._history.relative(posixpath.join(root, process.cwd, value)) if value else ""
            if path and fnmatchcase(path, pattern):
                return path
        return None

    def _changed(self, path: str, process: Process) -> bool:
        """Whether a revision shows that the file is new or different while or just after a command ran."""
        end_s = process.ended_s + self._history.lag_s
        seen = [r for r in self._history.revisions if process.started_s <= r.t_s <= end_s]
        return any(path in revision.changed for revision in seen)
