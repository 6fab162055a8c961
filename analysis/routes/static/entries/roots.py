"""Libraries: what the functions and classes of a file would train if somebody called them.

The roots of the call graph of a file are tried one after the other, each on arguments that are not known; a
trainer class is tried as a whole. Names only order the search.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from posttrace.analysis.routes import frameworks
from posttrace.analysis.routes.static.entries import launched, program
from posttrace.analysis.routes.static.entries.workspace import Workspace
from posttrace.analysis.routes.static.machine import attributes, callbacks, objects
from posttrace.analysis.routes.static.machine.machine import Machine
from posttrace.analysis.routes.static.machine.values import Class, Function, Instance, Module, Value
from posttrace.analysis.routes.static.read import read
from posttrace.analysis.routes.static.reading import Reading, Stage

LAUNCH: Final = "launch"
NOT_LAUNCHED: Final = "present"
"""Value of the attribute ``launch`` of a stage that nothing in the file starts."""
_FIRST: Final = ("main", "run", "train", "fit", "learn", "launch", "start", "step", "update", "optimize")
_RETURNED: Final = ("training_step", "train_step", "compute_loss", "get_batch_loss_metrics", "loss")
"""Methods whose loss a library goes backward through, in classes that derive from its own."""
_LOOPS: Final = (".LightningModule", ".Callback", ".Trainer", ".ComposerModel", ".HuggingFaceModel")
_MOST_ROOTS: Final = 24
_MOST_STEPS: Final = 240_000
"""Expressions evaluated for all roots of a file together."""


@dataclass(frozen=True)
class Root:
    """Something that nothing in its file calls."""

    name: str
    line: int
    call: Callable[[Machine, Module], None]


def read_library(files: Mapping[str, bytes], path: str, alone: Reading, commit: str | None) -> Reading:
    """The reading of what a file defines; ``alone``, as it is run, when that trains nothing either."""
    tree = Workspace(files, lenient=True).parse(path)
    found: list[tuple[Root, Reading]] = []
    spent = 0
    for root in _roots(tree)[:_MOST_ROOTS] if tree is not None else []:
        machine = Machine(Workspace(files, lenient=True))
        reading = read(machine, lambda m, root=root: _run(m, path, root), commit)  # type: ignore[misc]
        spent += machine.steps
        if reading.stages:
            found.append((root, reading))
            if _leads(root.name):
                break
        if spent > _MOST_STEPS:
            break
    return _joined(found, alone)


def _joined(found: Sequence[tuple[Root, Reading]], alone: Reading) -> Reading:
    """Roots that train the same are one; where they differ, the file leaves open which is called."""
    if not found:
        return alone
    labels = {
        tuple(stage.objective for stage in _policy(reading.stages)): (root, reading)
        for root, reading in found
    }
    labels = {label: pair for label, pair in labels.items() if label} or labels
    stages = [stage for _, reading in labels.values() for stage in reading.stages]
    if len(labels) > 1:
        names = ",".join(dict.fromkeys(">".join(label) for label in labels))
        evidence = tuple(fact for stage in stages for fact in stage.evidence)
        stages = [Stage("unknown", evidence, {"candidates": names})]
    marked = tuple(replace(s, attributes={**s.attributes, LAUNCH: NOT_LAUNCHED}) for s in stages)
    readings = [reading for _, reading in found]
    return replace(
        readings[0],
        stages=marked,
        problems=tuple(dict.fromkeys([*alone.problems, *(p for r in readings for p in r.problems)])),
        reached=frozenset().union(alone.reached, *(r.reached for r in readings)),
    )


def _policy(stages: Sequence[Stage]) -> list[Stage]:
    return [stage for stage in stages if stage.objective != "reward_model"] or list(stages)


def _leads(name: str) -> bool:
    return name.split(".")[-1].lower().startswith(_FIRST[:1])


# -- which -------------------------------------------------------------------------------------------------


def _roots(tree: ast.Module) -> list[Root]:
    """Functions and classes at the top of a file that nothing else in it names, likely entries first."""
    named = {name: _names(node) for name, node in _definitions(tree)}
    found: list[Root] = []
    for name, node in _definitions(tree):
        if any(name in others for other, others in named.items() if other != name):
            continue
        if isinstance(node, ast.ClassDef):
            found.append(Root(name, node.lineno, _class_call(name)))
        elif not name.startswith("__"):
            found.append(Root(name, node.lineno, _function_call(name)))
    return sorted(found, key=lambda root: _rank(root.name))


def _rank(name: str) -> int:
    words = name.lower()
    return next((i for i, first in enumerate(_FIRST) if first in words), len(_FIRST))


def _definitions(tree: ast.Module) -> Iterator[tuple[str, ast.stmt]]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name, node


def _names(node: ast.AST) -> set[str]:
    return {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}


def _own(node: ast.FunctionDef) -> set[str]:
    """Attributes of the receiver, and of ``super()``, that a method names."""
    receiver = [arg.arg for arg in node.args.args[:1]]
    return {
        inner.attr
        for inner in ast.walk(node)
        if isinstance(inner, ast.Attribute) and _is_own(inner.value, receiver)
    }


def _is_own(value: ast.expr, receiver: list[str]) -> bool:
    if isinstance(value, ast.Call):
        return isinstance(value.func, ast.Name) and value.func.id == "super"
    return isinstance(value, ast.Name) and value.id in receiver


def _methods(cls: Class) -> list[str]:
    """Methods that no method of the class or its bases calls, likely entries first."""
    members: dict[str, Function] = {}
    for at in reversed(attributes.lineage(cls)):
        members.update({name: m for name, m in at.members.items() if isinstance(m, Function)})
    used = {name: _own(member.node) for name, member in members.items()}
    free = [
        name
        for name, member in members.items()
        if (not name.startswith("_") or name == "__call__")
        and "property" not in member.flags
        and not any(name in names for other, names in used.items() if other != name)
    ]
    return sorted(free, key=_rank)


# -- calls -------------------------------------------------------------------------------------------------


def _run(m: Machine, path: str, root: Root) -> str:
    """Import the file, then call one root in the same process."""
    program.import_file(m, path, lambda module: root.call(m, module))
    return path


def _function_call(name: str) -> Callable[[Machine, Module], None]:
    def call(m: Machine, module: Module) -> None:
        target = module.names.get(name)
        if isinstance(target, Function):
            m.call(target, [], _unknown(m, target))

    return call


def _class_call(name: str) -> Callable[[Machine, Module], None]:
    def call(m: Machine, module: Module) -> None:
        cls = module.names.get(name)
        if not isinstance(cls, Class):
            return
        init = attributes.lookup(cls, "__init__")
        made = m.call(cls, [], _unknown(m, init) if isinstance(init, Function) else {})
        if not isinstance(made, Instance):
            return
        if _started_by_library(m, cls, made):
            return
        for method in _methods(cls):
            result = _method_call(m, made, method)
            if result is not None and method in _RETURNED and _looped(cls):
                launched.hand(m, _loss(m, result))

    return call


def _unknown(m: Machine, function: Function) -> dict[str, Value]:
    """Arguments whose default is None, which a caller that trains gives: they are not known."""
    empty = [name for name, value in function.defaults.items() if objects.constant(value) is None]
    return {name: callbacks.missing(m, function, name) for name in empty}


def _method_call(m: Machine, made: Instance, name: str) -> Value | None:
    method = attributes.attribute(m, made, name)
    return m.call(method, [], _unknown(m, method)) if isinstance(method, Function) else None


def _loss(m: Machine, returned: Value) -> Value:
    """What a step returns: the loss, or a table or pair that holds it."""
    from posttrace.analysis.routes.static.machine.values import Items, Table

    if isinstance(returned, Table) and "loss" in returned.entries:
        return returned.entries["loss"]
    return returned.args[0] if isinstance(returned, Items) and returned.args else returned


def _started_by_library(m: Machine, cls: Class, made: Instance) -> bool:
    """A subclass of a listed trainer is started as its users would."""
    for name in attributes.foreign_bases(cls):
        entry = frameworks.trainer(name)
        if entry is not None and entry.starts:
            m.library_call("method", entry.starts[0], [made], {})
            return True
    return False


def _looped(cls: Class) -> bool:
    return any(name.endswith(_LOOPS) for name in attributes.foreign_bases(cls))
