"""Functions of objects that hold things: data classes, name spaces, queues."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from posttrace.analysis.routes.static.values import Class, Instance, Items, Table, Value, Write, elements

if TYPE_CHECKING:
    from posttrace.analysis.routes.static.machine import Machine

Args = list[Value]
Keywords = dict[str, Value]


def _namespace(m: Machine, args: Args, keywords: Keywords) -> Value:
    return Instance("instance", [], m.where(), attributes=dict(keywords))


def _fields(m: Machine, args: Args, keywords: Keywords) -> Value:
    cls = args[0].cls if args and isinstance(args[0], Instance) else (args[0] if args else None)
    if not isinstance(cls, Class) or not cls.fields:
        return m.value("call", args, "dataclasses.fields")
    names = [m.const(name) for name in dict.fromkeys(name for name, _ in cls.fields)]
    return m.items([Instance("instance", [], m.where(), attributes={"name": n}) for n in names], "tuple")


def _as_table(m: Machine, args: Args, keywords: Keywords) -> Value:
    if args and isinstance(args[0], Instance):
        return Table("table", [], m.where(), entries=dict(args[0].attributes))
    return m.value("call", args, "dataclasses.asdict")


def _replace(m: Machine, args: Args, keywords: Keywords) -> Value:
    if args and isinstance(args[0], Instance):
        made = Instance("instance", [], m.where(), cls=args[0].cls)
        made.attributes = {**args[0].attributes, **keywords}
        return made
    return m.value("call", args, "dataclasses.replace", **keywords)


def _queue(m: Machine, args: Args, keywords: Keywords) -> Value:
    return m.items([], exact=False)


def _zip(m: Machine, args: Args, keywords: Keywords) -> Value:
    if len(args) == 1 and args[0].op == "rest":  # zip(*pairs): a list of each of their places
        rows = [c for c in elements(args[0].args[0]) if isinstance(c, Items) and c.exact and not c.writes]
        if rows and len({len(row.args) for row in rows}) == 1:
            lists = [m.items([], exact=False) for _ in rows[0].args]
            for row in rows:
                for made, value in zip(lists, row.args, strict=True):
                    made.writes.append(Write(None, value, value.where))
            return m.items(lists, "tuple")
    return m.value("call", args, "builtins.zip", **keywords)


HANDLERS: Final[Mapping[str, Callable[[Any, Args, Keywords], Value]]] = {
    "types.SimpleNamespace": _namespace,
    "builtins.zip": _zip,
    **{
        f"{module}.{name}": _queue
        for module in ("queue", "multiprocessing", "torch.multiprocessing", "asyncio")
        for name in ("Queue", "SimpleQueue", "JoinableQueue", "LifoQueue")
    },
    "dataclasses.replace": _replace,
    "dataclasses.fields": _fields,
    "dataclasses.asdict": _as_table,
}
