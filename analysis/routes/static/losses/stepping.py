"""Whether gradients change weights: optimisers that step, and updates that read ``.grad``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from posttrace.analysis.routes.static import api
from posttrace.analysis.routes.static.graph import Slice
from posttrace.analysis.routes.static.machine import objects
from posttrace.analysis.routes.static.machine.values import Const, Value
from posttrace.analysis.routes.static.origins import origins

if TYPE_CHECKING:
    from posttrace.analysis.routes.static.machine.machine import Machine

LIBRARIES: Final = (
    "torch.optim",
    "transformers.",
    "bitsandbytes",
    "optax",
    "tinygrad",
    "paddle",
    "mlx",
    "deepspeed",
)
_STEPS: Final = api.names("step apply_gradients apply_updates minimize optimizer_step")
_NO_OPTIMIZERS: Final = (
    "torch.optim.lr_scheduler",
    "transformers.get_",
    "transformers.optimization.get_",
    "torch.profiler",
    "diffusers.",
    "gym",
    "gymnasium",
)
"""Makers of objects that have a ``step`` of another kind."""


def optimizers(machine: Machine) -> list[Value]:
    """Calls that make an optimiser of weights."""
    return [
        call
        for call in machine.calls
        if call.op == "call" and call.args and call.name.startswith(LIBRARIES) and not _other(call)
    ]


def _other(call: Value) -> bool:
    return call.name.startswith(_NO_OPTIMIZERS) or call.name.endswith("from_pretrained")


def steps(machine: Machine) -> bool:
    """Whether anything in a program can change weights by a gradient that a library left in ``.grad``."""
    if any(_steps(call) for call in machine.calls):
        return True
    # of a name that is bound anew, such as a sum of norms, nothing follows
    changes = [update.delta for update in machine.updates if update.target.op != "loop"]
    return any(_gradient(node) for node in Slice([v for delta in changes for v in (delta, *delta.args)]))


def follows(machine: Machine, gradient: Value, weights: frozenset[int]) -> bool:
    """Whether a gradient that a function gave changes the weights it is of.

    Outside of loops what becomes of it may lie with a caller that is not in sight, so that it counts.
    """
    if not gradient.where.loops:
        return True
    changes = [u.delta for u in machine.updates if any(id(o) in weights for o in origins(u.target))]
    for call in machine.calls:
        if call.where.seq > gradient.where.seq and api.short(call) in _STEPS | {"update"}:
            changes += [*call.args, *call.keywords.values()]
    return gradient in Slice(changes)


def _gradient(node: Value) -> bool:
    return (node.op == "attr" and node.name == "grad") or node.name == "torch.autograd.grad"


def _steps(call: Value) -> bool:
    if call.op == "call":
        return api.short(call) in _STEPS
    if call.op != "method" or not (call.name in _STEPS or "accumulate_grad_hook" in call.name):
        return False
    made = [node for node in origins(call.args[0]) if node.op == "call"]
    return not made or not all(node.name.startswith(_NO_OPTIMIZERS) for node in made)


def idle(machine: Machine, found: Sequence[Value]) -> bool:
    """Whether every optimiser has a rate of zero that nothing changes."""
    if not found or not all(_rate(call) == 0 for call in found):
        return False
    made = {id(call) for call in found}
    for call in machine.calls:
        given = [*(call.args[1:] if call.op == "method" else call.args), *call.keywords.values()]
        if any(id(o) in made for value in given for o in origins(value)) and not _keeps(call):
            return False
    return not any(_of_groups(update.target) for update in machine.updates)


def _keeps(call: Value) -> bool:
    """Schedules that multiply the first rate, and what only steps."""
    return api.short(call) in ("LambdaLR", "StepLR", "scale", "unscale_", "step", "prepare", "print")


def _of_groups(target: Value) -> bool:
    keys = target.args[1:] if target.op == "index" else []
    return any(isinstance(key, Const) and key.value == "lr" for key in keys)


def _rate(call: Value) -> object:
    rate = call.keywords.get("lr", call.args[1] if len(call.args) > 1 else None)
    return None if rate is None else objects.constant(rate)


def upward(found: Sequence[Value]) -> bool | None:
    """Whether all optimisers climb; null when there is none, or they differ."""
    ways = {
        objects.constant(call.keywords["maximize"]) is True if "maximize" in call.keywords else False
        for call in found
    }
    return ways.pop() if len(ways) == 1 else None
