"""One step of a way: what a command did to the weights, and the facts that say so."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from posttrace.analysis.routes.lineage.lineage import Lineage, Origin
from posttrace.analysis.routes.lineage.matching import Making
from posttrace.analysis.routes.lineage.outside import is_published
from posttrace.analysis.routes.lineage.told import Told
from posttrace.analysis.routes.record.history import Process
from posttrace.analysis.routes.record.models import Version
from posttrace.analysis.routes.route import AUXILIARY, UNKNOWN, Evidence, Tier
from posttrace.analysis.routes.static import Stage


@dataclass(frozen=True)
class Step:
    """What one command did to the weights."""

    stages: tuple[Stage, ...]
    """In order; empty when it trained nothing."""
    tier: Tier | None
    evidence: tuple[Evidence, ...]
    """The strongest first."""
    attributes: Mapping[str, str] = field(default_factory=dict)
    candidates: tuple[str, ...] = ()
    """Where a stage is unknown: the objectives that it may have been."""
    resumed: bool = False
    """It goes on with what the step before it began, so that the two are one round."""
    making: Making | None = None
    """The command; null when nobody knows it."""
    made: str = ""
    """Weights that came of it; "" where even that is not known."""
    parents: tuple[str, ...] = ()
    """Weights that it started from; empty when they are not known."""


def cuts_of(making: Making, log: Told, lineage: Lineage) -> list[tuple[Stage, ...]]:
    """The stages that a command can have gone through when it wrote the model.

    Those that its writing line comes after, where that is known. Else all of them for its last model, unless
    the log lacks one; for an earlier model any number from the first. A stage under a condition that could
    not be decided may be left out beside others.
    """
    begun = making.io.begun if making.io else None
    stages = policy(making.look.reading.stages[:begun])
    whole = begun is not None or len(stages) < 2
    whole = whole or ((not log.ever or log.confirms(stages)) and lineage.last(making))
    cuts = [stages] if whole else [stages[:n] for n in range(len(stages), 0, -1)]
    sure = tuple(stage for stage in stages if stage.attributes.get("certain") != "no")
    return [*cuts, sure] if sure and sure not in cuts else cuts


def policy(stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
    """Without those that train a scorer."""
    return tuple(stage for stage in stages if stage.objective != AUXILIARY)


def step_of(making: Making, stages: tuple[Stage, ...], log: Told) -> Step:
    """The step of a command that went through these stages."""
    confirmed = bool(stages) and making.io is not None and log.confirms(stages)
    unknown = any(stage.objective == UNKNOWN for stage in stages)
    facts = [fact for stage in reversed(stages) for fact in stage.evidence]
    logged = log.facts if confirmed else ()
    scored = len(policy(making.look.reading.stages)) < len(making.look.reading.stages)
    attributes = {"auxiliary": AUXILIARY} if scored else {}
    if log.said.adapter:
        attributes |= {"weights": "adapter", "adapter": log.said.adapter}
    return Step(
        stages=stages,
        tier=None if unknown else "C" if not making.seen else "A" if confirmed else "B",
        evidence=tuple(dict.fromkeys((*facts, *wrote(making), *logged))),
        attributes=attributes if making.seen else {**attributes, "launch": "present"},
        candidates=_open(stages, log) if unknown else (),
        making=making,
        made=making.own or "",
    )


def _open(stages: Sequence[Stage], log: Told) -> tuple[str, ...]:
    """What an unknown stage may be: what the code leaves open, first of it what the log agrees with."""
    named = [name for stage in stages for name in stage.attributes.get("candidates", "").split(",") if name]
    logged = log.objectives
    agreed = [name for name in named if name in logged]
    return tuple(dict.fromkeys((*agreed, *named) if named else logged))


def wrote(making: Making) -> tuple[Evidence, ...]:
    """That the command ran, and that it wrote the model."""
    process = making.process
    path = making.version.path if making.version else ""
    if not making.seen:
        says = f"not seen to run, but no command that was explains {path}, and its code writes it"
        unseen = Evidence("present", says, making.look.reading.entry, commit=making.look.commit)
        return unseen, *(making.io.evidence if making.io else ())
    ran = Evidence(
        "executed" if process.typed_s is None else "typed",
        f"{_seen(process)} from {process.started_s:.1f} s, {path} is of {making.written_s:.1f} s: "
        f"{process.typed}",
        making.look.reading.entry,
        commit=making.look.commit,
    )
    if making.io is None:
        return ran, Evidence("only_training", f"the only training that ran when {path} was written", path)
    if making.io.evidence:
        return ran, *making.io.evidence
    return ran, Evidence("writes", f"its code writes {making.io.path}", path, commit=making.look.commit)


def _seen(process: Process) -> str:
    return "ran" if process.typed_s is None else "typed by the agent, ran"


def started(step: Step, origin: Origin, making: Making, lineage: Lineage) -> Step:
    """The step, and what it started from."""
    parents = [lineage.of(parent)[0] for parent in origin.parents]
    facts = list(origin.read.evidence) if origin.read else []
    says = f"started from {' and '.join(parent.path for parent in parents)}"
    facts.append(Evidence("started_from", says, parents[0].path))
    merged = {"merge": _merge(parents)} if len(parents) > 1 else {}
    published = [parent.path for parent in parents if is_published(parent)]
    other = {"base": published[0]} if published else {}
    return replace(
        step,
        evidence=(*step.evidence, *facts),
        attributes={**step.attributes, **merged, **other},
        parents=origin.parents,
        resumed=bool(step.stages) and any(_resumes(making, parent) for parent in parents),
    )


def _merge(parents: Sequence[Version]) -> str:
    """``adapter`` where one is added to its base; else how many models were merged."""
    whole = sum(not parent.adapter for parent in parents)
    return "adapter" if whole == 1 and len(parents) == 2 else str(len(parents))


def _resumes(making: Making, parent: Version) -> bool:
    """Whether a command goes on from a checkpoint of the folder that it writes itself."""
    if parent.given or making.io is None or "*" in making.io.path:
        return False
    folder = posixpath.normpath(making.io.path)
    asked = any("resume" in word for word in making.process.argv)
    return parent.path.startswith(f"{folder}/") or (asked and parent.path == folder)


def lost(making: Making) -> Step:
    """Whatever came before a command of which nobody knows what it started from."""
    says = "what this command started from was not seen"
    fact = Evidence("unexplained", says, making.look.reading.entry, commit=making.look.commit)
    return Step((Stage(UNKNOWN, ()),), None, (fact,))
