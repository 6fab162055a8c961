"""What a place is called where a gradient changes weights."""

from __future__ import annotations

from dataclasses import dataclass

from posttrace.analysis.routes.static.machine.values import Value, Where


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
    upward: bool | None = None
    """Whether the loss is climbed instead; null when the direction of the step is not known."""
    twins: frozenset[int] = frozenset()
    """Ids of other values that hold the trained model: loaded from the same place, or given its weights."""
    evolved: bool = False
    """Whether the weights are moved by random directions, each as far as it was found to be good."""
