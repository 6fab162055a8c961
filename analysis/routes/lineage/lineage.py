"""From a model back to the command that wrote it, and from that to the models it started from."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from dataclasses import dataclass, replace

from posttrace.analysis.routes.lineage.commands import Commands
from posttrace.analysis.routes.lineage.matching import (
    MAKES,
    Making,
    leaves_open,
    likeliest,
    literal,
    matches,
    writers,
)
from posttrace.analysis.routes.lineage.outside import from_outside
from posttrace.analysis.routes.record.folders import Folders
from posttrace.analysis.routes.record.history import History, Process
from posttrace.analysis.routes.record.models import Version
from posttrace.analysis.routes.route import AUXILIARY
from posttrace.analysis.routes.static import CheckpointIO


@dataclass(frozen=True)
class Origin:
    """Models that a command started from: of a merge all of them, else one."""

    parents: tuple[str, ...]
    """Weights."""
    read: CheckpointIO | None
    """The line that reads them; null when the base is all there was."""


class Lineage:
    """Who made which model of a run."""

    def __init__(self, history: History, commands: Commands, folders: Folders) -> None:
        self._history, self._commands, self._folders = history, commands, folders
        self._unseen: dict[str, Version] = {}
        self._paths: dict[str, list[Version]] = {}
        for version in history.versions:
            self._paths.setdefault(version.path, []).append(version)

    def of(self, weights: str) -> tuple[Version, ...]:
        """Every folder that held these weights, in order of time; also where nobody saw them."""
        unseen = self._unseen.get(weights)
        return self._history.of(weights) if unseen is None else (unseen,)

    def makings(self, weights: str) -> tuple[Making, ...]:
        """The commands that may have written these weights; of one, its readings that fit.

        A command counts whose code writes the folder and that ran when it was written, as it was seen or as
        the agent's steps tell; where there is none, the only training that ran then, if it leaves open where
        it writes; then the same for whenever the folder can have been written, if its date is wrong; at last
        the scripts that were there. Later folders with the same weights are copies, so the first with an
        answer decides.
        """
        versions = [version for version in self.of(weights) if not version.given]
        undated = [replace(version, written_s=None) for version in versions if version.dated]
        rules = [(self._named, versions), (self._typed, versions), (self._alone, versions)]
        for explain, asked in (*rules, (self._named, undated), (self._present, versions)):
            for version in asked:
                if found := likeliest(explain(version)):
                    return found
        return ()

    def origins(self, making: Making) -> tuple[Origin, ...]:
        """What the command started from, as far as its code and the times tell; several when unclear.

        Where that is nothing or too much, what the folder's own configuration names as its parent.
        """
        found = self._by_code(making)
        named = self._folders.of(making.version).parent if len(found) != 1 else None
        held = self._held(self._history.relative(named), making) if named else []
        parents = {version.weights for version in held}
        if not found:
            return tuple(Origin((weights,), None) for weights in parents)
        return tuple(origin for origin in found if parents.issuperset(origin.parents)) or found

    def _by_code(self, making: Making) -> tuple[Origin, ...]:
        io = making.io
        if io is not None and io.kind != "write":
            sources = [self._held(source, making) for source in io.sources]
            chosen = [versions[-1].weights for versions in sources if versions]
            known = len(chosen) == len(io.sources) and chosen
            return (Origin(tuple(dict.fromkeys(chosen)), io),) if known else ()
        reads = self._reads(making)
        found = [(self._held(entry.path, making), entry) for entry in reads]
        all_ = [(version, entry) for versions, entry in found for version in versions]
        there = [(version, entry) for version, entry in all_ if not self._scores(version)] or all_
        if not there:
            return () if reads else self._unread(making)
        # A base that is read beside another model gives the tokenizer, or is the reference.
        named = [(version, entry) for version, entry in there if not version.given and literal(entry)]
        # A published model beside the base is its judge, or its teacher.
        local = [(version, entry) for version, entry in there if version.weights not in self._unseen]
        options = {version.weights: entry for version, entry in named or local or there}
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

    def held(self, pattern: str, at_s: float, but: str | None = None) -> list[Version]:
        """What the folders of a pattern can have held at a time, other than certain weights.

        Of one folder that is the last version that was surely written by then, and those that may have been.
        """
        found: dict[str, list[Version]] = {}
        for version in self._placed(pattern):
            if version.weights != but and version.may_exist(at_s) and matches(version.path, pattern):
                here = found.setdefault(version.path, [])
                if version.given or version.window[1] <= at_s:
                    here.clear()
                here.append(version)
        return [version for versions in found.values() for version in versions]

    def _scores(self, version: Version) -> bool:
        """Whether a model is a scorer: read beside another one it judges, and is no parent."""
        if version.given:
            return False
        trained = [making.look.reading.stages for making in self.makings(version.weights)]
        return bool(trained) and all(
            stages and all(stage.objective == AUXILIARY for stage in stages) for stages in trained
        )

    def _reads(self, making: Making) -> list[CheckpointIO]:
        """The lines that read a model, without those that read what the command wrote before."""
        found: list[CheckpointIO] = []
        written: list[str] = []
        for io in making.look.reading.io:
            if io.kind in MAKES:
                written.append(io.path)
            elif not any("*" not in path and matches(io.path, path) for path in written):
                found.append(io)
        return found

    def _unread(self, making: Making) -> tuple[Origin, ...]:
        """Without a line that reads a model: every model that was there is possible."""
        there = self.held("*", making.process.started_s, making.own)
        return tuple(Origin((weights,), None) for weights in dict.fromkeys(v.weights for v in there))

    def _named(self, version: Version) -> tuple[Making, ...]:
        return self._of(self._commands.observed, version)

    def _typed(self, version: Version) -> tuple[Making, ...]:
        return self._of(self._history.typed, version)

    def _of(self, processes: Iterable[Process], version: Version) -> tuple[Making, ...]:
        ran = [p for p in processes if p.ran_in(*version.window)]
        fits = {p: found for p in ran if (found := self._writing(p, version))}
        last = self._commands.outermost_left_out(fits)
        found = [making for process in last for making in fits[process]]
        best = max((literal(making.io) for making in found), default=0)
        return tuple(making for making in found if literal(making.io) == best)

    def _writing(self, process: Process, version: Version) -> list[Making]:
        return [
            Making(process, look, version, io)
            for look in self._commands.looks(process)
            for io in writers(look.reading, version.path)
        ]

    def _alone(self, version: Version) -> tuple[Making, ...]:
        training = [p for p in self._commands.training() if p.ran_in(*version.window)]
        able = [p for p in training if version.dated or not p.died]
        if len({(p.argv, p.cwd, p.ppid) for p in able}) != 1:  # the ranks of one training are one
            return ()
        looks = self._commands.looks(able[0])
        return tuple(Making(able[0], look, version, None) for look in looks if leaves_open(look.reading))

    def _present(self, version: Version) -> tuple[Making, ...]:
        """Processes are sampled: a short command may have run unseen.

        Not where a training ran that may have written any folder: a script that lies there is weaker.
        """
        ran = [p for p in self._commands.training() if p.ran_in(*version.window)]
        if any(leaves_open(look.reading) for process in ran for look in self._commands.looks(process)):
            return ()
        return tuple(
            Making(script, look, version, io, seen=False)
            for script, look in self._commands.present(version.window[1])
            for io in writers(look.reading, version.path)
        )

    def _placed(self, pattern: str) -> Iterable[Version]:
        """At least the versions that a pattern stands for; a pattern without a gap names its folder."""
        if "*" in pattern:
            return self._history.versions
        path = posixpath.normpath(pattern)
        return (*self._paths.get(path, ()), *self._paths.get(posixpath.dirname(path), ()))

    def _held(self, pattern: str, making: Making) -> list[Version]:
        """What the folders of a pattern held when the command started; else what it found later.

        What nobody saw, because it was deleted soon or is in another format, an earlier command may write;
        it may also be the base, or another published model, from outside of the workspace.
        """
        start_s, named = making.process.started_s, "*" not in pattern
        before = [version for version in self.held(pattern, start_s, making.own) if _older(version, making)]
        sure = any(version.given or version.window[1] <= start_s for version in before)
        unseen = self._written_before(pattern, making) if named and not sure else []
        if before and unseen and all(self._wrote(unseen[0], version) for version in before):
            unseen = []  # they are the same model
        found = [*before, *unseen] or self.held(pattern, making.written_s, making.own)
        outside = from_outside(pattern, self._history) if named and not found else None
        if outside is not None and not self._history.of(outside.weights):
            self._unseen[outside.weights] = outside
        return found if outside is None else [outside]

    def _wrote(self, unseen: Version, version: Version) -> bool:
        """Whether the command of a model that nobody saw can have written this version instead."""
        return version == self.of(version.weights)[0] and any(
            making.process.started_s == unseen.after_s for making in self.makings(version.weights)
        )

    def _written_before(self, path: str, making: Making) -> list[Version]:
        """The model that the last command before this one wrote to a folder, if its code does."""
        for process in reversed(self._commands.ran):
            if process.started_s >= making.process.started_s or process.died:
                continue
            end_s = min(process.ended_s, making.process.started_s)
            weights = f"unseen {path} of {process.started_s:.3f} s"
            version = Version(posixpath.normpath(path), weights, process.started_s, end_s, end_s)
            if any(io.kind != "copy" for io in self._lines(process, version)):
                self._unseen[weights] = version
                return [version]
            copies = [io for io in self._lines(process, version) if io.kind == "copy"]
            if copies:
                return self._held(copies[0].sources[0], Making(process, self._commands.looks(process)[0]))
        return []

    def _lines(self, process: Process, version: Version) -> list[CheckpointIO]:
        return [making.io for making in self._writing(process, version) if making.io is not None]


def _older(version: Version, making: Making) -> bool:
    """Whether a version can have been there before the command wrote its own."""
    return making.version is None or version.given or version.after_s < making.version.seen_s
