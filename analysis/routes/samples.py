"""Training data that the run made itself: by which command, from which model, and whether by reward."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from fnmatch import fnmatchcase

from posttrace.analysis.routes.commands import Commands, Look
from posttrace.analysis.routes.history import History, Process
from posttrace.analysis.routes.lineage import Lineage
from posttrace.analysis.routes.logs import families, family, logged_by
from posttrace.analysis.routes.route import Evidence
from posttrace.analysis.routes.static import Stage


@dataclass(frozen=True)
class Samples:
    """A file of training data that a command of the run wrote after it had loaded a model."""

    models: tuple[str, ...]
    """Weights that it can have sampled from."""
    rewarded: bool
    """Whether rewards were logged with it: the samples were scored."""
    evidence: Evidence


def samples(
    stage: Stage, before_s: float, history: History, commands: Commands, lineage: Lineage
) -> Samples | None:
    """Where the data of a stage that began at ``before_s`` came from; null when no command is seen to."""
    patterns = [path.strip() for path in stage.attributes.get("data_path", "").split(",") if path.strip()]
    for pattern in patterns:
        for process in reversed(history.processes):
            path = _named(process, pattern, history)
            if path is None or process.started_s >= before_s or not _changed(path, process, history):
                continue
            for look in commands.looks(process):
                if found := _by(process, look, path, history, lineage):
                    return found
    return None


def _by(process: Process, look: Look, path: str, history: History, lineage: Lineage) -> Samples | None:
    reads = [io for io in look.reading.io if io.kind == "read"]
    held = [version for io in reads for version in lineage.held(io.path, process.started_s)]
    if look.reading.stages or not held:
        return None
    trained = [version for version in held if not version.given] or held
    own = any(line.source == path and family(line.keys) == "reward" for line in history.logged)
    beside = "reward" in families(logged_by(process, history.logged, history.lag_s))
    says = f"{path} was written by a command that loaded {trained[-1].path}: {' '.join(process.argv)[:120]}"
    return Samples(
        models=tuple(dict.fromkeys(version.weights for version in trained)),
        rewarded=own or beside,
        evidence=Evidence("own_samples", says, look.reading.entry, commit=look.commit),
    )


def _named(process: Process, pattern: str, history: History) -> str | None:
    """The file of a pattern that a command line names."""
    for word in process.argv[1:]:
        value = word.partition("=")[2] if word.startswith("-") else word
        path = history.relative(posixpath.join(history.root or "", process.cwd, value)) if value else ""
        if path and fnmatchcase(path, pattern):
            return path
    return None


def _changed(path: str, process: Process, history: History) -> bool:
    """Whether a revision shows that the file is new or different while or just after a command ran."""
    end_s = process.ended_s + history.lag_s
    return any(
        path in revision.changed
        for revision in history.revisions
        if process.started_s <= revision.t_s <= end_s
    )
