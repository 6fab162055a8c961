"""Policy gradients whose rewards come from elsewhere: told by the ratio of probabilities that they weigh."""

from __future__ import annotations

from typing import Final

from posttrace.analysis.routes.static import api
from posttrace.analysis.routes.static.graph import SMOOTH, Slice
from posttrace.analysis.routes.static.losses.anatomy import Anatomy
from posttrace.analysis.routes.static.losses.baseline import Reward
from posttrace.analysis.routes.static.machine.values import Const, Value


def find(anatomy: Anatomy) -> Reward | None:
    """The objective of a ratio of probabilities times an advantage that a caller not in sight gives.

    A value fitted in the same loss, or nothing but the clipped ratio: ``ppo``. An estimate of the divergence
    from a reference in the loss, and no value: ``grpo``, whose form that is.
    """
    rated = anatomy.smooth.upward(anatomy.heads)
    ratios = [node for node in rated.values() if _ratio(anatomy, rated, node)]
    given = [amount for amount in anatomy.multiplied() if not isinstance(amount, Const)]
    if not ratios or not given:
        return None
    fitted = [n for n in anatomy.gradient.values() if _squares(n) and id(n) not in rated]
    references = [n for n in ratios if _estimates(rated, n)]
    if fitted or not references:
        says = "a ratio of probabilities weighed by an advantage that is given"
        return Reward("ppo", (("surrogate", says, ratios[0]),))
    says = "a ratio weighed by an advantage that is given, and a divergence from a reference, without a value"
    return Reward("grpo", (("surrogate", says, ratios[0]),))


def _ratio(anatomy: Anatomy, rated: dict[int, Value], node: Value) -> bool:
    """Whether a node is the exponential of a log-probability less another that is given."""
    if api.short(node) != "exp":
        return False
    for inner in Slice(node.args, SMOOTH, stop=lambda n: n.op == "apply" or api.likelihood(n)):
        if inner.op == "binop" and inner.name == "Sub":
            sides = [id(arg) in rated for arg in inner.args]
            if sides[0] != sides[1] and not isinstance(inner.args[sides[0]], Const):
                return True
    return False


def _estimates(rated: dict[int, Value], ratio: Value) -> bool:
    """Whether a ratio less its logarithm, or less one, enters the loss."""
    return any(node.op == "binop" and node.name == "Sub" and ratio in node.args for node in rated.values())


def _squares(node: Value) -> bool:
    return (node.op == "binop" and node.name == "Pow") or api.short(node) in ("square", "mse_loss", "pow")


_FITS: Final = api.names("mse_loss square smooth_l1_loss huber_loss")


def of_agent(anatomy: Anatomy) -> Reward | None:
    """The objective of a loss whose agent is not in sight: of what one call gave, one part is weighed by
    amounts of the data, and another is fitted to such amounts; that is an actor with its critic.
    """
    fitted: set[int] = set()
    for node in anatomy.smooth:
        if api.called(node) in _FITS or (node.op == "binop" and node.name == "Pow"):
            fitted |= _answers(node)
    for node in anatomy.smooth if fitted else ():
        if node.op != "binop" or node.name != "Mult":
            continue
        above = anatomy.smooth.upward([node]).values()
        if not any(api.short(n) in api.MEAN for n in above) or any(api.called(n) in _FITS for n in above):
            continue
        sides = [_answers(arg) & fitted for arg in node.args]
        if bool(sides[0]) != bool(sides[1]) and _of_data(node.args[0 if sides[1] else 1]):
            says = "one output of an agent weighed by amounts, another fitted to such"
            return Reward("ppo", (("critic", says, node),))
    return None


def _answers(value: Value) -> set[int]:
    """Ids of calls of methods of what is not in sight."""
    found = (n for n in Slice([value], SMOOTH) if n.op == "method" and len(n.args) > 1)
    plain = api.BY_SHAPE | api.MEAN | api.DISCRETE | {"clamp", "gather"}
    return {id(n) for n in found if n.name not in plain and _hidden(n.args[0])}


def _hidden(receiver: Value) -> bool:
    if receiver.op == "call":
        return receiver.name.split(".")[0] not in ("torch", "numpy", "jax", "tensorflow", "builtins")
    return receiver.op in ("attr", "unknown")


def _of_data(value: Value) -> bool:
    return any(n.op == "elem" for n in Slice([value], SMOOTH))
