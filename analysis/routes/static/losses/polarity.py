"""Which way a loss moves the likelihood of tokens: up, as in learning from them, or down."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from posttrace.analysis.routes.static import api
from posttrace.analysis.routes.static.graph import SMOOTH, remembered, visible
from posttrace.analysis.routes.static.losses.anatomy import Anatomy
from posttrace.analysis.routes.static.losses.descent import Descent
from posttrace.analysis.routes.static.machine.values import Const, Value, alternatives

_LOSSES: Final = api.LOSSES | {"logsumexp"}
"""Smaller is likelier; ``logsumexp`` is what a log-probability is less than its score by."""
_NEGATES: Final = frozenset({"neg", "negative", "neg_"})


def unlearns(descent: Descent) -> bool:
    """Whether every likelihood in a loss falls as the loss is descended.

    Signs are those of known constants, negations and differences; what is not known counts as positive.
    Where no library's optimiser takes the step, its direction is not known, and nothing is said to fall.
    """
    if descent.upward is None:
        return False
    found = list(_signs(descent))
    wanted = -1 if descent.upward else 1
    return bool(found) and all(sign != wanted for sign in found)


def raises_output(anatomy: Anatomy) -> bool:
    """Whether a loss is, but for signs, masks and means, the output of a model that a caller gave."""
    outputs = [n for n in anatomy.gradient.values() if n.op == "apply" and _handed(n.args[0])]
    if not outputs or any(
        n.op in ("call", "method") and api.short(n) not in _MEANS for n in _above(anatomy, outputs)
    ):
        return False
    ids = {id(node) for node in outputs}
    found = [sign for node, sign in _walk(anatomy.descent) if id(node) in ids]
    return any(sign < 0 for sign in found)


def _above(anatomy: Anatomy, outputs: list[Value]) -> list[Value]:
    ids = {id(node) for node in outputs}
    return [node for key, node in anatomy.smooth.upward(outputs).items() if key not in ids]


_MEANS: Final = api.names(
    "mean sum to float view reshape squeeze flatten neg masked_select where item clamp stack contiguous"
)


def _handed(model: Value) -> bool:
    return all(node.op in ("unknown", "attr") for node in alternatives(model))


def _signs(descent: Descent) -> Iterable[int]:
    """+1 for each path on which a smaller loss is a greater likelihood, -1 for the contrary."""
    for node, sign in _walk(descent):
        known = _known(node)
        if known is not None:
            yield sign * known


def _walk(descent: Descent) -> Iterable[tuple[Value, int]]:
    """Nodes down to the first likelihoods, each with the sign of the derivative of the loss by it."""
    pending = [(descent.root, 1)]
    seen: set[tuple[int, int]] = set()
    while pending and len(seen) < 4000:
        node, sign = pending.pop()
        if (id(node), sign) in seen or id(node) in descent.weights:
            continue
        seen.add((id(node), sign))
        yield node, sign
        if _known(node) is None:
            pending += [(source, sign * turn) for source, turn in _turns(node)]


def _known(node: Value) -> int | None:
    """+1 where a node falls with the likelihood, -1 where it rises with it."""
    if (node.op == "attr" and node.name == "loss") or api.called(node) in _LOSSES:
        return 1 if node.op != "attr" or node.args[0].op == "apply" else None
    if api.called(node) in api.LOG_PROBABILITY or api.short(node) in ("softmax", "sigmoid", "log_sigmoid"):
        return -1
    return None


def _turns(node: Value) -> Iterable[tuple[Value, int]]:
    """Inputs of a node that a gradient flows to, with the sign of its derivative."""
    if node.op == "unary":
        yield from ((arg, -1 if node.name == "USub" else 1) for arg in node.args)
    elif api.short(node) in _NEGATES:
        yield node.args[-1], -1
    elif node.op == "binop":
        yield from _of_operator(node)
    else:
        yield from ((source, 1) for role, source in remembered(node) if role in SMOOTH)
    for write in node.writes:
        if visible(write, node, node.where):
            yield write.value, 1


def _of_operator(node: Value) -> Iterable[tuple[Value, int]]:
    left, right = node.args
    if node.name == "Sub":
        yield from ((left, 1), (right, -1))
    elif node.name in ("Mult", "Div"):
        yield from ((left, _sign(right)), (right, _sign(left) * (-1 if node.name == "Div" else 1)))
    else:
        yield from ((source, 1) for role, source in remembered(node) if role in SMOOTH)


def _sign(value: Value) -> int:
    """Sign of a factor: of constants and products of them."""
    if isinstance(value, Const):
        return -1 if isinstance(value.value, int | float) and value.value < 0 else 1
    if value.op == "unary" and value.name == "USub":
        return -_sign(value.args[0])
    if value.op == "binop" and value.name in ("Mult", "Div"):
        return _sign(value.args[0]) * _sign(value.args[1])
    return 1
