"""What the log of a command tells of the stages it went through until it wrote a model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property

from posttrace.analysis.routes.lineage.commands import Commands
from posttrace.analysis.routes.lineage.matching import Making
from posttrace.analysis.routes.record.folders import Folders, Said
from posttrace.analysis.routes.record.history import History, Logged, Process
from posttrace.analysis.routes.record.logs import ANY, agrees, bears, families, objectives, of_line, owners
from posttrace.analysis.routes.route import SUPERVISED, Evidence
from posttrace.analysis.routes.static import Stage


@dataclass(frozen=True)
class Told:
    """Families of metrics, each with a file that logged it."""

    before: Mapping[str, str] = field(default_factory=dict)
    """Read when the model was written: certainly logged before."""
    by_then: Mapping[str, str] = field(default_factory=dict)
    """Read soon after: possibly logged before."""
    ever: Mapping[str, str] = field(default_factory=dict)
    """Logged while the command ran."""
    said: Said = field(default_factory=Said)
    """What the files beside the model say."""

    @classmethod
    def of(cls, lines: Iterable[Logged]) -> Told:
        """The same at all times."""
        found = families(lines)
        return cls(found, found, found)

    def fits(self, stages: Sequence[Stage], *, weak: bool = False) -> bool:
        """Whether nothing that was logged before contradicts these stages; see ``logs.bears``."""
        trained = [stage.objective for stage in stages]
        if not stages or "unknown" in trained:
            return True  # nothing to compare with
        if self.said.objective and not any(_by_trainer(o, self.said.objective) for o in trained):
            return False
        return bears(trained, {*self.before, *self.said.logged}, weak=weak)

    def begun(self, stages: Sequence[Stage]) -> bool:
        """Whether none of these stages logged only later."""
        trained = [stage.objective for stage in stages]
        return all(agrees(o, self.by_then) for o in trained if agrees(o, self.ever))

    def confirms(self, stages: Sequence[Stage]) -> bool:
        """Whether the log, or what lies beside the model, has what each of these stages leaves."""
        found = {*self.by_then, *self.said.logged}
        return all(agrees(stage.objective, found) or self._trainer(stage) for stage in stages)

    @property
    def objectives(self) -> tuple[str, ...]:
        """What logs such metrics, first what the trainer's settings are of."""
        named = (self.said.objective,) if self.said.objective else ()
        return tuple(dict.fromkeys((*named, *objectives({*self.ever, *self.said.logged}))))

    @property
    def facts(self) -> tuple[Evidence, ...]:
        """The log as evidence, and what lies beside the model."""
        if not self.by_then:
            return self.said.facts
        kinds = " and ".join(self.by_then)
        logged = Evidence("log", f"it logged metrics of {kinds}", next(iter(self.by_then.values())))
        return (logged, *self.said.facts)

    def _trainer(self, stage: Stage) -> bool:
        return self.said.objective is not None and _by_trainer(stage.objective, self.said.objective)


def _by_trainer(objective: str, trainer: str) -> bool:
    """Whether a trainer of one objective may train on another: one for given tokens takes any tokens."""
    return objective in (trainer, ANY) or (
        trainer == "sft" and objective in SUPERVISED | {"pretrain", "distill"}
    )


class Logs:
    """Who logged what in a run."""

    def __init__(self, history: History, commands: Commands, folders: Folders) -> None:
        self._history, self._commands, self._folders = history, commands, folders

    def of(self, process: Process) -> Sequence[Logged]:
        """The lines that only this command can have logged."""
        return self._owned.get(process, ())

    def told(self, making: Making, until_s: float) -> Told:
        """What a command logged, and what of it until it wrote a model.

        What was read soon after its start may be of a short command before it that nobody saw: it may
        confirm, and does not contradict.
        """
        lines, lag_s = self.of(making.process), self._history.lag_s
        own_s = making.process.started_s + lag_s
        ever = families(lines)
        before = _among(line for line in lines if own_s < line.t_s <= until_s)
        by_then = _among(line for line in lines if line.t_s <= until_s + lag_s)
        own = making.io is None or making.io.kind == "write"
        return Told(
            said=self._folders.of(making.version) if own else Said(),
            before={kind: source for kind, source in ever.items() if kind in before},
            by_then={kind: source for kind, source in ever.items() if kind in by_then},
            ever=ever,
        )

    @cached_property
    def _owned(self) -> Mapping[Process, Sequence[Logged]]:
        workers = self._commands.working()
        data = self._data(workers)
        lines = [line for line in self._history.logged if not any(fnmatchcase(line.source, d) for d in data)]
        return owners(lines, workers, self._history.lag_s)

    def _data(self, workers: Iterable[Process]) -> set[str]:
        """Patterns of the files that trainings learn from: no logs, whatever their keys."""
        stages = (stage for p in workers for look in self._commands.looks(p) for stage in look.reading.stages)
        return {path for stage in stages for path in data_paths(stage)}


def _among(lines: Iterable[Logged]) -> set[str]:
    return {name for line in lines for name in of_line(line.keys)}


def data_paths(stage: Stage) -> list[str]:
    """Patterns of the files that a stage learns from."""
    return [path.strip() for path in stage.attributes.get("data_path", "").split(",") if path.strip()]
