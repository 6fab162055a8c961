"""Layers that a library applies one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from posttrace.analysis.routes.static.machine.values import Instance, Value

if TYPE_CHECKING:
    from posttrace.analysis.routes.static.machine.machine import Machine


def own(callee: Value) -> bool:
    """Whether something called is a sequence of layers of which any is of the workspace."""
    made = callee.op == "call" and callee.name == "torch.nn.Sequential"
    return made and any(isinstance(layer, Instance) for layer in callee.args)


def through(m: Machine, sequence: Value, args: list[Value]) -> Value:
    """What the last layer gives."""
    for layer in sequence.args:
        args = [m.call(layer, args, {})]
    return args[0]
