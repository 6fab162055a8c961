"""Comparisons of abstract values: decided where both sides are known."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from posttrace.analysis.routes.static import api
from posttrace.analysis.routes.static.machine import objects
from posttrace.analysis.routes.static.machine.values import UNDECIDED, Const, Table, Value

if TYPE_CHECKING:
    from posttrace.analysis.routes.static.machine.machine import Machine, Scope

_COMPARE: Final[dict[type[ast.cmpop], Callable[[Any, Any], bool]]] = {
    ast.Eq: lambda a, b: a == b,
    ast.NotEq: lambda a, b: a != b,
    ast.Lt: lambda a, b: a < b,
    ast.LtE: lambda a, b: a <= b,
    ast.Gt: lambda a, b: a > b,
    ast.GtE: lambda a, b: a >= b,
    ast.Is: lambda a, b: a is b or a == b,
    ast.IsNot: lambda a, b: a is not b and a != b,
    ast.In: lambda a, b: a in b,
    ast.NotIn: lambda a, b: a not in b,
}


def compare(m: Machine, node: Any, scope: Scope) -> Value:
    """A comparison, or a chain of them."""
    operands = [m.evaluate(part, scope) for part in (node.left, *node.comparators)]
    known = [_plain(operand) for operand in operands]
    outcomes: list[bool | None] = []
    for position, operator in enumerate(node.ops):
        outcomes.append(
            _compared(operator, known[position], known[position + 1], operands[position : position + 2])
        )
    if False in outcomes:
        return m.const(False)
    if None in outcomes:
        return m.value("compare", operands, type(node.ops[0]).__name__)
    return m.const(True)


def _compared(operator: ast.cmpop, left: Any, right: Any, operands: Sequence[Value]) -> bool | None:
    if UNDECIDED in (left, right) if left is UNDECIDED or right is UNDECIDED else False:
        is_none = left is None or right is None
        other = operands[0] if right is None else operands[1]
        if is_none and isinstance(operator, ast.Is | ast.IsNot) and _exists(other):
            return isinstance(operator, ast.IsNot)
        return None
    try:
        return bool(_COMPARE[type(operator)](left, right))
    except TypeError:
        return None


def _exists(value: Value) -> bool:
    """Whether a value is an object of the workspace or an array, and so not None."""
    if value.op in ("function", "class", "instance", "module", "items", "table", "format", "binop"):
        return True
    if value.op == "call":
        return value.name.split(".")[0] in ("torch", "numpy", "jax", "mlx") and api.short(value) != "load"
    if value.op == "method":
        return value.name in api.BY_SHAPE or value.name in _MOVES
    return isinstance(value, Const) and value.value is not None


_MOVES: Final = api.names("cuda cpu long int bool pin_memory contiguous clone detach numpy")


def _plain(value: Value) -> Any:
    """A constant, or a tuple of constants."""
    elements = objects.known_elements(value)
    if elements is not None:
        parts = tuple(objects.constant(element) for element in elements)
        return UNDECIDED if any(part is UNDECIDED for part in parts) else parts
    if isinstance(value, Table) and not value.rest:
        return tuple(value.entries)
    return objects.constant(value)
