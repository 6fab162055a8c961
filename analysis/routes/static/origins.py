"""What an element or a view is a part of."""

from __future__ import annotations

from typing import Final

from posttrace.analysis.routes.static import api
from posttrace.analysis.routes.static.machine.values import Const, Instance, Items, Table, Value, alternatives

_PARTS: Final = frozenset({"index", "elem", "attr", "key"})
_VIEWS: Final = frozenset(
    {"items", "values", "keys", "get", "parameters", "named_parameters", "state_dict", "data"}
)


def origins(value: Value, limit: int = 64) -> list[Value]:
    """The objects that a value is, or is a part of: elements lead to their container's content."""
    found: dict[int, Value] = {}
    pending = [value]
    while pending and len(found) < limit:
        node = pending.pop()
        if id(node) in found:
            continue
        if node.op == "phi" or node.op in _PARTS or (node.op == "method" and api.short(node) in _VIEWS):
            known = alternatives(node) if node.op != "method" else [node]
            inner = [k for k in known if k is not node] or node.args[:1]
            found[id(node)] = node
            pending.extend(inner)
            continue
        found[id(node)] = node
        pending.extend(_contents(node))
    return [node for node in found.values() if not isinstance(node, Const)]


def _contents(node: Value) -> list[Value]:
    if isinstance(node, Items):
        return [*node.args, *(write.value for write in node.writes)]
    if isinstance(node, Table):
        return [*node.entries.values(), *node.rest]
    if isinstance(node, Instance):
        return list(node.attributes.values())
    return []
