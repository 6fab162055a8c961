"""Definitions and calls: functions, classes and bound methods of the workspace; operators."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from posttrace.analysis.routes.static.losses import layers
from posttrace.analysis.routes.static.machine import attributes, callbacks, imports, library
from posttrace.analysis.routes.static.machine.values import (
    Class,
    Function,
    Instance,
    Items,
    Partial,
    Table,
    Value,
    alternatives,
)

if TYPE_CHECKING:
    from posttrace.analysis.routes.static.machine.machine import Machine, Scope

_FIELDS: Final = frozenset(
    {"dataclasses.dataclass", "typing.NamedTuple", "flax.struct.dataclass", "chex.dataclass"}
)
_FLAGS: Final = {
    "builtins.staticmethod": "static",
    "builtins.classmethod": "class",
    "builtins.property": "property",
    "functools.cached_property": "property",
    "torch.no_grad": "frozen",
    "torch.inference_mode": "frozen",
}


# -- definitions -------------------------------------------------------------------------------------------


def function(m: Machine, node: Any, scope: Scope) -> Function:
    """A function object, its defaults evaluated."""
    a = node.args
    defaults = {}
    positional = [*a.posonlyargs, *a.args]
    for arg, default in zip(positional[len(positional) - len(a.defaults) :], a.defaults, strict=True):
        defaults[arg.arg] = m.evaluate(default, scope)
    for arg, default in zip(a.kwonlyargs, a.kw_defaults, strict=True):
        if default is not None:
            defaults[arg.arg] = m.evaluate(default, scope)
    name = getattr(node, "name", "<lambda>")
    return Function("function", [], m.where(), name=name, node=node, scope=scope, defaults=defaults)


def define(m: Machine, node: Any, scope: Scope) -> bool:
    """``def``, with its decorators."""
    made: Value = function(m, node, scope)
    for decorator in reversed(node.decorator_list):
        wrapper = m.evaluate(decorator, scope)
        name = wrapper.name if wrapper.op in ("external", "call") else ""
        if name in _FLAGS and isinstance(made, Function):
            made.flags |= {_FLAGS[name]}
        elif isinstance(wrapper, Function | Class | Partial | Instance):
            made = m.call(wrapper, [made], {})
    imports.store(scope, node.name, made)
    return True


def define_class(m: Machine, node: Any, scope: Scope) -> bool:
    """``class``: its body is run in a scope of its own."""
    from posttrace.analysis.routes.static.machine.machine import Scope

    bases = [m.evaluate(base, scope) for base in node.bases if not isinstance(base, ast.Starred)]
    wrappers = [m.evaluate(decorator, scope) for decorator in node.decorator_list]
    cls = Class("class", [], m.where(), name=node.name, node=node, bases=bases)
    inner = Scope(scope.module, cls.members, scope, owner=cls)
    m.execute(node.body, inner)
    cls.members = inner.names
    for member in cls.members.values():
        if isinstance(member, Function) and member.owner is None:
            member.owner, member.scope = cls, scope
    for c in reversed(attributes.lineage(cls)):
        if c is not cls:
            cls.fields += c.fields
    if any(w.name in _FIELDS for w in (*wrappers, *bases)) or cls.fields:
        for statement in node.body:
            if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                cls.fields.append((statement.target.id, cls.members.get(statement.target.id)))
    imports.store(scope, node.name, cls)
    return True


def superclass(m: Machine, scope: Scope) -> Value:
    """``super()``."""
    at: Scope | None = scope
    while at is not None and at.receiver is None:
        at = at.parent
    if at is None or at.receiver is None or not isinstance(at.owner, Class):
        return m.value("unknown", name="super")
    return Partial("super", [at.receiver], m.where(), callee=at.owner)


# -- calls -------------------------------------------------------------------------------------------------


def call(m: Machine, callee: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    """Result of a call."""
    if callee.op in ("phi", "loop", "elem", "index"):
        choices = [c for c in alternatives(callee, 4) if _followed(c)]
        if choices:
            return m.phi([call(m, choice, args, keywords) for choice in choices])
    if isinstance(callee, Function):
        return call_function(m, callee, args, keywords)
    if isinstance(callee, Class):
        return instantiate(m, callee, args, keywords)
    if isinstance(callee, Partial) and callee.callee is not None and callee.op == "partial":
        return call(m, callee.callee, [*callee.args, *args], {**callee.keywords, **keywords})
    if isinstance(callee, Partial) and callee.callee is not None and callee.op == "gradient":
        loss = call(m, callee.callee, args, keywords)
        return library.gradient(m, callee, loss, args)
    if isinstance(callee, Instance):
        return _call_object(m, callee, args, keywords)
    if callee.op == "external":
        return library.call(m, callee.name, args, keywords)
    if callee.op == "attr":
        return library.method(m, callee.args[0], callee.name, args, keywords)
    if layers.own(callee) and args:
        return layers.through(m, callee, args)
    return m.library_call("apply", "", [callee, *args], keywords)


def _followed(value: Value) -> bool:
    return isinstance(value, Function | Class | Partial | Instance) or value.op == "external"


def _call_object(m: Machine, callee: Instance, args: list[Value], keywords: dict[str, Value]) -> Value:
    for name in ("__call__", "forward", "call"):
        method = attributes.attribute(m, callee, name)
        if isinstance(method, Function):
            return call_function(m, method, args, keywords)
    return m.library_call("apply", "", [callee, *args], keywords)


def call_function(m: Machine, callee: Function, args: list[Value], keywords: dict[str, Value]) -> Value:
    """Run the body of a function; a node with its arguments when it is too deep or recursive."""
    from posttrace.analysis.routes.static.machine.machine import DEEPEST_CALL, Scope

    if m.depth >= DEEPEST_CALL or m.running.count(id(callee.node)) > 1:
        return m.value("unknown", [*args, *keywords.values()], callee.name)
    scope = Scope(callee.scope.module, {}, callee.scope, owner=callee.owner, receiver=callee.receiver)
    if callee.receiver is not None:
        args = [callee.receiver, *args]
    elif callee.owner is not None and args and "static" not in callee.flags:
        scope.receiver = args[0]
    _bind_parameters(m, callee, args, keywords, scope)
    guards = m.guards
    m.running.append(id(callee.node))
    try:
        with m.at(callee.scope.module.name, frozen="frozen" in callee.flags):
            return _body(m, callee, scope)
    finally:
        m.running.pop()
        m.guards = guards


def _body(m: Machine, callee: Function, scope: Scope) -> Value:
    node = callee.node
    if isinstance(node, ast.Lambda):
        return m.evaluate(node.body, scope)
    if _generates(node):
        scope.yielded = Items("items", [], m.where(), kind="generator", exact=False)
    before = len(m.guards)
    falls = m.execute(node.body, scope)
    if scope.yielded is not None:
        return scope.yielded
    if falls and scope.returned:
        scope.returned.append(m.const(None))
    if not scope.returned:
        return m.const(None)
    tests = [guard.test for under in scope.returned_under for guard in under[before:]]
    return m.phi(scope.returned, tests)


@lru_cache(maxsize=4096)
def _generates(node: Any) -> bool:
    pending = list(node.body)
    while pending:
        inner = pending.pop()
        if isinstance(inner, ast.Yield | ast.YieldFrom):
            return True
        if not isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            pending.extend(ast.iter_child_nodes(inner))
    return False


def _bind_parameters(
    m: Machine, callee: Function, args: Sequence[Value], keywords: dict[str, Value], scope: Scope
) -> None:
    a = callee.node.args
    positional = [arg.arg for arg in (*a.posonlyargs, *a.args)]
    scope.names.update(callee.defaults)
    scope.names.update(zip(positional, args, strict=False))
    more = m.items(args[len(positional) :], "tuple")
    if args and args[-1].op == "rest":  # f(*unknown): every parameter that is left is an element of it
        for name in positional[len(args) - 1 :]:
            scope.names[name] = m.value("elem", [args[-1].args[0]])
    named = {*positional, *(arg.arg for arg in a.kwonlyargs)}
    scope.names.update({k: v for k, v in keywords.items() if k in named})
    if a.vararg is not None:
        scope.names[a.vararg.arg] = more
    if a.kwarg is not None:
        rest = {k: v for k, v in keywords.items() if k not in named}
        scope.names[a.kwarg.arg] = Table("table", [], m.where(), entries=rest)
    for name in named - scope.names.keys():
        scope.names[name] = callbacks.missing(m, callee, name)


def spread(m: Machine, value: Value) -> list[Value]:
    """Arguments that ``*value`` stands for."""
    choices = [c for c in alternatives(value) if isinstance(c, Items) and c.exact and not c.writes]
    lengths = {len(choice.args) for choice in choices}
    if len(lengths) == 1:
        return [m.phi([c.args[i] for c in choices]) for i in range(lengths.pop())]
    return [m.value("rest", [value])]


def instantiate(m: Machine, cls: Class, args: list[Value], keywords: dict[str, Value]) -> Value:
    """A new object."""
    given = [*args, *keywords.values()]
    made = Instance("instance", given, m.where(), name=cls.name, keywords=dict(keywords), cls=cls)
    init = attributes.lookup(cls, "__init__")
    if isinstance(init, Function):
        call_function(m, init, [made, *args], keywords)
        return made
    names = [name for name, _ in cls.fields]
    for name, default in cls.fields:
        if default is not None:
            made.attributes[name] = library.field_default(m, default)
    made.attributes.update(zip(names, args, strict=False))
    if args and args[-1].op == "rest":  # f(*unknown): every field that is left is an element of it
        left = [name for name in names[len(args) - 1 :] if name not in keywords]
        made.attributes.update({name: m.value("elem", [args[-1].args[0]]) for name in left})
    made.attributes.update({k: v for k, v in keywords.items() if k in names})
    after = attributes.lookup(cls, "__post_init__")
    if isinstance(after, Function):
        call_function(m, after, [made], {})
    return made
