"""What an expression may be worth: constants, functions, objects, and nodes of the data flow between them.

Every value remembers what it was computed from, so that the values of a command form one graph. Arrays and
containers are changed in place in the analysed code; such a change is kept as a ``Write`` on the value.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final


class Halted(Exception):
    """The analysed program ends here."""


class Exhausted(Exception):
    """The program is too long to be followed further."""


@dataclass(frozen=True, slots=True)
class Guard:
    """A condition under which code runs and that could not be decided."""

    test: Value
    outcome: bool


@dataclass(frozen=True, slots=True)
class Where:
    """Where and when a value came to be."""

    path: str
    line: int
    seq: int
    """Order of evaluation."""
    loops: tuple[int, ...]
    """Loops being run, outermost first; each run of a loop has its own number."""
    guards: tuple[Guard, ...]
    frozen: bool
    """Under ``no_grad`` or its like."""


@dataclass(slots=True)
class Write:
    """A change in place: ``value`` was stored at ``index`` (null: everywhere)."""

    index: Value | None
    value: Value
    where: Where


@dataclass(eq=False, slots=True)
class Value:
    """A node of the data flow; ``op`` says how it was computed from ``args``.

    Ops: const, external, unknown, phi (either of), loop (as phi, the later ones from earlier rounds), binop,
    unary, compare, bool, index (base, key), elem (one of a container that is iterated), key, attr, call
    (``name`` is the dotted name of a library function), method (receiver first), apply (of an unknown
    object), format, slice, items, table, function, class, instance, module, partial, gradient, super.
    """

    op: str
    args: list[Value]
    where: Where
    name: str = ""
    keywords: dict[str, Value] = field(default_factory=dict)
    writes: list[Write] = field(default_factory=list)
    tests: list[Value] = field(default_factory=list)
    """Conditions that chose between the ``args`` of a phi, or what elements were sorted by."""
    edges: list[Any] | None = None
    """Remembered by ``graph`` once the program has been run."""


@dataclass(eq=False, slots=True)
class Const(Value):
    """A known string, number, boolean or None; ``*`` in a string with ``pattern`` is what is unknown."""

    value: Any = None
    pattern: bool = False


@dataclass(eq=False, slots=True)
class Items(Value):
    """A list, tuple, set or generator."""

    kind: str = "list"
    exact: bool = True
    """Whether ``args`` are all of its elements, in order; else they are what the elements may be."""


@dataclass(eq=False, slots=True)
class Table(Value):
    """A dictionary: entries of known keys, and what may lie under others."""

    entries: dict[Any, Value] = field(default_factory=dict)
    rest: list[Value] = field(default_factory=list)
    keys: list[Value] = field(default_factory=list)
    default: Value | None = None


@dataclass(eq=False, slots=True)
class Function(Value):
    """A function of the workspace, with the scope it was defined in."""

    node: Any = None
    scope: Any = None
    owner: Class | None = None
    receiver: Value | None = None
    defaults: dict[str, Value] = field(default_factory=dict)
    flags: frozenset[str] = frozenset()
    """``static``, ``class``, ``property``, ``frozen``, ``context``."""


@dataclass(eq=False, slots=True)
class Class(Value):
    """A class of the workspace."""

    node: Any = None
    bases: list[Value] = field(default_factory=list)
    members: dict[str, Value] = field(default_factory=dict)
    fields: list[tuple[str, Value | None]] = field(default_factory=list)
    """Annotated fields with their defaults, in order: for classes that get an ``__init__`` from them."""


@dataclass(eq=False, slots=True)
class Instance(Value):
    """An object of a class of the workspace."""

    cls: Class | None = None
    attributes: dict[str, Value] = field(default_factory=dict)


@dataclass(eq=False, slots=True)
class Partial(Value):
    """A callable with some arguments given; ``name`` grad stands for the gradient of the callable."""

    callee: Value | None = None


@dataclass(eq=False, slots=True)
class Module(Value):
    """A module of the workspace."""

    names: dict[str, Value] = field(default_factory=dict)


UNDECIDED: Final = object()

_MERGES = frozenset({"phi", "loop"})
_OPEN = _MERGES | {"elem", "index"}
_KNOWN = (Items, Table, Const)


def alternatives(value: Value, limit: int = 12, depth: int = 4) -> list[Value]:
    """What a value may be: through phi nodes, and through elements taken from known containers."""
    if value.op not in _OPEN:
        return [value]
    found: list[Value] = []
    seen: set[int] = set()
    pending = [value]
    while pending and len(found) < limit:
        node = pending.pop(0)
        if id(node) in seen:
            continue
        seen.add(id(node))
        inner = contents(node, depth)
        pending.extend(inner)
        if not inner:
            found.append(node)
    return found


def contents(node: Value, depth: int = 4) -> list[Value]:
    """What a phi node chooses from, or an element is one of: one step of ``alternatives``."""
    if node.op in _MERGES:
        return node.args
    if node.op not in ("elem", "index") or not depth:
        return []
    key = node.args[1] if node.op == "index" else None
    bases = alternatives(node.args[0], 4, depth - 1)
    found = [e for base in bases for e in chosen(base, key)]
    # a base that may also be something unknown stands for its elements
    return [*found, *(b for b in bases if not isinstance(b, _KNOWN))] if found else []


def chosen(base: Value, key: Value | None) -> list[Value]:
    """What a known container may hold at ``key``."""
    at = key.value if isinstance(key, Const) and not key.pattern else None
    if isinstance(at, int) and isinstance(base, Items) and base.exact and not base.writes:
        return [base.args[at]] if -len(base.args) <= at < len(base.args) else []
    if isinstance(at, str | int) and isinstance(base, Table) and at in base.entries and not base.rest:
        return [base.entries[at]]
    return elements(base)


def elements(container: Value) -> list[Value]:
    """What iterating or indexing a known container with an unknown key may give."""
    if isinstance(container, Items):
        return [*container.args, *(write.value for write in container.writes)]
    if isinstance(container, Table):
        return [*container.entries.values(), *container.rest]
    return []
