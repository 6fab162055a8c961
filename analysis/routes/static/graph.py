"""Walks over the data flow: what a value was computed from, and in which role."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Final, Literal

from posttrace.analysis.routes.static import api
from posttrace.analysis.routes.static.machine.values import (
    Const,
    Instance,
    Items,
    Table,
    Value,
    Where,
    Write,
    contents,
    elements,
)

Role = Literal[
    "value", "factor", "divisor", "term", "condition", "index", "place", "shape", "discrete", "filter", "test"
]
"""How an input enters: ``index`` looks up by it, ``discrete`` passes its content but no gradient, ``filter``
decides whether it is there, ``test`` chose between alternatives, ``place`` is where something was stored,
``shape`` gives a size alone."""

SMOOTH: Final[frozenset[Role]] = frozenset({"value", "factor", "divisor", "term"})
"""Roles through which a gradient flows."""
CONTENT: Final[frozenset[Role]] = SMOOTH | {"condition", "discrete"}
"""Roles through which an amount is passed on."""
EVERYTHING: Final[frozenset[Role]] = CONTENT | {"index", "filter", "test", "place"}

MOST_NODES: Final = 60_000
MOST_CHOICES: Final = 64
_CONTAINERS: Final = (Items, Table, Instance)

Edge = tuple[Role, Value]


def inputs(node: Value) -> list[Edge]:
    """What a node was computed from, changes in place aside."""
    op = node.op
    if op == "binop":
        return _of_operator(node)
    if op in ("compare", "bool", "slice"):
        return [("discrete" if op != "slice" else "index", arg) for arg in node.args]
    if op in ("index", "elem"):
        return _of_choice(node)
    if op == "key":
        return [("discrete", node.args[0])]
    if op in ("phi", "loop"):
        return [*(("value", a) for a in node.args), *(("test", t) for t in node.tests)]
    if op in ("call", "method", "apply"):
        return _of_call(node)
    if op == "attr" and node.name in ("shape", "size", "ndim", "dtype", "device", "config"):
        return [("shape", node.args[0])]
    edges: list[Edge] = [("value", arg) for arg in node.args]
    edges += [("filter", test) for test in node.tests]
    if isinstance(node, Table):
        edges += [("value", value) for value in (*node.entries.values(), *node.rest)]
        edges += [("index", key) for key in node.keys]
    elif isinstance(node, Instance):
        edges += [("value", value) for value in node.attributes.values()]
    return edges


def remembered(node: Value) -> list[Edge]:
    """``inputs`` of a graph that does not change any more."""
    if node.edges is None:
        node.edges = inputs(node)
    return node.edges


def _of_choice(node: Value) -> list[Edge]:
    """An element leads to what it may be, and to what decided which elements there are, not to the others."""
    found: list[Edge] = [("index", key) for key in node.args[1:]]
    resolved = contents(node)[:MOST_CHOICES]
    if not resolved:
        return [("value", node.args[0]), *found]
    found += [("value", choice) for choice in resolved]
    pending, seen = [node.args[0]], {id(node)}
    while pending and len(seen) < 40:
        base = pending.pop()
        if id(base) in seen:
            continue
        seen.add(id(base))
        if base.op in ("phi", "loop"):
            pending += base.args
        elif base.op in ("index", "elem"):
            found += [("index", key) for key in base.args[1:]]
            pending.append(base.args[0])
        elif isinstance(base, Items):
            found += [("filter", test) for test in base.tests]
            own = len(base.where.guards)
            found += [("filter", g.test) for write in base.writes for g in write.where.guards[own:]]
            if base.kind != "tuple":  # of a tuple, the other places are none of its business
                pending += [e for e in elements(base) if e.op in ("index", "elem", "phi", "loop")]
    return found


def _of_operator(node: Value) -> list[Edge]:
    left, right = node.args
    if node.name in ("Mult", "MatMult"):
        return [("factor", left), ("factor", right)]
    if node.name == "Div":
        return [("factor", left), ("divisor", right)]
    if node.name in ("Add", "Sub"):
        return [("term", left), ("term", right)]
    if node.name == "Pow":
        return [("value", left), ("value", right)]
    return [("discrete", left), ("discrete", right)]


def _of_call(node: Value) -> list[Edge]:
    name = api.short(node)
    args = [
        *node.args,
        *(v for k, v in node.keywords.items() if k not in ("axis", "dim", "keepdims", "dtype", "out")),
    ]
    if name == "shuffle" and node.op == "method":
        return [("value", node.args[0])]
    if name in api.SHAPED:
        return [("shape", arg) for arg in args]
    if name in api.WHERE and len(node.args) == 3:
        role: Role = "condition"
        first, *rest = node.args if node.op == "call" else (node.args[1], node.args[0], node.args[2])
        return [(role, first), *(("value", arg) for arg in rest)]
    if name in ("masked_fill", "masked_fill_") and len(node.args) > 1:
        mask = node.keywords.get("mask", node.args[1])
        return [("condition" if arg is mask else "value", arg) for arg in args]
    if name in api.DISCRETE and not _of_array(node, name):
        return [("discrete", arg) for arg in args]
    if name in api.BY_INDEX:
        at = api.BY_INDEX[name]
        placed: list[Edge] = [("index" if i == at else "value", arg) for i, arg in enumerate(node.args)]
        named = [k for k in node.keywords if k not in ("axis", "dim", "out")]
        return placed + [
            ("index" if k.startswith(("ind", "idx")) else "value", node.keywords[k]) for k in named
        ]
    if name in api.BY_SHAPE and node.op == "method":
        return [("value", node.args[0]), *(("shape", arg) for arg in args[1:])]
    if name in api.MEAN and node.op == "call":
        return [("value", args[0]), *(("shape", a) for a in args[1:])] if args else []
    if name in ("multiply", "matmul", "dot", "einsum", "outer", "bmm", "mul"):
        return [("factor", arg) for arg in args]
    if name in ("full", "full_like") and len(node.args) > 1:
        return [("shape", node.args[0]), ("value", node.args[1])]
    return [("value", arg) for arg in args]


def _of_array(node: Value, name: str) -> bool:
    """Whether a name that strings have too is meant of an array: ``np.split``, ``x.split(3)``."""
    if name != "split":
        return False
    sizes = node.args[1:2]
    return node.op == "call" or (
        bool(sizes) and not (isinstance(sizes[0], Const) and isinstance(sizes[0].value, str))
    )


def visible(write: Write, target: Value, reader: Where) -> bool:
    """Whether ``reader`` sees a change of ``target``: it is later, or in a later round of a common loop."""
    if write.where.seq < reader.seq:
        return True
    created = target.where.loops
    return any(loop in reader.loops and loop not in created for loop in write.where.loops)


class Slice:
    """All that ``roots`` were computed from through edges of some roles."""

    def __init__(
        self,
        roots: Iterable[Value],
        roles: Collection[Role] = EVERYTHING,
        stop: Callable[[Value], bool] | None = None,
        cut: Callable[[Value, Role, Value], bool] | None = None,
    ) -> None:
        self.nodes = nodes = dict[int, Value]()
        self._followed: list[tuple[Value, Role, Value]] = []
        written: set[tuple[int, int]] = set()
        pending: list[tuple[Value, Value | None]] = [(root, None) for root in roots]
        while pending and len(nodes) < MOST_NODES:
            node, reader = pending.pop()
            new = id(node) not in nodes
            nodes[id(node)] = node
            if stop is not None and stop(node):
                continue
            edges = remembered(node) if new else []
            if node.writes:
                edges = [*edges, *_written(node, reader, written)]
            # a container is read later than it was made: all that was put into its parts counts
            reader = None if isinstance(node, _CONTAINERS) else node
            for role, source in edges:
                if role in roles and not (cut is not None and cut(node, role, source)):
                    self._followed.append((node, role, source))
                    if source.writes or id(source) not in nodes:
                        pending.append((source, reader))

    @cached_property
    def into(self) -> Mapping[int, Sequence[tuple[Value, Role]]]:
        """Who reads a node, and in which role; only readers within the slice."""
        found: dict[int, list[tuple[Value, Role]]] = {}
        for node, role, source in self._followed:
            found.setdefault(id(source), []).append((node, role))
        return found

    def __contains__(self, node: Value) -> bool:
        return id(node) in self.nodes

    def __iter__(self) -> Iterator[Value]:
        return iter(self.nodes.values())

    def upward(self, sources: Iterable[Value]) -> dict[int, Value]:
        """Nodes of the slice that were computed from any of ``sources``."""
        found: dict[int, Value] = {}
        pending = [source for source in sources if source in self]
        while pending:
            node = pending.pop()
            if id(node) not in found:
                found[id(node)] = node
                pending.extend(reader for reader, _ in self.into.get(id(node), ()))
        return found


def _written(node: Value, reader: Value | None, written: set[tuple[int, int]]) -> Iterator[Edge]:
    """Changes in place of ``node`` that ``reader`` sees and that are not yet in ``written``."""
    for write in node.writes:
        at = (id(node), id(write))
        if at not in written and (reader is None or visible(write, node, reader.where)):
            written.add(at)
            yield "value", write.value
            if write.index is not None:
                yield "place", write.index
            for guard in write.where.guards[len(node.where.guards) :]:
                yield "filter", guard.test
