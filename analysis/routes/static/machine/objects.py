"""Attributes, items, truth and iteration of abstract values."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from posttrace.analysis.routes.static.machine.values import (
    UNDECIDED,
    Class,
    Const,
    Function,
    Instance,
    Items,
    Module,
    Table,
    Value,
    Write,
    alternatives,
    chosen,
)

if TYPE_CHECKING:
    from posttrace.analysis.routes.static.machine.machine import Machine

CHOICES: Final = frozenset({"phi", "loop", "elem", "index"})
_FREEZERS: Final = frozenset({"torch.no_grad", "torch.inference_mode", "torch.autograd.no_grad"})


def constant(value: Value) -> Any:
    """The constant that a value certainly is, otherwise ``UNDECIDED``."""
    if isinstance(value, Const):
        return UNDECIDED if value.pattern else value.value
    if value.op in CHOICES and not _open(value):
        choices = alternatives(value)
        if len(choices) == 1 and isinstance(choices[0], Const) and not choices[0].pattern:
            return choices[0].value
    return UNDECIDED


def _open(value: Value) -> bool:
    """Whether later rounds of a loop may still leave something else in a name."""
    return value.op == "loop" and len(value.args) < 2


def truth(value: Value) -> bool | None:
    """Whether a condition holds; null when it cannot be decided."""
    found = constant(value)
    if found is not UNDECIDED:
        return bool(found)
    if value.op in ("phi", "loop") and not _open(value):
        outcomes = {truth(choice) for choice in alternatives(value)}
        return outcomes.pop() if len(outcomes) == 1 else None
    if isinstance(value, Items) and value.exact and not value.writes:
        return bool(value.args)
    if isinstance(value, Function | Class | Instance | Module) or value.op == "external":
        return True
    return None


def freezes(value: Value) -> bool:
    """Whether entering a context turns gradients off."""
    if value.op == "call" and value.name == "torch.set_grad_enabled" and value.args:
        return constant(value.args[0]) is False
    return value.op == "call" and value.name in _FREEZERS


def write(m: Machine, target: Value, index: Value | None, value: Value) -> None:
    """Note a change in place of something that is no known container."""
    for choice in alternatives(target):
        if not isinstance(choice, Const):
            choice.writes.append(Write(index, value, m.where()))


def get_item(m: Machine, base: Value, key: Value) -> Value:
    """``base[key]``: the very value where it is known, otherwise an ``index`` node."""
    if isinstance(key, Const) and isinstance(key.value, str) and not key.pattern:
        if isinstance(base, Items):
            return _column(m, base, key)
        if isinstance(base, Table) and "under" in base.keywords and key.value not in base.entries:
            return get_item(m, base.keywords["under"], key)
    if isinstance(base, Items | Table) and isinstance(key, Const):
        known = chosen(base, key)
        if len(known) == 1:
            return known[0]
    if key.op == "slice" and (part := _sliced(m, base, key)) is not None:
        return part
    for choice in alternatives(base, 4):
        if isinstance(choice, Instance) and choice.cls is not None and key.op != "slice":
            given = _given(m, choice, key)
            if given is not None:
                return given
        if isinstance(choice, Table) and choice.default is not None and not choice.rest:
            choice.rest.append(m.call(choice.default, [], {}))
    return m.value("index", [base, key])


def _column(m: Machine, rows: Items, key: Const) -> Value:
    """A column of a list of records; of a data set in parts, the part of that name."""
    kept = [value for value in chosen(rows, None) if isinstance(value, Table) and key.value in value.entries]
    if not kept:
        return rows if rows.name == "data" else m.value("index", [rows, key])
    made = m.items([], exact=False)
    made.writes = [Write(None, value.entries[key.value], m.where()) for value in kept]
    return made


def _given(m: Machine, base: Instance, key: Value) -> Value | None:
    """What an object of the workspace gives for a key."""
    from posttrace.analysis.routes.static.machine import attributes

    method = attributes.attribute(m, base, "__getitem__")
    return m.call(method, [key], {}) if isinstance(method, Function) else None


def _sliced(m: Machine, base: Value, key: Value) -> Items | None:
    """A part of a list whose elements and bounds are known."""
    if not isinstance(base, Items) or not base.exact or base.writes:
        return None
    bounds = {name: constant(bound) for name, bound in key.keywords.items()}
    if any(bound is not None and not isinstance(bound, int) for bound in bounds.values()):
        return None
    at = slice(bounds.get("lower"), bounds.get("upper"), bounds.get("step") or None)
    return m.items(base.args[at], base.kind)


def set_item(m: Machine, base: Value, key: Value, value: Value) -> None:
    """``base[key] = value``."""
    index = constant(key)
    known = isinstance(index, str | int) and index is not UNDECIDED
    for target in alternatives(base):
        if isinstance(target, Table) and known:
            old = target.entries.get(index)
            if old is not None and not m.decided(target.where):
                value = m.phi([old, value])
            target.entries[index] = value
        elif isinstance(target, Table):
            target.rest.append(value)
            target.keys.append(key)
        elif not isinstance(target, Const):
            if isinstance(target, Items):
                target.exact = False
            target.writes.append(Write(key, value, m.where()))
    m.update(m.value("index", [base, key]), value)


def append(m: Machine, target: Items, value: Value) -> None:
    """``target.append(value)``."""
    if target.exact and m.decided(target.where):
        target.args.append(value)
    else:
        target.exact = False
        target.writes.append(Write(None, value, m.where()))


def extend(m: Machine, old: Value, more: Value) -> bool:
    """``old += more`` for a known list; false when it is none."""
    lists = [choice for choice in alternatives(old) if isinstance(choice, Items)]
    if not lists:
        return False
    known = known_elements(more)
    for target in lists:
        for value in known if known is not None else [element(m, more)]:
            if known is None:
                target.exact = False
            append(m, target, value)
    return True


def known_elements(over: Value) -> Sequence[Value] | None:
    """All elements of an iterable, in order, if they are known."""
    choices = alternatives(over, 2) if over.op in ("phi", "loop") else [over]
    if len(choices) == 1 and isinstance(choices[0], Items) and choices[0].exact and not choices[0].writes:
        return choices[0].args
    return None


def element(m: Machine, over: Value) -> Value:
    """Any one element of an iterable, taken in the loop that is being run."""
    from posttrace.analysis.routes.static.machine import loading

    loaded = loading.batch(m, over)
    if loaded is not None:
        return loaded
    if over.op == "call" and over.name == "builtins.zip":
        return m.items([element(m, arg) for arg in over.args], "tuple")
    if over.op == "call" and over.name == "builtins.enumerate" and over.args:
        return m.items([m.value("elem", [m.value("unknown")]), element(m, over.args[0])], "tuple")
    if over.op == "method" and over.name == "items":
        return m.items([m.value("key", [over.args[0]]), m.value("elem", [over.args[0]])], "tuple")
    if over.op == "method" and over.name == "values":
        return m.value("elem", [over.args[0]])
    if (over.op == "method" and over.name == "keys") or isinstance(over, Table):
        return m.value("key", [over.args[0] if over.op == "method" else over])
    return m.value("elem", [over])


def matches(subject: Value, pattern: ast.pattern) -> bool | None:
    """Whether a ``case`` applies, for constants and wildcards."""
    if isinstance(pattern, ast.MatchAs) and pattern.pattern is None:
        return True
    if isinstance(pattern, ast.MatchOr):
        outcomes = [matches(subject, option) for option in pattern.patterns]
        return True if True in outcomes else (None if None in outcomes else False)
    known = constant(subject)
    if known is UNDECIDED or not isinstance(pattern, ast.MatchValue):
        return None
    value = pattern.value
    return bool(known == value.value) if isinstance(value, ast.Constant) else None
