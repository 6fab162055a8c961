"""Arithmetic on abstract values: numbers and text are folded, lists joined, the rest become nodes."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from posttrace.analysis.routes.static.machine import objects, text
from posttrace.analysis.routes.static.machine.values import UNDECIDED, Const, Items, Value

if TYPE_CHECKING:
    from posttrace.analysis.routes.static.machine.machine import Machine

_FOLD: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "Add": operator.add,
    "Sub": operator.sub,
    "Mult": operator.mul,
    "Div": operator.truediv,
    "FloorDiv": operator.floordiv,
    "Mod": operator.mod,
}


def binary(m: Machine, name: str, left: Value, right: Value) -> Value:
    """``left <name> right``."""
    if isinstance(left, Items) and isinstance(right, Items) and name in ("Add", "BitOr"):
        return _chained(m, left, right)
    if name == "Mult" and Items in (type(left), type(right)):
        return _repeated(m, left, right)
    if name == "Div" and any(isinstance(s, Const) and isinstance(s.value, str) for s in (left, right)):
        return text.path(m, [left, right])
    numbers = [objects.constant(left), objects.constant(right)]
    if name in _FOLD and all(isinstance(n, int | float) and abs(n) < 1e12 for n in numbers):
        try:
            return m.const(_FOLD[name](*numbers))
        except ArithmeticError:
            pass
    if name == "Add" and (found := text.concatenated(m, left, right)) is not None:
        return found
    return m.value("binop", [left, right], name)


def _chained(m: Machine, left: Items, right: Items) -> Items:
    exact = all(side.exact and not side.writes for side in (left, right))
    made = m.items([*left.args, *right.args], left.kind, exact)
    made.writes = [*left.writes, *right.writes]
    return made


def _repeated(m: Machine, left: Value, right: Value) -> Value:
    items, times = (left, right) if isinstance(left, Items) else (right, left)
    count = objects.constant(times)
    if not isinstance(items, Items):
        return m.value("binop", [left, right], "Mult")
    if (
        isinstance(count, int)
        and count is not UNDECIDED
        and 0 <= count * len(items.args) <= 8
        and not items.writes
    ):
        made = m.items(items.args * count, items.kind)
    else:
        made = m.items(items.args, items.kind, exact=False)
        made.writes = list(items.writes)
    made.name, made.keywords = "repeat", {"times": times}
    return made
