"""Statements on abstract values: which run, what they bind, what they change in place."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from posttrace.analysis.routes.static.machine import attributes, binding, calling, imports, objects, operators
from posttrace.analysis.routes.static.machine.values import Const, Guard, Halted, Value

if TYPE_CHECKING:
    from posttrace.analysis.routes.static.machine.machine import Machine, Scope

UNROLLED: Final = 12
"""A loop over at most this many known elements is run for each."""


def execute(m: Machine, body: Sequence[ast.stmt], scope: Scope) -> bool:
    """Run a block; false when its end cannot be reached."""
    before = m.guards
    try:
        for statement in body:
            m.line = statement.lineno
            handler = _HANDLERS.get(type(statement))
            if handler is not None and not handler(m, statement, scope):
                return False
        return True
    finally:
        m.guards = before


def _expression(m: Machine, node: Any, scope: Scope) -> bool:
    m.evaluate(node.value, scope)
    return True


def _assign(m: Machine, node: Any, scope: Scope) -> bool:
    value = m.evaluate(node.value, scope)
    for target in node.targets:
        binding.bind(m, target, value, scope)
    return True


def _annotated(m: Machine, node: Any, scope: Scope) -> bool:
    if node.value is not None:
        binding.bind(m, node.target, m.evaluate(node.value, scope), scope)
    return True


def _augmented(m: Machine, node: Any, scope: Scope) -> bool:
    old = m.evaluate(_as_load(node.target), scope)
    delta = m.evaluate(node.value, scope)
    if isinstance(node.op, ast.Add) and objects.extend(m, old, delta):
        return True
    new = operators.binary(m, type(node.op).__name__, old, delta)
    if not isinstance(old, Const):
        objects.write(m, old, None, new)
    m.update(old, new)
    binding.bind(m, node.target, new, scope)
    return True


def _as_load(target: Any) -> ast.expr:
    kind: Any = type(target)
    fields = {name: getattr(target, name) for name in target._fields}
    loaded: ast.expr = kind(**{**fields, "ctx": ast.Load()})
    return ast.copy_location(loaded, target)


def _if(m: Machine, node: Any, scope: Scope) -> bool:
    test = m.evaluate(node.test, scope)
    outcome = objects.truth(test)
    if outcome is not None:
        return m.execute(node.body if outcome else node.orelse, scope)
    before = dict(scope.names)
    falls = _branch(m, node.body, Guard(test, True), scope)
    after = scope.names
    scope.names = dict(before)
    falls_else = _branch(m, node.orelse, Guard(test, False), scope)
    if falls and falls_else:
        binding.merge(m, scope, after, [test])
    elif falls:
        scope.names = after
    if falls != falls_else:  # what follows runs only if the branch that goes on was taken
        m.guards = (*m.guards, Guard(test, falls))
    return falls or falls_else


def _branch(m: Machine, body: Sequence[ast.stmt], guard: Guard, scope: Scope) -> bool:
    with m.under(guard):
        try:
            return m.execute(body, scope)
        except Halted:
            return False


def _for(m: Machine, node: Any, scope: Scope) -> bool:
    over = m.evaluate(node.iter, scope)
    known = objects.known_elements(over)
    if known is not None and 0 < len(known) <= UNROLLED:
        return _unrolled(m, node, known, scope)
    with m.loop(over):
        cells = binding.open_cells(m, node, scope)
        binding.bind(m, node.target, objects.element(m, over), scope)
        m.execute(node.body, scope)
        binding.close_cells(m, cells, scope)
    return m.execute(node.orelse, scope) or _breaks(node)


def _unrolled(m: Machine, node: Any, known: Sequence[Value], scope: Scope) -> bool:
    for value in known:
        binding.bind(m, node.target, value, scope)
        before = dict(scope.names)
        if not m.execute(node.body, scope):
            binding.merge(m, scope, before)
    return m.execute(node.orelse, scope) or _breaks(node)


def _while(m: Machine, node: Any, scope: Scope) -> bool:
    with m.loop(m.value("unknown")):
        cells = binding.open_cells(m, node, scope)
        test = m.evaluate(node.test, scope)
        outcome = objects.truth(test)
        if outcome is False:
            return m.execute(node.orelse, scope)
        m.execute(node.body, scope)
        binding.close_cells(m, cells, scope)
    return not (outcome is True and not _breaks(node)) and m.execute(node.orelse, scope)


def _breaks(node: ast.While | ast.For) -> bool:
    return any(isinstance(inner, ast.Break) for inner in ast.walk(node))


def _with(m: Machine, node: Any, scope: Scope) -> bool:
    frozen = 0
    for item in node.items:
        value = m.evaluate(item.context_expr, scope)
        frozen += objects.freezes(value)
        if item.optional_vars is not None:
            binding.bind(m, item.optional_vars, attributes.entered(m, value), scope)
    m.frozen += frozen
    try:
        return m.execute(node.body, scope)
    finally:
        m.frozen -= frozen


def _try(m: Machine, node: Any, scope: Scope) -> bool:
    falls = m.execute([*node.body, *node.orelse], scope)
    only_imports = all(isinstance(s, ast.Import | ast.ImportFrom) for s in node.body)
    for handler in node.handlers if not only_imports else ():
        after = scope.names
        scope.names = dict(after)
        if _branch(m, handler.body, Guard(m.value("unknown"), True), scope):
            binding.merge(m, scope, after)
            falls = True
        else:
            scope.names = after
    return m.execute(node.finalbody, scope) and falls


def _return(m: Machine, node: Any, scope: Scope) -> bool:
    value = m.const(None) if node.value is None else m.evaluate(node.value, scope)
    scope.returned.append(value)
    scope.returned_under.append(m.guards)
    return False


def _match(m: Machine, node: Any, scope: Scope) -> bool:
    subject = m.evaluate(node.subject, scope)
    falls = True
    for case in node.cases:
        matched = objects.matches(subject, case.pattern)
        if matched is True and case.guard is None:
            return m.execute(case.body, scope)
        if matched is not False:
            before = dict(scope.names)
            falls = _branch(m, case.body, Guard(subject, True), scope) or falls
            binding.merge(m, scope, before)
    return falls


def _stop(m: Machine, node: Any, scope: Scope) -> bool:
    return False


def _assert(m: Machine, node: Any, scope: Scope) -> bool:
    """What is demanded of settings may hold in a run that is not recorded; ``assert False`` never does."""
    m.evaluate(node.test, scope)
    return not (isinstance(node.test, ast.Constant) and not node.test.value)


def _global(m: Machine, node: Any, scope: Scope) -> bool:
    scope.outer.update(node.names)
    return True


_HANDLERS: Final[dict[type[ast.stmt], Callable[[Any, Any, Any], bool]]] = {
    ast.Expr: _expression,
    ast.Assign: _assign,
    ast.AnnAssign: _annotated,
    ast.AugAssign: _augmented,
    ast.If: _if,
    ast.For: _for,
    ast.AsyncFor: _for,
    ast.While: _while,
    ast.With: _with,
    ast.AsyncWith: _with,
    ast.Try: _try,
    ast.TryStar: _try,
    ast.Return: _return,
    ast.Raise: _stop,
    ast.Break: _stop,
    ast.Continue: _stop,
    ast.Match: _match,
    ast.Assert: _assert,
    ast.Global: _global,
    ast.Nonlocal: _global,
    ast.FunctionDef: calling.define,
    ast.AsyncFunctionDef: calling.define,
    ast.ClassDef: calling.define_class,
    ast.Import: imports.run_import,
    ast.ImportFrom: imports.run_import_from,
}
