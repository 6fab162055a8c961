"""Expressions on abstract values."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from posttrace.analysis.routes.static import calling, containers, imports, library, objects, text
from posttrace.analysis.routes.static.values import UNDECIDED, Const, Guard, Items, Table, Value, Write

if TYPE_CHECKING:
    from posttrace.analysis.routes.static.machine import Machine, Scope


def evaluate(m: Machine, node: ast.expr, scope: Scope) -> Value:
    """Value of an expression."""
    handler = _HANDLERS.get(type(node))
    return m.value("unknown") if handler is None else handler(m, node, scope)


def _constant(m: Machine, node: Any, scope: Scope) -> Value:
    return m.const(node.value)


def _name(m: Machine, node: Any, scope: Scope) -> Value:
    found = imports.find(scope, node.id)
    return m.value("external", name=f"builtins.{node.id}") if found is None else found


def _attribute(m: Machine, node: Any, scope: Scope) -> Value:
    base = m.evaluate(node.value, scope)
    found = text.attribute(m, base, node.attr)
    return objects.attribute(m, base, node.attr) if found is None else found


def _subscript(m: Machine, node: Any, scope: Scope) -> Value:
    base = m.evaluate(node.value, scope)
    key = m.evaluate(node.slice, scope)
    found = text.item(m, base, key) or library.item(m, base, key)
    return objects.get_item(m, base, key) if found is None else found


def _slice(m: Machine, node: Any, scope: Scope) -> Value:
    parts = [m.evaluate(p, scope) for p in (node.lower, node.upper, node.step) if p is not None]
    return m.value("slice", parts)


def _binary(m: Machine, node: Any, scope: Scope) -> Value:
    left, right = m.evaluate(node.left, scope), m.evaluate(node.right, scope)
    return calling.binary(m, type(node.op).__name__, left, right)


def _unary(m: Machine, node: Any, scope: Scope) -> Value:
    operand = m.evaluate(node.operand, scope)
    if isinstance(node.op, ast.Not):
        outcome = objects.truth(operand)
        return m.value("bool", [operand], "Not") if outcome is None else m.const(not outcome)
    known = objects.constant(operand)
    if isinstance(node.op, ast.USub) and isinstance(known, int | float):
        return m.const(-known)
    return m.value("unary", [operand], type(node.op).__name__)


def _bool(m: Machine, node: Any, scope: Scope) -> Value:
    stops = isinstance(node.op, ast.Or)
    undecided: list[Value] = []
    for inner in node.values:
        value = m.evaluate(inner, scope)
        outcome = objects.truth(value)
        if outcome is stops:  # decides, whatever the undecided ones before it are
            return m.value("bool", [*undecided, value], "Or") if stops and undecided else value
        if outcome is None:
            undecided.append(value)
    if not undecided:
        return value
    if stops and len(undecided) == 1 and len(node.values) == 1:
        return undecided[0]
    return m.value("bool", undecided, type(node.op).__name__)


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


def _compare(m: Machine, node: Any, scope: Scope) -> Value:
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
    """Whether a value is an object of the workspace, and so not None."""
    return value.op in ("function", "class", "instance", "module", "items", "table", "format") or (
        isinstance(value, Const) and value.value is not None
    )


def _plain(value: Value) -> Any:
    """A constant, or a tuple of constants."""
    elements = objects.known_elements(value)
    if elements is not None:
        parts = tuple(objects.constant(element) for element in elements)
        return UNDECIDED if any(part is UNDECIDED for part in parts) else parts
    if isinstance(value, Table) and not value.rest:
        return tuple(value.entries)
    return objects.constant(value)


def _call(m: Machine, node: Any, scope: Scope) -> Value:
    callee = m.evaluate(node.func, scope)
    if callee.op == "external" and callee.name == "builtins.super":
        return calling.superclass(m, scope)
    args: list[Value] = []
    for arg in node.args:
        if isinstance(arg, ast.Starred):
            args += calling.spread(m, m.evaluate(arg.value, scope))
        else:
            args.append(m.evaluate(arg, scope))
    keywords: dict[str, Value] = {}
    for keyword in node.keywords:
        value = m.evaluate(keyword.value, scope)
        if keyword.arg is not None:
            keywords[keyword.arg] = value
        elif isinstance(value, Table):
            keywords.update({k: v for k, v in value.entries.items() if isinstance(k, str)})
        else:
            args.append(m.value("rest", [value]))
    m.line = node.lineno
    return m.call(callee, args, keywords)


def _conditional(m: Machine, node: Any, scope: Scope) -> Value:
    test = m.evaluate(node.test, scope)
    outcome = objects.truth(test)
    if outcome is not None:
        return m.evaluate(node.body if outcome else node.orelse, scope)
    with m.under(Guard(test, True)):
        body = m.evaluate(node.body, scope)
    with m.under(Guard(test, False)):
        other = m.evaluate(node.orelse, scope)
    return m.phi([body, other], [test])


def _lambda(m: Machine, node: Any, scope: Scope) -> Value:
    return calling.function(m, node, scope)


def _items(m: Machine, node: Any, scope: Scope) -> Value:
    kind = {ast.Tuple: "tuple", ast.Set: "set"}.get(type(node), "list")
    args: list[Value] = []
    exact = True
    for element in node.elts:
        if isinstance(element, ast.Starred):
            value = m.evaluate(element.value, scope)
            known = objects.known_elements(value)
            args += [m.value("elem", [value])] if known is None else known
            exact = exact and known is not None
        else:
            args.append(m.evaluate(element, scope))
    return m.items(args, kind, exact)


def _table(m: Machine, node: Any, scope: Scope) -> Value:
    table = Table("table", [], m.where())
    for key, inner in zip(node.keys, node.values, strict=True):
        value = m.evaluate(inner, scope)
        if key is not None:
            containers.fill(table, m.evaluate(key, scope), value)
        elif isinstance(value, Table):
            table.entries.update(value.entries)
            table.rest += value.rest
        else:
            table.rest.append(m.value("elem", [value]))
    return table


def _comprehension(m: Machine, node: Any, scope: Scope) -> Value:
    from posttrace.analysis.routes.static.machine import Scope

    inner = Scope(scope.module, {}, scope, owner=scope.owner, receiver=scope.receiver)
    found = Items("items", [], m.where(), kind="set" if isinstance(node, ast.SetComp) else "list")
    _rounds(m, node, node.generators, inner, found)
    return found


def _rounds(m: Machine, node: Any, generators: Sequence[Any], scope: Scope, into: Items | Table) -> None:
    if not generators:
        if isinstance(into, Table):
            key = m.evaluate(node.key, scope)
            containers.fill(into, key, m.evaluate(node.value, scope))
        else:
            objects.append(m, into, m.evaluate(node.elt, scope))
        return
    generator, rest = generators[0], generators[1:]
    over = m.evaluate(generator.iter, scope)
    known = objects.known_elements(over)
    if known is not None and 0 < len(known) <= 8:
        for value in known:
            _round(m, node, generator, value, rest, scope, into)
        return
    with m.loop(over):
        _round(m, node, generator, objects.element(m, over), rest, scope, into)


def _round(
    m: Machine,
    node: Any,
    generator: Any,
    value: Value,
    rest: Sequence[Any],
    scope: Scope,
    into: Items | Table,
) -> None:
    from posttrace.analysis.routes.static import statements

    statements.bind(m, generator.target, value, scope)
    guards = []
    for condition in generator.ifs:
        test = m.evaluate(condition, scope)
        outcome = objects.truth(test)
        if outcome is False:
            return
        if outcome is None:
            guards.append(Guard(test, True))
    with m.under(*guards):
        _rounds(m, node, rest, scope, into)


def _dict_comprehension(m: Machine, node: Any, scope: Scope) -> Value:
    from posttrace.analysis.routes.static.machine import Scope

    table = Table("table", [], m.where())
    _rounds(m, node, node.generators, Scope(scope.module, {}, scope), table)
    return table


def _formatted(m: Machine, node: Any, scope: Scope) -> Value:
    parts = [m.evaluate(part, scope) for part in node.values]
    return text.joined(m, parts)


def _formatted_value(m: Machine, node: Any, scope: Scope) -> Value:
    value = m.evaluate(node.value, scope)
    return m.value("format", [value]) if node.format_spec is not None else value


def _named(m: Machine, node: Any, scope: Scope) -> Value:
    value = m.evaluate(node.value, scope)
    imports.store(scope, node.target.id, value)
    return value


def _yield(m: Machine, node: Any, scope: Scope) -> Value:
    value = m.const(None) if node.value is None else m.evaluate(node.value, scope)
    if scope.yielded is not None:
        if isinstance(node, ast.YieldFrom):
            value = objects.element(m, value)
        scope.yielded.exact = False
        scope.yielded.writes.append(Write(None, value, m.where()))
    return m.value("unknown")


def _inner(m: Machine, node: Any, scope: Scope) -> Value:
    return m.evaluate(node.value, scope)


_HANDLERS: Final[dict[type[ast.expr], Callable[[Any, Any, Any], Value]]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.Subscript: _subscript,
    ast.Slice: _slice,
    ast.BinOp: _binary,
    ast.UnaryOp: _unary,
    ast.BoolOp: _bool,
    ast.Compare: _compare,
    ast.Call: _call,
    ast.IfExp: _conditional,
    ast.Lambda: _lambda,
    ast.List: _items,
    ast.Tuple: _items,
    ast.Set: _items,
    ast.Dict: _table,
    ast.ListComp: _comprehension,
    ast.SetComp: _comprehension,
    ast.GeneratorExp: _comprehension,
    ast.DictComp: _dict_comprehension,
    ast.JoinedStr: _formatted,
    ast.FormattedValue: _formatted_value,
    ast.NamedExpr: _named,
    ast.Yield: _yield,
    ast.YieldFrom: _yield,
    ast.Await: _inner,
    ast.Starred: _inner,
}
