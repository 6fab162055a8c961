"""Trainings that a library does: trainers that are made and started, functions that train."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, cast

from posttrace.analysis.routes import frameworks
from posttrace.analysis.routes.frameworks import Entry, Verdict
from posttrace.analysis.routes.static import api
from posttrace.analysis.routes.static.checkpoints import Access
from posttrace.analysis.routes.static.losses import corpus, options, overridden
from posttrace.analysis.routes.static.losses.descent import Descent
from posttrace.analysis.routes.static.losses.objective import Finding
from posttrace.analysis.routes.static.machine import attributes, text
from posttrace.analysis.routes.static.machine.values import Instance, Partial, Value, alternatives
from posttrace.analysis.routes.static.origins import origins

if TYPE_CHECKING:
    from posttrace.analysis.routes.static.machine.machine import Machine

_PASS_ON: Final = frozenset({"call", "apply", "method", "elem", "index"})
"""Nodes that may hand on a trainer that they were given."""
_SUPERVISED: Final = frozenset({"sft", "pretrain"})
_STATISTICS: Final = "statistics"
_SAMPLING: Final = frozenset({"grpo", "ppo", "reinforce", "rft"})


@dataclass(frozen=True)
class Training:
    """One training by a library: where it starts, what was made for it, and what it was told."""

    entry: Entry
    verdict: Verdict
    made: Value
    """Call that made the trainer; of a function, the call itself."""
    start: Value
    given: dict[str, Value]


def trainings(machine: Machine) -> list[Training]:
    """All that are started, in order; the same trainer once for each time that it is started."""
    found: list[Training] = []
    for call in list(machine.calls):
        for entry, made in _started(call):
            given = {**options.started_with(call, entry), **options.arguments(machine, made, entry)}
            if call.op == "method":
                given[corpus.RECEIVER] = call.args[0]
            told = {**options.settings(given), **corpus.described(machine, entry, given)}
            named = made.name.rsplit(".", 1)[-1]
            verdict = frameworks.decide(entry, told, named)
            if verdict.objective != "no_train":
                found.append(Training(entry, verdict, made, call, given))
    return found


def _started(call: Value) -> Iterable[tuple[Entry, Value]]:
    if call.op == "call":
        entry = frameworks.function(call.name)
        if entry is not None and entry.wraps:
            yield from (pair for arg in call.args[:2] for pair in makers(arg))
        elif entry is not None:
            yield entry, call
    elif call.op == "method":
        receiver, name = call.args[0], call.name
        while receiver.op == "attr":
            receiver, name = receiver.args[0], f"{receiver.name}.{name}"
        for entry, made in makers(receiver) if _may_start(name) else ():
            if any(fnmatchcase(name, start) for start in entry.starts):
                yield entry, made


@lru_cache(maxsize=4096)
def _may_start(method: str) -> bool:
    """Whether any listed trainer is started by a method of this name."""
    return any(fnmatchcase(method, start) for start in frameworks.starts())


def makers(value: Value, depth: int = 4) -> list[tuple[Entry, Value]]:
    """The listed trainers that a value may be, each with what made it."""
    found: list[tuple[Entry, Value]] = []
    for node in alternatives(value):
        entry = _listed(node)
        if entry is not None:
            found.append((entry, node))
        elif depth and (node.op in _PASS_ON or isinstance(node, Partial)):
            held = node.args[:1] if node.op == "method" else [*node.args, *node.keywords.values()]
            found += [pair for arg in held for pair in makers(arg, depth - 1)]
    return list({id(made): (entry, made) for entry, made in found}.values())


def _listed(node: Value) -> Entry | None:
    if node.op == "call":
        return frameworks.trainer(node.name)
    if isinstance(node, Instance) and node.cls is not None:
        bases = (frameworks.trainer(name) for name in attributes.foreign_bases(node.cls))
        return next((entry for entry in bases if entry is not None), None)
    return None


_STARTS: Final = frozenset({"backward", "train", "fit", "learn"})


def hidden(machine: Machine) -> list[Value]:
    """Calls that start training in code that is in no table and not in the workspace."""
    return [call for call in machine.calls if call.op == "method" and call.name in _STARTS and _foreign(call)]


def _foreign(call: Value) -> bool:
    for node in origins(call.args[0]):
        root = node.name.split(".")[0]
        seen = root in sys.stdlib_module_names or root == "builtins" or frameworks.known(root)
        if node.op == "call" and not seen and not node.name.endswith("from_pretrained"):
            return True
    return False


# -- findings ----------------------------------------------------------------------------------------------


def findings(machine: Machine) -> list[tuple[Descent, Finding]]:
    """What each training descends, as for losses in sight."""
    found = trainings(machine)
    main = [training for training in found if not training.entry.beside]
    if not main and any(api.short(call) in api.DRAW for call in machine.calls):
        return []  # what is fitted to a model's samples measures them
    return [_finding(machine, training) for training in main or found]


def beside(found: list[tuple[Descent, Finding]]) -> list[tuple[Descent, Finding]]:
    """Without fitted statistics, where anything else is trained."""
    main = [pair for pair in found if pair[1].attributes.get("variant") != _STATISTICS]
    return main or found


def _finding(machine: Machine, training: Training) -> tuple[Descent, Finding]:
    own = overridden.loss(machine, training.entry, training.made, training.given)
    start = Descent(training.start, frozenset(), training.start.where, taped=True)
    if own is not None and _decides(own, training):
        found = {**training.verdict.attributes, **own.attributes}
        return start, replace(own, reasons=(*own.reasons, *_made(training)), attributes=found)
    objective, verdict = training.verdict.objective, training.verdict
    told = {"candidates": ",".join(verdict.candidates)} if verdict.candidates else {}
    found = {**verdict.attributes, **told}
    reasons = _made(training)
    files: tuple[tuple[str, Value], ...] = ()
    reward = corpus.rewarded(training.entry, training.given) if training.entry.advantages else None
    if reward is not None and objective == "grpo":
        objective, found = reward.objective, {**found, **reward.attributes}
        reasons = (*reward.reasons, *reasons)
    teacher = corpus.teacher(training.entry, training.given) if objective in _SUPERVISED else None
    if teacher is not None:
        objective = "distill"
        reasons = (("teacher", "probabilities of another model are what is learned", teacher), *reasons)
    elif objective in _SUPERVISED:
        source = corpus.source(machine, training.entry, training.given)
        objective = "rft" if source.kind in ("self", "self+filter") else objective
        found |= {"data": source.kind, "rollout": source.rollout}
        reasons, files = (*reasons, *source.reasons), source.files
    return start, Finding(cast(Any, objective), reasons, found, files)


def _decides(own: Finding, training: Training) -> bool:
    """Whether a loss in sight says more than the class that was overridden."""
    if training.verdict.objective == "unknown":
        open_ = _SUPERVISED | {"other"} if training.verdict.candidates else frozenset[str]()
        return own.objective not in open_ | {"unknown"}
    if training.verdict.objective not in _SUPERVISED | {"other"}:
        return False
    if own.objective == "other":  # no likelihood was recognised, which may be for want of knowledge
        return training.verdict.objective == "other" or overridden.measures(own)
    if own.objective in _SAMPLING:  # a trainer of given tokens draws none, unless the override does
        return any(rule == "own-samples" for rule, _, _ in own.reasons)
    return own.objective not in _SUPERVISED | {"unknown"}


def _made(training: Training) -> tuple[tuple[str, str, Value | None], ...]:
    verdict = training.verdict
    reasons: list[tuple[str, str, Value | None]] = [(verdict.rule, verdict.says, training.made)]
    if verdict.decided_by is not None:
        key, value = verdict.decided_by
        at = _setter(training.given, key)
        if at is not None and at.where.line != training.made.where.line:
            reasons.append(("setting", f"{key} is {value}", at))
    return tuple(reasons)


def _setter(given: dict[str, Value], key: str) -> Value | None:
    """Configuration that holds a setting."""
    for value in given.values():
        for choice in alternatives(value, 4):
            if key.split(".")[-1] in choice.keywords:
                return choice
    return None


# -- checkpoints -------------------------------------------------------------------------------------------


def accesses(machine: Machine) -> list[Access]:
    """Models that trainers read by name, and the folders that they write."""
    found: list[Access] = []
    for training in trainings(machine):
        for path in _paths(training, training.entry.trained):
            found.append(Access("read", machine.workspace.relative(path, machine.cwd), training.made))
        for path in _paths(training, training.entry.written):
            where = replace(training.start.where, seq=training.start.where.seq + 1)
            after = Value("call", [], where, training.start.name)
            found.append(Access("write", machine.workspace.relative(path, machine.cwd), after))
    return found


def _paths(training: Training, keys: str) -> list[str]:
    """Paths that settings give."""
    values = [value for name, value in options.fields(training.given) if name in keys.split("|")]
    return [known for value in values[:1] if (known := text.known(value)) is not None and known != "None"]
