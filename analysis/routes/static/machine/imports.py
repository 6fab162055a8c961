"""Names and modules: scopes, and imports within the workspace."""

from __future__ import annotations

import ast
import posixpath
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from posttrace.analysis.routes import frameworks
from posttrace.analysis.routes.static.machine import attributes
from posttrace.analysis.routes.static.machine.values import Module, Value

if TYPE_CHECKING:
    from posttrace.analysis.routes.static.machine.machine import Machine, Scope


def find(scope: Scope, name: str) -> Value | None:
    """Value of a name as Python looks it up, built-in names aside."""
    at: Scope | None = scope
    while at is not None:
        if name in at.names:
            return at.names[name]
        at = at.parent
    return scope.module.names.get(name)


def store(scope: Scope, name: str, value: Value) -> None:
    """Bind a name, in the scope that a ``global`` or ``nonlocal`` means."""
    if name in scope.outer:
        at = scope.parent
        while at is not None:
            if name in at.names:
                at.names[name] = value
                return
            at = at.parent
        scope.module.names[name] = value
    else:
        scope.names[name] = value


def load(m: Machine, path: str, name: str) -> Module:
    """Module of a file, run on first use; of one that does not parse, an empty module."""
    from posttrace.analysis.routes.static.machine.machine import Scope

    if path in m.modules:
        return m.modules[path]
    module = m.modules[path] = Module("module", [], m.where(), name=path)
    tree = m.workspace.parse(path)
    if tree is None:
        return module
    m.reassigned |= reassigned(tree)
    module.names["__name__"] = m.const(name)
    module.names["__file__"] = m.const(path)
    scope = Scope(module, module.names)
    loops, guards, frozen = m.loops, m.guards, m.frozen
    m.loops, m.guards, m.frozen = (), (), 0
    try:
        with m.at(path):
            m.execute(tree.body, scope)
    finally:
        m.loops, m.guards, m.frozen = loops, guards, frozen
        module.names = scope.names
    return module


@lru_cache(maxsize=256)
def reassigned(tree: ast.AST) -> frozenset[str]:
    """The attributes that code outside ``__init__`` assigns: their values may come from later."""
    found: set[str] = set()
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.FunctionDef) and node.name in ("__init__", "__post_init__"):
            continue
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            found.add(node.attr)
        pending.extend(ast.iter_child_nodes(node))
    return frozenset(found)


def run_import(m: Machine, node: Any, scope: Scope) -> bool:
    """``import a.b [as c]``."""
    for alias in node.names:
        top = alias.name.split(".")[0]
        if _vendored(m, top) or _closed(m, top, scope):
            store(scope, alias.asname or top, m.value("external", name=alias.name if alias.asname else top))
            continue
        full = _module(m, alias.name)
        if alias.asname:
            store(scope, alias.asname, full)
        elif "." not in alias.name:
            store(scope, top, full)
        else:
            store(scope, top, _module(m, top))
    return True


def run_import_from(m: Machine, node: Any, scope: Scope) -> bool:
    """``from a import b [as c]``, relative ones too."""
    dotted = node.module or ""
    roots = None
    if node.level:
        package = posixpath.dirname(scope.module.name)
        for _ in range(node.level - 1):
            package = posixpath.dirname(package)
        roots = (package,)
    names = [alias for alias in node.names if node.level or not _listed(m, dotted, alias, scope)]
    source = _module(m, dotted, roots) if dotted and names else None
    for alias in names:
        if alias.name == "*":
            if isinstance(source, Module):
                scope.names.update({k: v for k, v in source.names.items() if not k.startswith("_")})
            continue
        value = source.names.get(alias.name) if isinstance(source, Module) else None
        if value is None:
            value = _submodule(m, dotted, alias.name, roots)
            if value.op == "external":
                value = attributes.library_value(m, value.name)
        store(scope, alias.asname or alias.name, value)
    return True


def _listed(m: Machine, dotted: str, alias: Any, scope: Scope) -> bool:
    """Whether a name is a framework's whose source lies here: its table says what it trains."""
    full = f"{dotted}.{alias.name}"
    if (frameworks.holds(full) and _vendored(m, dotted)) or _closed(m, dotted, scope):
        store(scope, alias.asname or alias.name, attributes.library_value(m, full))
        return True
    return False


def _vendored(m: Machine, dotted: str) -> bool:
    top = dotted.split(".")[0]
    if top not in m.vendored:
        m.vendored[top] = frameworks.vendored(top, m.workspace.files)
    return m.vendored[top]


def _closed(m: Machine, dotted: str, scope: Scope) -> bool:
    """Whether a module is a library's whose source lies here, seen from a file outside of it."""
    top = dotted.split(".")[0]
    if top not in m.closed:
        m.closed[top] = frameworks.closed(top, m.workspace.files)
    return m.closed[top] and f"/{top}/" not in "/" + scope.module.name


def _submodule(m: Machine, dotted: str, name: str, roots: tuple[str, ...] | None) -> Value:
    return _module(m, f"{dotted}.{name}" if dotted else name, roots)


def _module(m: Machine, dotted: str, roots: tuple[str, ...] | None = None) -> Value:
    """Module of the workspace under a dotted name, otherwise the library of that name."""
    places = tuple(m.roots) if roots is None else roots
    path = m.workspace.module(dotted, places)
    if path is not None:
        return load(m, path, dotted)
    if m.workspace.is_package(dotted, places):
        return _folder(m, dotted, places)
    return m.value("external", name=dotted)


def _folder(m: Machine, dotted: str, places: tuple[str, ...]) -> Module:
    """A package without ``__init__.py``; its modules are loaded as they are asked for."""
    return Module("module", [], m.where(), name=dotted + "/", names={})


def member(m: Machine, module: Module, name: str) -> Value:
    """``module.name``: a global of the module, or a module below a package."""
    if name in module.names:
        return module.names[name]
    if module.name.endswith("/__init__.py"):
        return _module(m, name, (posixpath.dirname(module.name),))
    if module.name.endswith("/"):
        return _module(m, f"{module.name[:-1]}.{name}")
    return m.value("unknown", [module], name)
