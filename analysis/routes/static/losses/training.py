"""Where weights follow a gradient: ``backward()`` calls, ``grad`` functions, hand-written updates."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from posttrace.analysis.routes.static import api
from posttrace.analysis.routes.static.graph import SMOOTH, Slice
from posttrace.analysis.routes.static.losses import evolution, stepping, twins
from posttrace.analysis.routes.static.losses.descent import Descent
from posttrace.analysis.routes.static.losses.handwritten import by_hand
from posttrace.analysis.routes.static.machine import objects
from posttrace.analysis.routes.static.machine.values import Instance, Items, Table, Value
from posttrace.analysis.routes.static.origins import origins

if TYPE_CHECKING:
    from posttrace.analysis.routes.static.machine.machine import Machine

_TAPED: Final = frozenset(
    {"torch", "transformers", "accelerate", "tinygrad", "paddle", "deepspeed", "lightning", "torchtune"}
)


def descents(machine: Machine) -> list[Descent]:
    """All of them, in order of execution."""
    taped = [*_by_backward(machine), *_by_gradient_function(machine)]
    found = [*taped, *(d for d in by_hand(machine) if not taped or not _library(d.root) & _TAPED)]
    found = found or list(evolution.evolved(machine))
    return sorted(found, key=lambda descent: descent.where.seq)


# -- gradients that a library computes ---------------------------------------------------------------------


def _by_backward(machine: Machine) -> Iterable[Descent]:
    optimizers = stepping.optimizers(machine)
    if not stepping.steps(machine) or stepping.idle(machine, optimizers):
        return
    owners = [owner for call in optimizers for owner in _owners(call.args[0])]
    frozen = _frozen(machine)
    trained = [owner for owner in owners if id(owner) not in frozen] or owners
    upward = stepping.upward(optimizers)
    for call in machine.calls:
        loss = _given_to_backward(call)
        if loss is not None:
            models = trained or _applied(loss)
            mine = frozenset(id(model) for model in models)
            copies = twins.of(machine, mine, models)
            yield Descent(loss, mine, call.where, taped=True, upward=upward, twins=copies)


def returned(loss: Value) -> Descent:
    """The descent of a loss that a method returns to a library's loop, which goes backward through it."""
    mine = frozenset(id(model) for model in _applied(loss))
    return Descent(loss, mine, loss.where, taped=True, upward=False)


def _applied(loss: Value) -> list[Value]:
    """The models that a loss was computed with, where no optimiser names its weights."""
    applied = [n.args[0] for n in Slice([loss], SMOOTH) if api.applies_model(n) and not n.where.frozen]
    return [o for model in applied for o in origins(model)]


def _given_to_backward(call: Value) -> Value | None:
    if call.op == "method" and call.name == "backward":
        receiver, *given = call.args
        if given and isinstance(receiver, Instance):
            return given[0]
        if given and _library(receiver) & {"accelerate", "deepspeed", "lightning", "lightning_fabric"}:
            return given[0]
        if given and not _library(receiver) & _TAPED and _library(given[0]) & _TAPED:
            return given[0]  # an object of unknown make that is handed the loss
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
            for owner in origins(node.args[0]):
                owners += [owner] if not isinstance(owner, Items | Table) else []
    states = {id(o) for owner in owners if isinstance(owner, Instance) for o in _states(owner)}
    return [owner for owner in owners if id(owner) not in states] or origins(value)


def _frozen(machine: Machine) -> set[int]:
    """Ids of models that are told to take no gradient as a whole."""
    found: set[int] = set()
    for call in machine.calls:
        if call.op != "method" or call.name != "requires_grad_" or len(call.args) < 2:
            continue
        if objects.constant(call.args[1]) is False:
            for node in Slice(
                call.args[:1], SMOOTH, stop=lambda n: n.op not in ("elem", "method", "phi", "loop")
            ):
                found.add(id(node))
    return found


def _states(model: Instance) -> Iterable[Value]:
    """What an object of the workspace keeps in lists besides its layers: what was computed, not made."""
    for held in model.attributes.values():
        if isinstance(held, Items | Table):
            yield from (o for o in origins(held) if o.op not in ("call", "instance"))


def _by_gradient_function(machine: Machine) -> Iterable[Descent]:
    for call in machine.calls:
        if (
            call.op == "call"
            and call.name.endswith(("grad", "value_and_grad", "grad_and_value"))
            and call.args
        ):
            if call.name.startswith("torch.autograd"):
                continue
            weights = frozenset(id(o) for value in call.args[1:] for o in origins(value))
            if stepping.follows(machine, call, weights):
                yield Descent(call.args[0], weights, call.where, taped=True)
