"""Comprehensions on abstract values: one round stands for all, and its conditions for what is kept."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from posttrace.analysis.routes.static.machine import binding, containers, objects
from posttrace.analysis.routes.static.machine.values import Guard, Items, Table, Value

if TYPE_CHECKING:
    from posttrace.analysis.routes.static.machine.machine import Machine, Scope


def sequence(m: Machine, node: Any, scope: Scope) -> Value:
    """A list or set comprehension, or a generator."""
    from posttrace.analysis.routes.static.machine.machine import Scope

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
    binding.bind(m, generator.target, value, scope)
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


def table(m: Machine, node: Any, scope: Scope) -> Value:
    """A dictionary comprehension."""
    from posttrace.analysis.routes.static.machine.machine import Scope

    found = Table("table", [], m.where())
    _rounds(m, node, node.generators, Scope(scope.module, {}, scope), found)
    return found
