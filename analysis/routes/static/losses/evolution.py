"""Evolution strategies: weights moved along random directions by what each was found to be worth."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from posttrace.analysis.routes.static import api
from posttrace.analysis.routes.static.graph import EVERYTHING, SMOOTH, Slice
from posttrace.analysis.routes.static.losses.descent import Descent
from posttrace.analysis.routes.static.machine.values import Value

if TYPE_CHECKING:
    from posttrace.analysis.routes.static.machine.machine import Machine

_NOISE: Final = api.names("randn randn_like standard_normal normal normal_ normal_like")


def evolved(machine: Machine) -> Iterable[Descent]:
    """Changes of weights by noise times a score that a run of the model gave; the last of them."""
    for update in reversed(machine.updates):
        if not update.where.loops:
            continue
        parts = [*update.delta.args, *update.delta.keywords.values()]
        inner = Slice(parts, SMOOTH)
        if any(api.short(node) in _NOISE for node in inner) and _scored(inner):
            yield Descent(update.delta, frozenset(), update.where, taped=False, evolved=True)
            return


def _scored(inner: Slice) -> bool:
    """Whether a factor depends on what a model gave when it was run."""
    factors = [n for n in inner if n.op == "elem" or (n.op == "binop" and n.name in ("Sub", "Div"))]
    return any(_runs(node) for node in Slice(factors, EVERYTHING))


def _runs(node: Value) -> bool:
    return node.op == "apply" or api.short(node) in ("generate", "argmax", "matmul", "dot")
