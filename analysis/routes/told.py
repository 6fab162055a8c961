"""What the log of a command tells of the stages it went through until it wrote a model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from posttrace.analysis.routes.commands import Commands
from posttrace.analysis.routes.history import History, Logged
from posttrace.analysis.routes.lineage import Making
from posttrace.analysis.routes.logs import OBJECTIVES, Family, agrees, families, logged_by
from posttrace.analysis.routes.route import Evidence
from posttrace.analysis.routes.static import Stage


@dataclass(frozen=True)
class Told:
    """Families of metrics, each with a file that logged it."""

    before: Mapping[Family, str] = field(default_factory=dict)
    """Read when the model was written: certainly logged before."""
    by_then: Mapping[Family, str] = field(default_factory=dict)
    """Read soon after: possibly logged before."""
    ever: Mapping[Family, str] = field(default_factory=dict)
    """Logged while the command ran."""

    @classmethod
    def of(cls, lines: Iterable[Logged]) -> Told:
        """The same at all times."""
        found = families(lines)
        return cls(found, found, found)

    def allows(self, stages: Sequence[Stage]) -> bool:
        """Whether these stages explain what was logged before, and what they would log was not only later."""
        objectives = [stage.objective for stage in stages if stage.objective != "unknown"]
        if not stages or len(objectives) < len(stages):
            return True  # vetoed elsewhere, or nothing to compare with
        explained = all(any(o in OBJECTIVES[kind] for o in objectives) for kind in self.before)
        in_time = all(agrees(o, self.by_then) for o in objectives if agrees(o, self.ever))
        return explained and in_time

    def confirms(self, stages: Sequence[Stage]) -> bool:
        """Whether the log has what each of these stages logs."""
        return all(agrees(stage.objective, self.by_then) for stage in stages)

    @property
    def objectives(self) -> tuple[str, ...]:
        """What logs such metrics."""
        return tuple(dict.fromkeys(o for kind in self.ever for o in OBJECTIVES[kind]))

    @property
    def fact(self) -> Evidence | None:
        """The log as evidence."""
        if not self.by_then:
            return None
        kinds = " and ".join(self.by_then)
        return Evidence("log", f"it logged metrics of {kinds}", next(iter(self.by_then.values())))


def told(making: Making, history: History, commands: Commands) -> Told:
    """What was logged by the command that wrote a model; nothing where another training ran beside it."""
    process = making.process
    if not making.seen:
        return Told()
    beside = commands.outermost_left_out([process, *commands.training()])
    rivals = [p for p in beside if p is not process and p.ran_in(process.started_s, process.ended_s)]
    if rivals:
        return Told()
    lines = logged_by(process, history.logged, history.lag_s)
    written_s = making.version.window[1]
    return Told(
        before=families(line for line in lines if line.t_s <= written_s),
        by_then=families(line for line in lines if line.t_s <= written_s + history.lag_s),
        ever=families(lines),
    )
