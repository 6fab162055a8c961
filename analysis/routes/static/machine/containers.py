"""Methods of lists and dictionaries, copies, and functions that are mapped over data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from posttrace.analysis.routes.static import api
from posttrace.analysis.routes.static.machine import objects
from posttrace.analysis.routes.static.machine.values import (
    UNDECIDED,
    Const,
    Function,
    Guard,
    Instance,
    Items,
    Partial,
    Table,
    Value,
    Write,
    alternatives,
)

if TYPE_CHECKING:
    from posttrace.analysis.routes.static.machine.machine import Machine

_ADDS: Final = frozenset({"append", "add", "appendleft", "put", "insert"})
_SAME_DATA: Final = api.names(
    "shuffle batch prefetch repeat cache with_format set_format select shard take skip remove_columns"
    " rename_column rename_columns flatten_indices to_iterable_dataset cast_column train_test_split"
)
"""Methods of data sets that leave their records what they are."""
_FEW: Final = 12
"""So many values are mapped one by one: ``a, b = map(f, (a, b))``."""
_MAPS: Final = frozenset({"map", "imap", "starmap", "submit"})


def method(m: Machine, base: Value, name: str, args: list[Value], keywords: dict[str, Value]) -> Value | None:
    """A method of a list or dictionary, or ``map``/``filter`` of a data set; null when it is neither."""
    if name in _MAPS and args and isinstance(args[0], Function | Partial):
        return mapped(m, args[0], args[1:]) if len(args) > 1 else columns(m, args[0], base, keywords)
    if name == "filter" and args and isinstance(args[0], Function | Partial):
        return filtered(m, args[0], base)
    if name in _SAME_DATA and any(isinstance(c, Items) and c.name == "data" for c in alternatives(base, 4)):
        return base
    if name in ("items", "values", "keys"):
        return m.value("method", [base], name)
    known = alternatives(base, 6)
    lists = [choice for choice in known if isinstance(choice, Items)]
    tables = [choice for choice in known if isinstance(choice, Table)]
    if lists and name in _ADDS and args:
        for choice in lists:
            objects.append(m, choice, args[-1])
        return m.const(None)
    if lists and name == "extend" and args:
        objects.extend(m, base, args[0])
        return m.const(None)
    if (lists and name in ("pop", "popleft", "get_nowait")) or (lists and not tables and name == "get"):
        return m.value("elem", [base])
    if lists and name == "sort":
        return _sorted_in_place(m, lists, keywords)
    if not lists and name in ("append", "extend") and len(args) == 1:
        return _grown(m, known, args[0])
    if lists and name == "copy":
        return listed(m, base)
    return _of_table(m, base, tables, name, args, keywords) if tables else None


def _grown(m: Machine, opaque: Sequence[Value], new: Value) -> Value | None:
    """A list that a library made is one that more is put into: ``prompt.copy()``, ``x.tolist()``."""
    made = [choice for choice in opaque if choice.op in ("method", "call") and not isinstance(choice, Table)]
    for choice in made:
        choice.writes.append(Write(None, new, m.where()))
    return m.const(None) if made else None


def _of_table(
    m: Machine, base: Value, tables: Sequence[Table], name: str, args: list[Value], keywords: dict[str, Value]
) -> Value | None:
    if name == "get" and args:
        key = objects.constant(args[0])
        if key is not UNDECIDED and all(
            not t.rest and t.default is None and key not in t.entries for t in tables
        ):
            return args[1] if len(args) > 1 else m.const(None)
        return objects.get_item(m, base, args[0])
    if name == "setdefault" and len(args) > 1:
        for table in tables:
            if objects.constant(args[0]) not in table.entries:
                fill(table, args[0], args[1])
        return objects.get_item(m, base, args[0])
    if name == "update":
        for table in tables:
            _absorb(table, args)
            table.entries.update(keywords)
        return m.const(None)
    if name == "pop" and args:
        return objects.get_item(m, base, args[0])
    if name == "copy":
        return duplicate(m, base)
    return None


def _absorb(table: Table, others: Sequence[Value]) -> None:
    for other in others:
        for choice in alternatives(other, 4):
            if isinstance(choice, Table):
                table.entries.update(choice.entries)
                table.rest += choice.rest
            else:
                table.rest.append(choice)


def fill(table: Table, key: Value, value: Value) -> None:
    """Put an entry into a dictionary that is being built."""
    known = objects.constant(key)
    if known is not UNDECIDED and isinstance(known, str | int | float):
        table.entries[known] = value
    else:
        table.rest.append(value)
        table.keys.append(key)


def _sorted_in_place(m: Machine, lists: Sequence[Items], keywords: dict[str, Value]) -> Value:
    if "key" in keywords:
        for choice in lists:
            choice.exact = False
            choice.tests.append(m.call(keywords["key"], [m.value("elem", [choice])], {}))
    return m.const(None)


def listed(m: Machine, value: Value, kind: str = "list") -> Value:
    """``list(value)``: a list with the same elements."""
    known = objects.known_elements(value)
    if known is not None:
        return m.items(known, kind)
    made = m.items([], kind, exact=False)
    choices = alternatives(value, 6) if value.op in ("phi", "loop", "items") else []
    lists = [choice for choice in choices if isinstance(choice, Items)]
    if lists and len(lists) == len(choices):
        for choice in lists:
            made.args += choice.args
            made.writes += choice.writes
            made.tests += choice.tests
        made.name = lists[0].name
    else:
        with m.loop(value):
            made.writes.append(Write(None, objects.element(m, value), m.where()))
    return made


def mapped(m: Machine, function: Value, over: Sequence[Value]) -> Value:
    """``map(function, *over)``."""
    known = objects.known_elements(over[0]) if len(over) == 1 else None
    if known is not None and 0 < len(known) <= _FEW:
        return m.items([m.call(function, [value], {}) for value in known])
    made = m.items([], exact=False)
    with m.loop(over[0]):
        value = m.call(function, [objects.element(m, data) for data in over], {})
        made.writes.append(Write(None, value, m.where()))
    return made


def columns(m: Machine, function: Value, data: Value, keywords: dict[str, Value]) -> Value:
    """``data.map(function)`` of a data set: what the function leaves out stays as it was."""
    made = m.items([], exact=False)
    made.name = "data"
    with m.loop(data):
        row = objects.element(m, data)
        given = [row] if "input_columns" not in keywords else [m.value("elem", [row])]
        extra = keywords.get("fn_kwargs")
        value = m.call(function, given, dict(extra.entries) if isinstance(extra, Table) else {})
        for choice in alternatives(value, 4):
            if isinstance(choice, Table):
                choice.keywords = {"under": row}
        made.writes.append(Write(None, value, m.where()))
    return made


def filtered(m: Machine, function: Value, over: Value) -> Value:
    """``filter(function, over)``."""
    made = m.items([], exact=False)
    with m.loop(over):
        value = objects.element(m, over)
        test = m.call(function, [value], {}) if not isinstance(function, Const) else value
        with m.under(Guard(test, True)):
            made.writes.append(Write(None, value, m.where()))
    return made


def duplicate(m: Machine, value: Value, depth: int = 3) -> Value:
    """A deep copy: containers and objects are rebuilt, what they hold becomes a ``copy.deepcopy`` node."""
    if isinstance(value, Const | Function) or value.op in ("class", "module", "external"):
        return value
    choices = alternatives(value, 4) if value.op in ("phi", "loop") else [value]
    at = choices[0] if len(choices) == 1 else value
    if depth and isinstance(at, Items):
        made = m.items([duplicate(m, arg, depth - 1) for arg in at.args], at.kind, at.exact)
        made.writes = [Write(None, duplicate(m, w.value, depth - 1), w.where) for w in at.writes]
        return made
    if depth and isinstance(at, Table):
        entries = {key: duplicate(m, inner, depth - 1) for key, inner in at.entries.items()}
        rest = [duplicate(m, inner, depth - 1) for inner in at.rest]
        return Table("table", [], m.where(), entries=entries, rest=rest)
    if depth and isinstance(at, Instance):
        attributes = {key: duplicate(m, inner, depth - 1) for key, inner in at.attributes.items()}
        return Instance("instance", [], m.where(), name=at.name, cls=at.cls, attributes=attributes)
    return m.value("call", [at], "copy.deepcopy")


def dictionary(m: Machine, args: list[Value], keywords: dict[str, Value]) -> Value:
    """``dict(...)``."""
    made = Table("table", [], m.where(), entries=dict(keywords))
    for arg in args:
        for choice in alternatives(arg, 4):
            if isinstance(choice, Table):
                made.entries.update(choice.entries)
                made.rest += choice.rest
            else:
                pair = objects.element(m, choice)
                made.rest.append(objects.get_item(m, pair, m.const(1)))
    return made


def with_default(m: Machine, args: list[Value], keywords: dict[str, Value]) -> Value:
    """``defaultdict(...)``."""
    return Table("table", [], m.where(), default=args[0] if args else None)
