"""From a model back to the command that wrote it, and from that to the models it started from."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from posttrace.analysis.routes.commands import Commands, Look
from posttrace.analysis.routes.history import History, Process
from posttrace.analysis.routes.models import Version
from posttrace.analysis.routes.static import CheckpointIO, Reading

_FILES: Final = (".safetensors", ".json", ".bin", ".pt", ".pth", ".npz")
"""Files that lie in a model folder and stand for it."""
_MAKES: Final = frozenset({"write", "merge", "copy"})


@dataclass(frozen=True)
class Making:
    """A command that wrote a model, or may have."""

    process: Process
    look: Look
    version: Version | None = None
    """The folder that it wrote; null to ask for what a command began with."""
    io: CheckpointIO | None = None
    """The line that writes this folder; null when it is only the sole training that ran then."""
    seen: bool = True
    """Whether the command was seen to run; else it is a script that was there and would have written it."""

    @property
    def written_s(self) -> float:
        """When the model was written, at the latest."""
        return self.version.window[1] if self.version else self.process.ended_s

    @property
    def own(self) -> str | None:
        """The weights it wrote."""
        return self.version.weights if self.version else None


@dataclass(frozen=True)
class Origin:
    """Models that a command started from: of a merge all of them, else one."""

    parents: tuple[str, ...]
    """Weights."""
    read: CheckpointIO | None
    """The line that reads them; null when the base is all there was."""


class Lineage:
    """Who made which model of a run."""

    def __init__(self, history: History, commands: Commands) -> None:
        self._history, self._commands = history, commands
        self._paths: dict[str, list[Version]] = {}
        for version in history.versions:
            self._paths.setdefault(version.path, []).append(version)

    def makings(self, weights: str) -> tuple[Making, ...]:
        """The commands that may have written these weights; of one, its readings that fit.

        A command counts whose code writes the folder and that ran when it was written; where there is none,
        the only training that ran then, if it leaves open where it writes; at last the scripts that were
        there. Later folders with the same weights are copies, so the first with an answer decides.
        """
        versions = [version for version in self._history.of(weights) if not version.given]
        for explain in (self._named, self._alone, self._present):
            for version in versions:
                if found := explain(version):
                    return found
        return ()

    def origins(self, making: Making) -> tuple[Origin, ...]:
        """What the command started from, as far as its code and the times tell; several when unclear."""
        io = making.io
        if io is not None and io.kind != "write":
            sources = [self._held(source, making) for source in io.sources]
            chosen = [versions[-1].weights for versions in sources if versions]
            known = len(chosen) == len(io.sources) and chosen
            return (Origin(tuple(dict.fromkeys(chosen)), io),) if known else ()
        reads = [entry for entry in making.look.reading.io if entry.kind == "read"]
        found = [(self._held(entry.path, making), entry) for entry in reads]
        there = [(version, entry) for versions, entry in found for version in versions]
        if not there:
            return () if reads else self._unread(making)
        # A base that is read beside another model gives the tokenizer, or is the reference.
        named = [(version, entry) for version, entry in there if not version.given and _literal(entry)]
        options = {version.weights: entry for version, entry in named or there}
        return tuple(Origin((weights,), entry) for weights, entry in options.items())

    def last(self, making: Making) -> bool:
        """Whether no folder that the command writes was written again later, while it ran."""
        later = (
            version
            for version in self._history.versions
            if version.window[1] > making.written_s and version.weights != making.own
        )
        reading, process = making.look.reading, making.process
        return not any(process.ran_in(*v.window) and writers(reading, v.path) for v in later)

    def _unread(self, making: Making) -> tuple[Origin, ...]:
        """Without a line that reads a model: every model that was there is possible."""
        there = self.held("*", making.process.started_s, making.own)
        return tuple(Origin((weights,), None) for weights in dict.fromkeys(v.weights for v in there))

    def _named(self, version: Version) -> tuple[Making, ...]:
        ran = [p for p in self._history.processes if p.ran_in(*version.window)]
        fits = {p: found for p in ran if (found := self._writing(p, version))}
        last = self._commands.outermost_left_out(fits)
        found = [making for process in last for making in fits[process]]
        best = max((_literal(making.io) for making in found), default=0)
        return tuple(making for making in found if _literal(making.io) == best)

    def _writing(self, process: Process, version: Version) -> list[Making]:
        return [
            Making(process, look, version, io)
            for look in self._commands.looks(process)
            for io in writers(look.reading, version.path)
        ]

    def _alone(self, version: Version) -> tuple[Making, ...]:
        training = [p for p in self._commands.training() if p.ran_in(*version.window)]
        if len(training) != 1:
            return ()
        looks = self._commands.looks(training[0])
        return tuple(Making(training[0], look, version, None) for look in looks if _leaves_open(look.reading))

    def _present(self, version: Version) -> tuple[Making, ...]:
        """Processes are sampled: a short command may have run unseen.

        Not where a training ran that may have written any folder: a script that lies there is weaker.
        """
        ran = [p for p in self._commands.training() if p.ran_in(*version.window)]
        if any(_leaves_open(look.reading) for process in ran for look in self._commands.looks(process)):
            return ()
        return tuple(
            Making(script, look, version, io, seen=False)
            for script, look in self._commands.present(version.window[1])
            for io in writers(look.reading, version.path)
        )

    def held(self, pattern: str, at_s: float, but: str | None = None) -> list[Version]:
        """What the folders of a pattern can have held at a time, other than certain weights."""
        found: dict[str, Version] = {}
        for version in self._placed(pattern):
            if version.weights != but and version.may_exist(at_s) and matches(version.path, pattern):
                found[version.path] = version
        return list(found.values())

    def _placed(self, pattern: str) -> Iterable[Version]:
        """At least the versions that a pattern stands for; a pattern without a gap names its folder."""
        if "*" in pattern:
            return self._history.versions
        path = posixpath.normpath(pattern)
        return (*self._paths.get(path, ()), *self._paths.get(posixpath.dirname(path), ()))

    def _held(self, pattern: str, making: Making) -> list[Version]:
        """What the folders of a pattern held when the command started; else what it found later."""
        before = self.held(pattern, making.process.started_s, making.own)
        return before or self.held(pattern, making.written_s, making.own)


def writers(reading: Reading, path: str) -> list[CheckpointIO]:
    """The lines of a command that write a folder: the most specific ones.

    A copy of what the command itself wrote before counts as that writing.
    """
    made = [io for io in reading.io if io.kind in _MAKES]
    fits = [io for io in made if matches(path, io.path) and _literal(io)]
    best = max(map(_literal, fits), default=0)
    found: dict[CheckpointIO, None] = {}
    for io in fits:
        if _literal(io) == best:
            own = [other for other in made if io.kind == "copy" and matches(other.path, io.sources[0])]
            found.update(dict.fromkeys(other for other in own or [io] if other.kind != "copy" or not own))
    return list(found)


def matches(path: str, pattern: str) -> bool:
    """Whether a pattern stands for a folder, itself or by a file or folder in it."""
    literal = posixpath.normpath(pattern).replace("[", "[[]").replace("?", "[?]")
    folder, name = posixpath.split(literal)
    return fnmatchcase(path, literal) or (name.endswith(_FILES) and fnmatchcase(path, folder))


def _literal(io: CheckpointIO | None) -> int:
    """How much of a pattern is known."""
    return 0 if io is None else len(io.path.replace("*", "").strip("/"))


def _leaves_open(reading: Reading) -> bool:
    """Whether a training may have written a folder that no line of it names."""
    writes: Sequence[CheckpointIO] = [io for io in reading.io if io.kind in _MAKES]
    return bool(reading.stages) and (not writes or any("*" in io.path for io in writes))
