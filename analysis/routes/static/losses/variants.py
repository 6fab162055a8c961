"""Which form of its objective a loss has: clipped, leave-one-out, without a reference, ..."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from posttrace.analysis.routes.static import api
from posttrace.analysis.routes.static.graph import CONTENT, SMOOTH, Slice
from posttrace.analysis.routes.static.losses.anatomy import Anatomy
from posttrace.analysis.routes.static.machine import objects
from posttrace.analysis.routes.static.machine.values import Const, Value

_CLIPS: Final = api.names("clamp clip clamp_")
_SPREAD: Final = api.names("std var nanstd pstdev stdev sqrt rsqrt pvariance")
_VIEWS: Final = api.names("unsqueeze view reshape expand repeat_interleave repeat squeeze to float item")
_SUMS: Final = api.names("sum nansum mean masked_mean")


def of_policy(anatomy: Anatomy, objective: str) -> str:
    """The variant of a policy gradient; empty when it is the plain one."""
    multiplied = anatomy.weighing() if not anatomy.descent.taped else anatomy.multiplied()
    amounts = Slice(multiplied, CONTENT, stop=lambda n: id(n) in anatomy.descent.weights or api.likelihood(n))
    if objective == "grpo" and any(_leave_one_out(node) for node in amounts):
        return "rloo"
    ratios = [node for node in anatomy.gradient.values() if _ratio(node)]
    if not ratios and any(_ratio(node) and _clipped([node], amounts) for node in amounts):
        return "cispo"
    if objective == "grpo":
        if any(_of_sequence(anatomy, node) for node in ratios):
            return "gspo"
        bounds = list(_bounds(anatomy, ratios))
        if any(low is not None and high is not None and abs(low + high - 2) > 1e-9 for low, high in bounds):
            return "dapo"
        if not any(api.short(node) in _SPREAD for node in amounts):
            return "dr_grpo"
    return "clipped" if list(_bounds(anatomy, ratios)) else ""


def _ratio(node: Value) -> bool:
    """The exponential of a difference of log-probabilities."""
    if api.short(node) != "exp" or not node.args:
        return False
    inner = Slice(node.args[:1], SMOOTH, stop=lambda n: n.op == "apply" or api.likelihood(n))
    return any(n.op == "binop" and n.name == "Sub" for n in inner)


def _clipped(ratios: Iterable[Value], within: Slice) -> bool:
    return any(
        api.short(node) in _CLIPS and any(r in Slice(node.args[:1]) for r in ratios) for node in within
    )


def _bounds(anatomy: Anatomy, ratios: list[Value]) -> Iterable[tuple[float | None, float | None]]:
    """The bounds that ratios are clipped to, null where they are not known."""
    for node in anatomy.gradient.values():
        if api.short(node) in _CLIPS and ratios:
            inner = Slice(node.args[:1], SMOOTH, stop=lambda n: n.op == "apply")
            if any(ratio in inner for ratio in ratios):
                low = node.keywords.get("min", node.args[1] if len(node.args) > 1 else None)
                high = node.keywords.get("max", node.args[2] if len(node.args) > 2 else None)
                yield _number(low), _number(high)


def _number(value: Value | None) -> float | None:
    known = objects.constant(value) if value is not None else None
    return float(known) if isinstance(known, int | float) else None


def _of_sequence(anatomy: Anatomy, ratio: Value) -> bool:
    """Whether the tokens of a text are averaged before the exponential is taken."""
    whole = Slice(ratio.args[:1], SMOOTH, stop=lambda n: n.op == "apply" or api.likelihood(n))
    inner = [node for node in whole if id(node) in anatomy.gradient]
    averaged = any(api.short(n) == "mean" for n in inner)
    divided = any(n.op == "binop" and n.name == "Div" and _summed(n.args[0]) for n in inner)
    return averaged or divided


def _summed(value: Value) -> bool:
    return any(api.short(n) in _SUMS for n in Slice([value], SMOOTH, stop=lambda n: n.op == "apply"))


def _leave_one_out(node: Value) -> bool:
    """The sum of all less one of them, over one less than all."""
    if node.op != "binop" or node.name != "Div" or node.args[0].op != "binop" or node.args[0].name != "Sub":
        return False
    total, one = (_under_views(arg) for arg in node.args[0].args)
    if api.short(total) not in ("sum", "nansum") or api.short(one) in api.MEAN:
        return False
    of = total.args[:1]
    own = Slice([one], SMOOTH)
    return any(n in own for value in of for n in Slice([value], SMOOTH) if not isinstance(n, Const))


def _under_views(value: Value) -> Value:
    while (value.op == "index" or (value.op == "method" and value.name in _VIEWS)) and value.args:
        value = value.args[0]
    return value


# -- preferences -------------------------------------------------------------------------------------------

_SQUARES: Final = api.names("square pow mse_loss")


def of_preference(anatomy: Anatomy, bend: Value) -> str:
    """The variant of a loss on preferences, from what bends the difference; empty for the plain one."""
    weights = anatomy.descent.weights
    inner = Slice(bend.args, SMOOTH, stop=lambda n: id(n) in weights)
    if (bend.op == "binop" and bend.name == "Pow") or api.short(bend) in _SQUARES:
        return "ipo"
    if api.called(bend) not in api.LOGISTIC and api.short(bend) in ("relu", "clamp", "maximum", "clip"):
        return "slic"
    if any(_odds(node) for node in inner):
        return "orpo"
    texts = [n for n in inner if n.op == "binop" and n.name == "Sub" and _both(anatomy, n)]
    if any(_other_model(amount, weights) for _, _, amount in anatomy.amounts):
        return "" if texts else "kto"
    return "simpo" if any(api.short(n) == "mean" for n in inner) or _reduced(inner) else "cpo"


def _odds(node: Value) -> bool:
    """``log(1 - p)`` of a probability given by its logarithm."""
    return api.short(node) in ("log1p", "log1mexp") and any(
        api.short(n) in ("exp", "expm1") for n in Slice(node.args, SMOOTH, stop=api.likelihood)
    )


def _both(anatomy: Anatomy, node: Value) -> bool:
    return all(id(arg) in anatomy.gradient for arg in node.args)


def _other_model(amount: Value, weights: frozenset[int]) -> bool:
    inner = Slice([amount], SMOOTH, stop=lambda n: id(n) in weights)
    return any(api.likelihood(n) or api.applies_model(n) for n in inner)


def _reduced(inner: Slice) -> bool:
    """Whether a cross-entropy is averaged over the tokens of a text, as it is unless said otherwise."""
    return any(
        api.called(n) in api.LOSSES and objects.constant(n.keywords.get("reduction", n)) == "mean"
        for n in inner
    )
