"""Every way in which a model can have come about, step by step, that the record leaves open."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice, product
from typing import Final

from posttrace.analysis.routes.lineage.commands import Commands
from posttrace.analysis.routes.lineage.lineage import Lineage, Origin
from posttrace.analysis.routes.lineage.matching import Making
from posttrace.analysis.routes.lineage.samples import Sampling
from posttrace.analysis.routes.lineage.steps import Step, cuts_of, lost, policy, started, step_of, wrote
from posttrace.analysis.routes.lineage.told import Logs, Told
from posttrace.analysis.routes.record.folders import Folders
from posttrace.analysis.routes.record.history import History
from posttrace.analysis.routes.record.models import BASE
from posttrace.analysis.routes.route import AUXILIARY, UNKNOWN, Evidence
from posttrace.analysis.routes.static import Stage

MOST: Final = 12
"""Ways that are followed; where there are more, nothing is known anyway."""


Sources = tuple[tuple[Making, tuple[Origin, ...]], ...]
"""Commands that may have written a model, each with what it may have started from."""
Way = tuple[Step, ...]
"""From the base, or another model that was given, to the model asked for."""


class Ways:
    """The ways to each model of a run."""

    def __init__(self, history: History, commands: Commands, folders: Folders) -> None:
        self._history, self._commands = history, commands
        self.lineage, self.logs = Lineage(history, commands, folders), Logs(history, commands, folders)
        self._sampling = Sampling(history, commands, self.lineage, self.logs)
        self._made: dict[str, Sources] = {}
        self._known: dict[str, tuple[Way, ...]] = {}
        self._open: list[str] = []
        self._cut: set[str] = set()
        """Models that are open and would have been their own parents."""

    def tried(self) -> tuple[str, ...]:
        """Objectives of the trainings that ran, by start; where the code leaves it open, ``unknown``."""
        found: dict[str, None] = {}
        for process in self._commands.training():
            makings = [Making(process, look) for look in self._commands.looks(process)]
            ranked = [found for making in makings for found in self._tried(making)]
            best = min((rank for rank, _ in ranked), default=0)
            found.update({AUXILIARY: None} if any(map(_scores, makings)) else {})
            options = {tuple(s.objective for s in step.stages): None for rank, step in ranked if rank == best}
            found.update(dict.fromkeys(next(iter(options)) if len(options) == 1 else (UNKNOWN,)))
        return tuple(found)

    def _tried(self, making: Making) -> list[tuple[int, Step]]:
        """A command as a whole, for each model it may have begun with, and its rank as in ``_steps``."""
        stages = policy(making.look.reading.stages)
        log = self.logs.told(making, making.process.ended_s)
        if not log.fits(stages):
            return []
        step, rank = Step(stages, "B", ()), int(not log.fits(stages, weak=True))
        origins = self.lineage.origins(making)
        return [(rank, self._with_samples(step, making, origin)) for origin in origins] or [(rank, step)]

    def to(self, weights: str) -> tuple[Way, ...]:
        """At least one way; what cannot be derived is a step of the objective ``unknown``."""
        if weights not in self._known and not self._open:
            for older in reversed(self._before(weights)):  # a long chain is too deep to recurse
                self._resolve(older)
        return self._resolve(weights)

    def _resolve(self, weights: str) -> tuple[Way, ...]:
        if weights == BASE or any(version.given for version in self.lineage.of(weights)):
            return ((),)
        if weights in self._known:
            return self._known[weights]
        outer, self._cut = self._cut, set()
        self._open.append(weights)
        found = tuple(islice(self._through_makings(weights), MOST)) or ((self._unexplained(weights),),)
        self._open.remove(weights)
        self._cut.discard(weights)
        if not self._cut:  # else it holds only on the way to what is open now
            self._known[weights] = found
        self._cut |= outer
        return found

    def _through_makings(self, weights: str) -> Iterator[Way]:
        sources = self._sources(weights)
        ranked = [(making, origins, *step) for making, origins in sources for step in self._steps(making)]
        best = min((rank for _, _, rank, _ in ranked), default=0)
        steps = [(making, origins, step) for making, origins, rank, step in ranked if rank == best]
        vetoed = [(making, origins, self._vetoed(making)) for making, origins in sources[:1] if not steps]
        for making, origins, step in steps or vetoed:
            if not origins:
                yield lost(making), step
            for origin in origins:
                if cut := set(origin.parents) & set(self._open):
                    self._cut |= cut
                    continue
                begun = self._with_samples(step, making, origin)
                parents = [self._resolve(parent) for parent in origin.parents]
                for ways in islice(product(*parents), MOST):
                    yield (*joined(ways), started(begun, origin, making, self.lineage))

    def _with_samples(self, step: Step, making: Making, origin: Origin) -> Step:
        """The step, where it learns from samples that another command of the run drew from a model.

        Those of the model itself, or of one it came from, make it ``rft`` when they were scored; of another
        model, ``sft`` on a teacher's text.
        """
        if len(step.stages) != 1 or step.stages[0].objective != "sft":
            return step
        (stage,) = step.stages
        found = self._sampling.of(stage, making.process)
        if found is None:
            unseen = self._sampling.unseen(stage, making.process)
            return step if unseen is None else _unsure(step, unseen)
        facts = (*step.evidence, found.evidence)
        before = (weights for parent in origin.parents for weights in self._before(parent))
        line = {BASE, *origin.parents, *before}
        if not line.intersection(found.models):
            return replace(step, evidence=facts, attributes={**step.attributes, "data": "distill_text"})
        if not found.rewarded:
            return _unsure(step, found.evidence)
        own = Stage("rft", stage.evidence, {**stage.attributes, "data": "self+filter"})
        return replace(step, stages=(own,), evidence=(found.evidence, *step.evidence))

    def _sources(self, weights: str) -> Sources:
        """Of several commands those that found what they read: one that did not ended in an error."""
        if weights not in self._made:
            found = [(making, self.lineage.origins(making)) for making in self.lineage.makings(weights)]
            able = [(making, origins) for making, origins in found if origins]
            self._made[weights] = tuple(able or found)
        return self._made[weights]

    def _before(self, weights: str) -> dict[str, None]:
        """Every model that a model can have come from, the nearest first."""
        found: dict[str, None] = {}
        open_ = [weights]
        for current in open_:
            parents = (p for _, origins in self._sources(current) for o in origins for p in o.parents)
            new = [parent for parent in dict.fromkeys(parents) if parent not in found and parent != weights]
            found.update(dict.fromkeys(new))
            open_ += new
        return found

    def _steps(self, making: Making) -> list[tuple[int, Step]]:
        """What the command did until it wrote the model: each reading of its stages that its log allows.

        The rank is 1 for what only weak signs of the log speak against, else 0.
        """
        log = self.logs.told(making, making.written_s)
        cuts = cuts_of(making, log, self.lineage)
        fitting = [stages for stages in cuts if log.fits(stages)]
        options = [stages for stages in fitting if log.begun(stages)] or fitting
        reading, copied = making.look.reading, making.io is not None and making.io.kind != "write"
        if not reading.stages and not copied and (log.ever or reading.problems):
            return []
        return [(int(not log.fits(stages, weak=True)), step_of(making, stages, log)) for stages in options]

    def _vetoed(self, making: Making) -> Step:
        """The command wrote the model, but its code does not tell how, or its log says otherwise."""
        reading, log = making.look.reading, self.logs.told(making, making.written_s)
        says = "; ".join(reading.problems) or "what was logged does not fit what its code trains"
        fact = Evidence("unexplained", says, reading.entry, commit=making.look.commit)
        return Step(
            stages=(Stage(UNKNOWN, ()),),
            tier=None,
            evidence=(fact, *wrote(making)),
            candidates=log.objectives,
            making=making,
            made=making.own or "",
        )

    def _unexplained(self, weights: str) -> Step:
        """A model that no command can be seen to have made."""
        versions = self.lineage.of(weights)
        path = versions[0].path if versions else None
        end_s = versions[0].window[1] if versions else 0.0
        ran = [p for p in self._commands.training() if p.started_s <= end_s and not p.died]
        stages = [s.objective for p in ran for look in self._commands.looks(p) for s in look.reading.stages]
        says = self._commands.problem or "no command that was seen to run explains these weights"
        fact = Evidence("unexplained", says, path)
        lines = [line for line in self._history.logged if line.t_s <= end_s + self._history.lag_s]
        candidates = tuple(dict.fromkeys((*stages, *Told.of(lines).objectives)))
        return Step((Stage(UNKNOWN, ()),), None, (fact,), candidates=candidates, made=weights)


def _unsure(step: Step, why: Evidence) -> Step:
    """A supervised step on what may be samples of the model itself, chosen or not."""
    (stage,) = step.stages
    either = Stage(UNKNOWN, stage.evidence, stage.attributes)
    facts = (*step.evidence, why)
    return replace(step, stages=(either,), tier=None, evidence=facts, candidates=("rft", "sft"))


def _scores(making: Making) -> bool:
    """Whether the command trains a scorer."""
    return any(stage.objective == AUXILIARY for stage in making.look.reading.stages)


def joined(ways: tuple[Way, ...]) -> Way:
    """The ways to the parents of a merge, one after the other; what they share counts once."""
    whole: Way = ()
    for way in ways:
        whole = (*whole, *(step for step in way if step not in whole))
    return whole
