"""Binding of names and other targets; what branches and rounds of a loop leave in them."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from posttrace.analysis.routes.static.machine import attributes, imports, objects
from posttrace.analysis.routes.static.machine.values import Value

if TYPE_CHECKING:
    from posttrace.analysis.routes.static.machine.machine import Machine, Scope


def bind(m: Machine, target: ast.expr, value: Value, scope: Scope) -> None:
    """Assign ``value`` to a target of any form."""
    if isinstance(target, ast.Name):
        imports.store(scope, target.id, value)
    elif isinstance(target, ast.Tuple | ast.List):
        _unpack(m, target.elts, value, scope)
    elif isinstance(target, ast.Starred):
        bind(m, target.value, m.items([m.value("elem", [value])], exact=False), scope)
    elif isinstance(target, ast.Attribute):
        attributes.set_attribute(m, m.evaluate(target.value, scope), target.attr, value)
    elif isinstance(target, ast.Subscript):
        base = m.evaluate(target.value, scope)
        key = m.evaluate(target.slice, scope)
        objects.set_item(m, base, key, value)


def _unpack(m: Machine, targets: Sequence[ast.expr], value: Value, scope: Scope) -> None:
    starred = any(isinstance(target, ast.Starred) for target in targets)
    for position, target in enumerate(targets):
        if not starred:
            part = objects.get_item(m, value, m.const(position))
        else:
            part = value if isinstance(target, ast.Starred) else m.value("elem", [value])
        bind(m, target, part, scope)


def merge(m: Machine, scope: Scope, other: dict[str, Value], tests: Sequence[Value] = ()) -> None:
    """Join the names of another branch into ``scope``."""
    for name, value in other.items():
        mine = scope.names.get(name)
        scope.names[name] = value if mine is None or mine is value else m.phi([mine, value], tests)


@lru_cache(maxsize=4096)
def _stored(node: ast.stmt) -> frozenset[str]:
    return frozenset(
        inner.id
        for inner in ast.walk(node)
        if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store)
    )


def open_cells(m: Machine, node: ast.stmt, scope: Scope) -> dict[str, Value]:
    """Let each name that a loop stores stand for its values of all rounds."""
    cells = {}
    for name in sorted(_stored(node)):
        old = imports.find(scope, name)
        if old is not None and old.op != "external":
            cells[name] = m.value("loop", [old])
            imports.store(scope, name, cells[name])
    return cells


def close_cells(m: Machine, cells: dict[str, Value], scope: Scope) -> None:
    """Join what a round left in the names to what the next one finds."""
    for name, cell in cells.items():
        new = imports.find(scope, name)
        if new is not None and new is not cell:
            cell.args.append(new)
            m.update(cell, new)
        imports.store(scope, name, cell)
