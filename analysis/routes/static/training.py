"""Where weights follow a gradient: ``backward()`` calls, ``grad`` functions, hand-written updates."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from posttrace.analysis.routes.static import api
from posttrace.analysis.routes.static.graph import SMOOTH, Role, Slice, origins
from posttrace.analysis.routes.static.machine import Machine, Update
from posttrace.analysis.routes.static.values import Const, Value, Where


@dataclass(frozen=True)
class Descent:
    """One place where a gradient changes weights."""

    root: Value
    """The loss, or, for a hand-written update, what the weights are changed by."""
    weights: frozenset[int]
    """Ids of the values that are trained; empty when they cannot be told from others."""
    where: Where
    taped: bool
    """Whether a library computes the gradient, so that ``detach`` and its like cut it."""
    foreign: frozenset[int] = frozenset()
    """Ids of what other loops of training left in the state of the optimiser."""
    critics: frozenset[int] = frozenset()
    """Ids of other values that are fitted in the same loop by products of matrices."""


_TAPED: Final = frozenset(
    {"torch", "transformers", "accelerate", "tinygrad", "paddle", "deepspeed", "lightning"}
)
_OPTIMIZERS: Final = (
    "torch.optim",
    "transformers.",
    "bitsandbytes",
    "optax",
    "tinygrad",
    "paddle",
    "mlx",
    "deepspeed",
)


def descents(machine: Machine) -> list[Descent]:
    """All of them, in order of execution."""
    found = [*_by_backward(machine), *_by_gradient_function(machine.calls), *_by_hand(machine)]
    return sorted(found, key=lambda descent: descent.where.seq)


# -- gradients that a library computes ---------------------------------------------------------------------


def _by_backward(machine: Machine) -> Iterable[Descent]:
    trained = [
        call.args[0]
        for call in machine.calls
        if call.name.startswith(_OPTIMIZERS) and call.args and call.op == "call"
    ]
    weights = frozenset(id(o) for value in trained for o in _owners(value))
    for call in machine.calls:
        loss = _given_to_backward(call)
        if loss is not None:
            yield Descent(loss, weights or _applied(loss), call.where, taped=True)


def _applied(loss: Value) -> frozenset[int]:
    """Ids of the models that a loss was computed with, where no optimiser names its weights."""
    applied = [n.args[0] for n in Slice([loss], SMOOTH) if api.applies_model(n) and not n.where.frozen]
    return frozenset(id(o) for model in applied for o in origins(model))


def _given_to_backward(call: Value) -> Value | None:
    if call.op == "method" and call.name == "backward":
        receiver, *given = call.args
        if given and _library(receiver) & {"accelerate", "deepspeed", "lightning", "lightning_fabric"}:
            return given[0]
        scaled = receiver.op == "method" and receiver.name == "scale" and len(receiver.args) > 1
        loss = receiver.args[1] if scaled else receiver
        return loss if _library(loss) & _TAPED else None
    if call.op == "call" and call.name in ("torch.autograd.grad", "torch.autograd.backward") and call.args:
        return call.args[0]
    if call.op == "method" and call.name == "gradient" and len(call.args) > 1:
        return call.args[1] if "tensorflow" in _library(call.args[0]) else None
    return None


def _library(value: Value) -> set[str]:
    """Libraries whose functions a value was computed by."""
    return {node.name.split(".")[0] for node in Slice([value]) if node.op in ("call", "external")}


def _owners(value: Value) -> list[Value]:
    """Models and arrays that a list of parameters belongs to."""
    owners: list[Value] = []
    for node in Slice([value], SMOOTH):
        if node.op == "method" and node.name in ("parameters", "named_parameters", "trainable_variables"):
            owners += origins(node.args[0])
    return owners or origins(value)


def _by_gradient_function(calls: Sequence[Value]) -> Iterable[Descent]:
    for call in calls:
        if (
            call.op == "call"
            and call.name.endswith(("grad", "value_and_grad", "grad_and_value"))
            and call.args
        ):
            if call.name.startswith("torch.autograd"):
                continue
            weights = frozenset(id(o) for value in call.args[1:] for o in origins(value))
            yield Descent(call.args[0], weights, call.where, taped=True)


# -- gradients written by hand -----------------------------------------------------------------------------


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


def _by_hand(machine: Machine) -> Iterable[Descent]:
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
    for update in lasting:
        change = Slice([update.delta], SMOOTH)
        mine = {id(o) for o in _targets(update)} & sources
        exponentials = [node for node in change if api.short(node) in api.EXPONENTIAL]
        reached: set[int] = set()
        if exponentials and _residual(change, probable):
            reached = _reached(exponentials, sources)
        products = [node for node in change if _multiplies(node)] if mine and not mine & reached else []
        fitted = bool(products) and bool(mine & _reached(products, sources))
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
    return any(write.value is source for write in node.writes) and _made_from(source, node)


def _made_from(changed: Value, array: Value) -> bool:
    return any(array is origin for arg in (changed, *changed.args) for origin in origins(arg))


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


# -- training that is not in sight -------------------------------------------------------------------------

_STARTS: Final = frozenset({"backward", "train", "fit", "learn"})
_SCORERS: Final = api.names("sklearn xgboost lightgbm statsmodels scipy numpy torch jax")


def hidden(machine: Machine) -> list[Value]:
    """Calls that start training in code that is not in the workspace: its objective cannot be seen."""
    return [call for call in machine.calls if call.op == "method" and call.name in _STARTS and _foreign(call)]


def _foreign(call: Value) -> bool:
    """Whether the receiver is made by a library, or by a module that is missing."""
    for node in origins(call.args[0]):
        root = node.name.split(".")[0]
        known = root in sys.stdlib_module_names | _SCORERS or root == "builtins"
        if node.op == "call" and not known and not node.name.endswith("from_pretrained"):
            return True
    return False
