"""Functions of objects that hold things: data classes, name spaces, queues."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from posttrace.analysis.routes.static.machine import attributes
from posttrace.analysis.routes.static.machine.values import (
    Class,
    Const,
    Instance,
    Items,
    Table,
    Value,
    Write,
    elements,
)

if TYPE_CHECKING:
    from posttrace.analysis.routes.static.machine.machine import Machine

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
        rows = [row for c in elements(args[0].args[0]) if (row := _places(c))]
        if rows and len({len(row) for row in rows}) == 1:
            lists = [m.items([], exact=False) for _ in rows[0]]
            for row in rows:
                for made, value in zip(lists, row, strict=True):
                    made.writes.append(Write(None, value, value.where))
            return m.items(lists, "tuple")
    return m.value("call", args, "builtins.zip", **keywords)


def _places(row: Value) -> list[Value]:
    """What lies at each place of a tuple, named or not; empty where that is not known."""
    if isinstance(row, Items):
        return row.args if row.exact and not row.writes else []
    if not isinstance(row, Instance) or row.cls is None:
        return []
    names = [name for name, _ in row.cls.fields]
    return [row.attributes[name] for name in names] if set(names) <= row.attributes.keys() else []


def _named_tuple(m: Machine, args: Args, keywords: Keywords) -> Value:
    given = args[1] if len(args) > 1 else keywords.get("field_names")
    names: list[object] = []
    if isinstance(given, Items) and given.exact:
        names = [part.value for part in given.args if isinstance(part, Const)]
    elif isinstance(given, Const) and isinstance(given.value, str):
        names = list(given.value.replace(",", " ").split())
    fields: list[tuple[str, Value | None]] = [(str(name), None) for name in names]
    if not fields:
        return m.value("call", args, "collections.namedtuple", **keywords)
    return Class("class", [], m.where(), name="namedtuple", fields=fields)


_REGISTERS: Final = frozenset({"register_buffer", "register_parameter", "register_module", "add_module"})


def method(m: Machine, base: Value, name: str, args: Args, keywords: Keywords) -> Value | None:
    """``module.register_buffer("name", value)``: an attribute; null for other methods."""
    if name not in _REGISTERS or len(args) < 2 or not isinstance(base, Instance):
        return None
    if not (isinstance(args[0], Const) and isinstance(args[0].value, str)):
        return None
    attributes.set_attribute(m, base, args[0].value, args[1])
    return m.const(None)


HANDLERS: Final[Mapping[str, Callable[[Any, Args, Keywords], Value]]] = {
    "types.SimpleNamespace": _namespace,
    "builtins.zip": _zip,
    **{
        f"{module}.{name}": _queue
        for module in ("queue", "multiprocessing", "torch.multiprocessing", "asyncio")
        for name in ("Queue", "SimpleQueue", "JoinableQueue", "LifoQueue")
    },
    "collections.namedtuple": _named_tuple,
    "dataclasses.replace": _replace,
    "dataclasses.fields": _fields,
    "dataclasses.asdict": _as_table,
}
