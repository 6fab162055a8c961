"""Expressions on abstract values."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from posttrace.analysis.routes.static.machine import (
    attributes,
    calling,
    comparisons,
    comprehensions,
    containers,
    imports,
    library,
    objects,
    operators,
    text,
)
from posttrace.analysis.routes.static.machine.values import Guard, Table, Value, Write

if TYPE_CHECKING:
    from posttrace.analysis.routes.static.machine.machine import Machine, Scope


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
    return attributes.attribute(m, base, node.attr) if found is None else found


def _subscript(m: Machine, node: Any, scope: Scope) -> Value:
    base = m.evaluate(node.value, scope)
    key = m.evaluate(node.slice, scope)
    found = text.item(m, base, key) or library.item(m, base, key)
    return objects.get_item(m, base, key) if found is None else found


def _slice(m: Machine, node: Any, scope: Scope) -> Value:
    bounds = {"lower": node.lower, "upper": node.upper, "step": node.step}
    known = {name: m.evaluate(bound, scope) for name, bound in bounds.items() if bound is not None}
    return m.value("slice", list(known.values()), "", **known)


def _binary(m: Machine, node: Any, scope: Scope) -> Value:
    left, right = m.evaluate(node.left, scope), m.evaluate(node.right, scope)
    return operators.binary(m, type(node.op).__name__, left, right)


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
            if value.rest:
                args.append(m.value("rest", [value]))
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
    ast.Compare: comparisons.compare,
    ast.Call: _call,
    ast.IfExp: _conditional,
    ast.Lambda: _lambda,
    ast.List: _items,
    ast.Tuple: _items,
    ast.Set: _items,
    ast.Dict: _table,
    ast.ListComp: comprehensions.sequence,
    ast.SetComp: comprehensions.sequence,
    ast.GeneratorExp: comprehensions.sequence,
    ast.DictComp: comprehensions.table,
    ast.JoinedStr: _formatted,
    ast.FormattedValue: _formatted_value,
    ast.NamedExpr: _named,
    ast.Yield: _yield,
    ast.YieldFrom: _yield,
    ast.Await: _inner,
    ast.Starred: _inner,
}
