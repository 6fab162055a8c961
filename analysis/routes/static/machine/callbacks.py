"""Functions that are handed over to be called: processes, threads, remote calls; arguments nobody gave."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from posttrace.analysis.routes.static import api
from posttrace.analysis.routes.static.entries import configuration, hydra
from posttrace.analysis.routes.static.machine import components, objects, parsers
from posttrace.analysis.routes.static.machine.values import Class, Function, Partial, Value, alternatives

if TYPE_CHECKING:
    from posttrace.analysis.routes.static.machine.machine import Machine

Args = list[Value]
Keywords = dict[str, Value]
_REMOTE: Final = api.names("remote delay local apply_async apply_now call_local bind spawn")
_WRAPPED: Final = api.names("options with_options remote_gen")
_FILLS: Final = ("pyrallis.wrap", "draccus.wrap", "hydra_zen.zen", "chz.chz")


def call(m: Machine, name: str, args: Args, keywords: Keywords) -> Value | None:
    """Result of a function that calls what it is given, or reads settings; null for any other."""
    for handlers in (_HANDLERS, parsers.HANDLERS, configuration.HANDLERS, components.HANDLERS):
        if name in handlers:
            return handlers[name](m, args, keywords)
    return None


def method(m: Machine, base: Value, name: str, args: Args, keywords: Keywords) -> Value | None:
    """``f.remote(...)`` and its like, of functions and classes of the workspace; parsers of dataclasses."""
    if name in _REMOTE | _WRAPPED:
        for choice in alternatives(base, 2):
            if isinstance(choice, Function | Class | Partial):
                return choice if name in _WRAPPED else m.call(choice, args, keywords)
    return parsers.method(m, base, name, args, keywords)


def _spawn(m: Machine, args: Args, keywords: Keywords) -> Value | None:
    """``spawn(f, args)``: the rank of the process comes first."""
    target = args[0] if args else keywords.get("fn")
    given = keywords.get("args", args[1] if len(args) > 1 else None)
    return _called(m, target, [m.value("unknown", name="rank")], given)


def _started(m: Machine, args: Args, keywords: Keywords) -> Value | None:
    """``Process(target=f, args=...)``: run where it is made."""
    given = keywords.get("args")
    return _called(m, keywords.get("target"), [], given)


def _handed(m: Machine, args: Args, keywords: Keywords) -> Value | None:
    """``launcher(f, args)``."""
    target = args[0] if args else keywords.get("function")
    return _called(m, target, [], keywords.get("args", args[1] if len(args) > 1 else None))


def _called(m: Machine, target: Value | None, first: Args, given: Value | None) -> Value | None:
    if target is None or not any(isinstance(c, Function | Partial) for c in alternatives(target, 2)):
        return None
    known = objects.known_elements(given) if given is not None else ()
    m.call(target, [*first, *(known if known is not None else ())], {})
    return None


_HANDLERS: Final[Mapping[str, Callable[[Any, Args, Keywords], Value | None]]] = {
    **dict.fromkeys(
        [
            "torch.multiprocessing.spawn",
            "torch.multiprocessing.start_processes",
            "torch.multiprocessing.spawn.spawn",
            "torch_xla.distributed.xla_multiprocessing.spawn",
            "torch_xla.launch",
        ],
        _spawn,
    ),
    **dict.fromkeys(
        [
            "multiprocessing.Process",
            "torch.multiprocessing.Process",
            "threading.Thread",
            "multiprocessing.context.Process",
        ],
        _started,
    ),
    **dict.fromkeys(
        [
            "accelerate.notebook_launcher",
            "accelerate.debug_launcher",
            "accelerate.launchers.notebook_launcher",
            "torchrunx.launch",
        ],
        _handed,
    ),
}


# -- arguments ---------------------------------------------------------------------------------------------


def missing(m: Machine, callee: Function, name: str) -> Value:
    """A parameter that the caller does not give: settings of an entry, or what its annotation says."""
    found = _of_decorator(m, callee)
    if found is None and not isinstance(callee.node, ast.Lambda):
        found = _of_annotation(m, callee, name)
    return m.value("unknown", name=name) if found is None else found


def _of_decorator(m: Machine, callee: Function) -> Value | None:
    for node in getattr(callee.node, "decorator_list", ()):
        if isinstance(node, ast.Call):
            wrapper = m.evaluate(node, callee.scope)
            if wrapper.name == "hydra.main":
                return hydra.main(m, wrapper)
        elif m.evaluate(node, callee.scope).name == components.PARSE:
            return components.settings(m)
    return None


def _of_annotation(m: Machine, callee: Function, name: str) -> Value | None:
    a = callee.node.args
    arg = next((arg for arg in (*a.posonlyargs, *a.args, *a.kwonlyargs) if arg.arg == name), None)
    annotation = _plain(arg.annotation) if arg is not None else None
    if annotation is None:
        return None
    kind = m.evaluate(annotation, callee.scope)
    if isinstance(kind, Class) and any(value is not None for _, value in kind.fields):
        return parsers.filled(m, kind)
    if kind.op == "external" and kind.name.startswith("torch.optim."):
        return m.value("call", [m.value("unknown")], kind.name)
    return None


def _plain(annotation: ast.expr | None) -> ast.expr | None:
    """The class that an annotation names: ``X``, ``Optional[X]``, ``X | None``."""
    if isinstance(annotation, ast.Subscript):
        named = annotation.value
        optional = getattr(named, "id", getattr(named, "attr", "")) == "Optional"
        return _plain(annotation.slice) if optional else None
    if isinstance(annotation, ast.BinOp):
        return _plain(annotation.left)
    return annotation if isinstance(annotation, ast.Name | ast.Attribute) else None
