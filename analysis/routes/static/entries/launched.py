"""What command lines of frameworks train, and losses that a library's loop is handed, as nodes of the run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

from posttrace.analysis.routes.frameworks import Verdict
from posttrace.analysis.routes.static.checkpoints import Access
from posttrace.analysis.routes.static.losses import objective, training
from posttrace.analysis.routes.static.losses.descent import Descent
from posttrace.analysis.routes.static.losses.objective import Finding
from posttrace.analysis.routes.static.machine.values import Value

if TYPE_CHECKING:
    from posttrace.analysis.routes.static.machine.machine import Machine


@dataclass(eq=False, slots=True)
class Told(Value):
    """A command of a framework: the whole training is what its table says of it."""

    verdict: Verdict | None = None
    shown: list[tuple[str, str, Value]] = field(default_factory=list)
    """What a reader is shown, and where: rule, words, and a node at its line."""


@dataclass(eq=False, slots=True)
class Handed(Value):
    """A loss (the argument) that a method returns to a library, which goes backward through it."""


def tell(m: Machine, verdict: Verdict, words: Iterable[str] = ()) -> None:
    """Note a command of a framework, here and now; ``words``: the command, to find its parts in the file."""
    reads = tuple(m.workspace.relative(path, m.cwd) for path in verdict.reads)
    writes = tuple(m.workspace.relative(path, m.cwd) for path in verdict.writes)
    verdict = replace(verdict, reads=reads, writes=writes)
    told = Told("told", [], m.where(), name=verdict.framework, verdict=verdict)
    told.shown = _shown(m, told, list(words))
    m.calls.append(told)


def _shown(m: Machine, told: Told, words: Sequence[str]) -> list[tuple[str, str, Value]]:
    """The lines on which the program and the setting that decided stand: a command may fill many."""
    verdict = told.verdict
    if verdict is None:
        return []
    content = m.workspace.files.get(told.where.path, b"").decode("utf-8", "replace").split("\n")
    program = next((word for word in words if "." in word and not word.startswith("-")), "")
    started = _line_of(content, [program], told.where.line)
    shown = [("trainer" if verdict.rule == "setting" else verdict.rule, verdict.says, _at(told, started))]
    if verdict.decided_by is not None:
        key, value = verdict.decided_by
        names = [key, key.replace("_", "-"), key.rsplit(".", 1)[-1]]
        line = _line_of(content, [name for name in names if not name.isdigit()], started)
        shown.append((verdict.rule, f"{key} is {value}", _at(told, line)))
    return shown


def _line_of(content: Sequence[str], names: Sequence[str], near: int) -> int:
    """Line with one of some names: the nearest from a line on, else the nearest before it."""
    for name in names:
        word = re.compile(r"(?<![\w.])" + re.escape(name) + r"(?![\w])") if name else None
        found = [
            n for n, line in enumerate(content, 1) if word and word.search(line) and line.strip()[:1] != "#"
        ]
        if found:
            return min(found, key=lambda n: (n < near, abs(n - near)))
    return near


def _at(told: Told, line: int) -> Value:
    return Value("told", [], replace(told.where, line=line), told.name)


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
    finding = Finding(cast(Any, verdict.objective), tuple(call.shown), attributes)
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
