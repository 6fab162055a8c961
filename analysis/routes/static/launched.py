"""What command lines of frameworks train, and losses that a library's loop is handed, as nodes of the run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from posttrace.analysis.routes.frameworks import Verdict
from posttrace.analysis.routes.static import objective, training
from posttrace.analysis.routes.static.checkpoints import Access
from posttrace.analysis.routes.static.descent import Descent
from posttrace.analysis.routes.static.objective import Finding
from posttrace.analysis.routes.static.values import Value

if TYPE_CHECKING:
    from posttrace.analysis.routes.static.machine import Machine


@dataclass(eq=False, slots=True)
class Told(Value):
    """A command of a framework: the whole training is what its table says of it."""

    verdict: Verdict | None = None


@dataclass(eq=False, slots=True)
class Handed(Value):
    """A loss (the argument) that a method returns to a library, which goes backward through it."""


def tell(m: Machine, verdict: Verdict) -> None:
    """Note a command of a framework, here and now."""
    reads = tuple(m.workspace.relative(path, m.cwd) for path in verdict.reads)
    writes = tuple(m.workspace.relative(path, m.cwd) for path in verdict.writes)
    verdict = replace(verdict, reads=reads, writes=writes)
    m.calls.append(Told("told", [], m.where(), name=verdict.framework, verdict=verdict))


def hand(m: Machine, loss: Value) -> None:
    """Note a loss that is returned to a library."""
    m.calls.append(Handed("handed", [loss], m.where()))


def findings(machine: Machine) -> list[tuple[Descent, Finding]]:
    """What each of them descends, as for losses in sight."""
    found: list[tuple[Descent, Finding]] = []
    for call in machine.calls:
        if isinstance(call, Told) and call.verdict is not None and call.verdict.objective != "no_train":
            found.append(_told(call, call.verdict))
        elif isinstance(call, Handed):
            descent = training.returned(call.args[0])
            found.append((descent, objective.find(descent)))
    return found


def _told(call: Told, verdict: Verdict) -> tuple[Descent, Finding]:
    attributes = dict(verdict.attributes)
    if verdict.candidates:
        attributes["candidates"] = ",".join(verdict.candidates)
    finding = Finding(cast(Any, verdict.objective), ((verdict.rule, verdict.says, call),), attributes)
    return Descent(call, frozenset(), call.where, taped=True), finding


def accesses(machine: Machine) -> list[Access]:
    """Models that commands read, and folders that they write."""
    found: list[Access] = []
    for call in machine.calls:
        if isinstance(call, Told) and call.verdict is not None:
            for path in call.verdict.reads:
                found.append(Access("read", path, call))
            after = Value("call", [], replace(call.where, seq=call.where.seq + 1), call.name)
            for path in call.verdict.writes:
                found.append(Access("write", path, after))
    return found
