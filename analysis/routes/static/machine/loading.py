"""What loops over data give: batches of a loader, items of data sets written in the workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from posttrace.analysis.routes.static import api
from posttrace.analysis.routes.static.machine import attributes, objects
from posttrace.analysis.routes.static.machine.values import (
    Function,
    Instance,
    Items,
    Partial,
    Value,
    Write,
    alternatives,
)

if TYPE_CHECKING:
    from posttrace.analysis.routes.static.machine.machine import Machine

_SAME: Final = api.names("iter islice cycle tqdm track tqdm_notebook prefetch device_put_replicated")
"""Functions that give the elements of their first argument."""


def batch(m: Machine, over: Value) -> Value | None:
    """One element of a loader or of an object that can be iterated; null for anything else."""
    for choice in alternatives(over, 4) if over.op != "items" else ():
        if choice.op == "call" and api.short(choice) in _SAME and choice.args:
            return objects.element(m, choice.args[0])
        if choice.op == "call" and choice.name.endswith("DataLoader"):
            return _loaded(m, choice)
        if isinstance(choice, Instance) and choice.cls is not None:
            return item(m, choice)
    return None


def _loaded(m: Machine, loader: Value) -> Value | None:
    data = loader.keywords.get("dataset", loader.args[0] if loader.args else None)
    if data is None:
        return None
    one = objects.element(m, data)
    collate = loader.keywords.get("collate_fn")
    followed = collate is not None and any(
        isinstance(choice, Function | Partial | Instance) for choice in alternatives(collate, 4)
    )
    if collate is None or not followed:
        return one
    several = Items("items", [], m.where(), exact=False)
    several.writes.append(Write(None, one, m.where()))
    return m.call(collate, [several], {})


def item(m: Machine, data: Instance) -> Value | None:
    """An item of an object of the workspace: what it yields, or gives for an index."""
    for name, count in (("__iter__", 0), ("__getitem__", 1)):
        method = attributes.attribute(m, data, name)
        if isinstance(method, Function):
            given = [m.value("elem", [m.value("unknown")])] * count
            found = m.call(method, given, {})
            if count:
                return found
            if found is data:
                return m.call(attributes.attribute(m, data, "__next__"), [], {})
            return objects.element(m, found)
    return None
