"""Gradients written by hand: updates of weights by what was computed from probabilities that they gave."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from posttrace.analysis.routes.static import api
from posttrace.analysis.routes.static.graph import SMOOTH, Role, Slice
from posttrace.analysis.routes.static.losses.descent import Descent
from posttrace.analysis.routes.static.machine.values import Const, Value, alternatives
from posttrace.analysis.routes.static.origins import origins

if TYPE_CHECKING:
    from posttrace.analysis.routes.static.machine.machine import Machine, Update


@dataclass(frozen=True)
class _Change:
    """A lasting update, seen from its amount."""

    update: Update
    mine: frozenset[int]
    """Ids of the values it changes."""
    reached: frozenset[int]
    """Ids of the values that the probabilities in its amount were computed from."""
    fitted: bool
    """Whether its amount depends on the values it changes through a product of matrices."""

    @property
    def loop(self) -> tuple[int, ...]:
        return self.update.where.loops[:1]


def by_hand(machine: Machine) -> Iterable[Descent]:
    """Updates whose amount was computed from probabilities that were computed from the updated values."""
    changes = list(_changes([update for update in machine.updates if _lasting(update)]))
    descending = [change for change in changes if change.mine & change.reached]
    last = {(change.mine, change.loop): change for change in descending}
    for change in last.values():
        together = [o.mine for o in descending if o.mine & change.reached and change.mine & o.reached]
        weights = change.mine.union(*together)
        elsewhere = [o for o in changes if o.reached and o.loop != change.loop]
        foreign = frozenset(id(o.update.delta) for o in elsewhere)
        beside = [o.mine for o in changes if o.fitted and o.loop == change.loop]
        critics = frozenset().union(*beside) - weights
        yield Descent(change.update.delta, weights, change.update.where, False, foreign, critics)


def _changes(lasting: Sequence[Update]) -> Iterable[_Change]:
    targets = {id(o): o for update in lasting for o in _targets(update)}
    sources = _sources(targets)
    probable: dict[int, bool] = {}
    known: dict[frozenset[int], set[int]] = {}

    def reached_by(nodes: Sequence[Value]) -> set[int]:
        key = frozenset(map(id, nodes))  # updates of one step share their probabilities
        if key not in known:
            known[key] = _reached(nodes, sources)
        return known[key]

    for update in lasting:
        change = Slice([update.delta], SMOOTH)
        mine = {id(o) for o in _targets(update)} & sources
        exponentials = [node for node in change if api.short(node) in api.EXPONENTIAL]
        reached: set[int] = set()
        if exponentials and _residual(change, probable):
            reached = reached_by(exponentials)
        products = [node for node in change if _multiplies(node)] if mine and not mine & reached else []
        fitted = bool(products) and bool(mine & reached_by(products))
        yield _Change(update, frozenset(mine), frozenset(reached), fitted)


def _multiplies(node: Value) -> bool:
    return (node.op == "binop" and node.name == "MatMult") or api.short(node) in ("matmul", "dot", "einsum")


def _lasting(update: Update) -> bool:
    """Whether the target is older than the round of a loop in which it is changed."""
    if update.target.op == "loop":
        return True
    loops = update.where.loops
    return any(not set(loops) <= set(o.where.loops) for o in origins(update.target) if o.op not in _PARTS)


_PARTS: Final = frozenset({"index", "elem", "phi"})


def _targets(update: Update) -> list[Value]:
    return [o for o in origins(update.target) if not isinstance(o, Const) and o.op not in _PARTS]


def _sources(targets: dict[int, Value]) -> set[int]:
    """Targets whose first value depends on no other target: weights, not what is computed from them."""
    return {key for key, value in targets.items() if not _depends(value, targets)}


def _depends(value: Value, targets: dict[int, Value]) -> bool:
    first = value.args[:1] if value.op == "loop" else [value]
    own = {id(o) for o in origins(value)}
    for node in Slice(first, SMOOTH, cut=_self_update):
        if id(node) in targets and id(node) not in own and node is not value:
            return True
    return False


def _self_update(node: Value, role: Role, source: Value) -> bool:
    """Whether an edge leads from an array to what it was changed to."""
    if not node.writes:
        return False
    return any(write.value is source for write in node.writes) and _made_from(source, node)


def _made_from(changed: Value, array: Value) -> bool:
    parts = (changed, *changed.args)
    return any(array is old for part in parts for old in (*origins(part), *alternatives(part)))


def _reached(exponentials: Sequence[Value], sources: set[int]) -> set[int]:
    if not exponentials:
        return set()
    forward = Slice(exponentials, SMOOTH, stop=lambda node: id(node) in sources, cut=_self_update)
    return {id(node) for node in forward if id(node) in sources}


def _residual(change: Slice, probable: dict[int, bool]) -> bool:
    """Whether a change holds the gradient of a likelihood: a probability less what was the case."""
    for node in change:
        if node.op == "binop" and node.name == "Sub":
            left, right = (_local(arg, probable) for arg in node.args)
            if left != right and not _plain(node.args[left]):
                return True
        corrected = any(write.index is not None and _corrects(write.value) for write in node.writes)
        if corrected and _local(node, probable):
            return True
    return False


def _plain(value: Value) -> bool:
    """Whether what is subtracted or subtracted from tells nothing of the data."""
    return isinstance(value, Const) and value.value not in (1, 1.0)


def _corrects(value: Value) -> bool:
    return (value.op == "binop" and value.name in ("Add", "Sub")) or (
        isinstance(value, Const) and value.value in (1, -1)
    )


def _local(value: Value, probable: dict[int, bool]) -> bool:
    """Whether a value is an array of probabilities, element by element: no product of matrices in between."""
    if id(value) not in probable:
        near = Slice([value], SMOOTH, stop=_product)
        probable[id(value)] = any(api.short(node) in api.EXPONENTIAL for node in near)
    return probable[id(value)]


def _product(node: Value) -> bool:
    matrix = node.op == "binop" and node.name == "MatMult"
    return (
        matrix
        or node.op == "apply"
        or api.short(node) in ("matmul", "dot", "einsum", "sum", "mean", "tensordot")
    )
