"""Rewards in a loss, and what is subtracted from them: a group's mean, a batch's, a learned value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from posttrace.analysis.routes.route import Objective
from posttrace.analysis.routes.static import api, sampling
from posttrace.analysis.routes.static.graph import CONTENT, EVERYTHING, SMOOTH, Role, Slice
from posttrace.analysis.routes.static.training import Descent
from posttrace.analysis.routes.static.values import Const, Items, Value, alternatives


@dataclass(frozen=True)
class Reward:
    """A policy gradient, by its baseline."""

    objective: Objective
    reasons: tuple[tuple[str, str, Value | None], ...]
    attributes: Mapping[str, str] = field(default_factory=dict)


def find(descent: Descent, amounts: Sequence[Value]) -> Reward | None:
    """The policy gradient that the amounts in a loss make it; null when they hold no reward."""

    def stop(node: Value) -> bool:
        return api.short(node) in api.EXPONENTIAL | api.DRAW or id(node) in descent.weights

    inside = Slice(amounts, CONTENT, stop)
    judged = _Judge(descent)
    best: Reward | None = None
    for node in inside:
        if node.op != "binop" or node.name != "Sub" or id(node) in descent.weights:
            continue
        found = _centred(node, judged)
        if found is not None and found.objective == "grpo":
            return found
        best = best or found
    learned = _value(inside, descent, judged)
    if learned is not None:
        return learned
    return best or _bare(amounts, judged)


class _Judge:
    """Tells amounts that depend on what was sampled."""

    def __init__(self, descent: Descent) -> None:
        self.weights = descent.weights

    def samples(self, value: Value) -> list[Value]:
        """Draws that a value depends on in any way."""
        return sampling.draws(Slice([value], EVERYTHING, stop=lambda n: id(n) in self.weights), self.weights)


def _centred(node: Value, judged: _Judge) -> Reward | None:
    left, right = node.args
    direct = Slice([right], SMOOTH, stop=lambda n: _carried(n, node))
    own = Slice([left], SMOOTH, stop=lambda n: _carried(n, node))
    for mean in direct:
        operand = _averaged(mean, node)
        if operand is None or not _shared(operand, own) or not judged.samples(operand):
            continue
        if _grouped(mean, operand, judged):
            says = "a reward minus the mean of several samples of one prompt"
            return Reward("grpo", (("group-baseline", says, node),), _variant(mean))
        return Reward("reinforce", (("batch-baseline", "a reward minus the mean of a batch", node),))
    if any(_carried(n, node) for n in direct) and judged.samples(right) and judged.samples(left):
        return Reward("reinforce", (("running-baseline", "a reward minus a running mean", node),))
    return None


def _carried(value: Value, reader: Value) -> bool:
    """Whether a value comes from an earlier round of a loop that is still being run."""
    loops = value.where.loops
    return value.op == "loop" and loops == reader.where.loops[: len(loops)]


def _averaged(node: Value, reader: Value) -> Value | None:
    """What a node is the mean or sum of."""
    if api.short(node) in api.MEAN and node.args:
        return node.args[-1] if api.short(node) == "bincount" else node.args[0]
    if node.op == "loop" and not _carried(node, reader) and len(node.args) > 1:
        last = node.args[-1]
        if last.op == "binop" and last.name == "Add":
            return last.args[1]
    return None


def _shared(operand: Value, own: Slice) -> bool:
    return any(node in own for node in Slice([operand], SMOOTH) if not isinstance(node, Const))


def _variant(mean: Value) -> dict[str, str]:
    return {}


def _grouped(mean: Value, operand: Value, judged: _Judge) -> bool:
    """Whether the mean is over samples of one prompt."""
    positional = mean.args[1:] if mean.op == "method" else mean.args[1:2]
    if "axis" in mean.keywords or "dim" in mean.keywords or positional:
        return True
    if api.short(mean) in ("bincount", "scatter_mean", "segment_mean", "segment_sum"):
        return True
    if operand.op in ("index", "elem") and not isinstance(operand.args[-1], Const):
        return True
    return not _varied(operand, judged)


def _varied(operand: Value, judged: _Judge) -> bool:
    """Whether prompts differ among what is averaged."""
    scope = min((n.where.loops for n in _lists(operand)), key=len, default=operand.where.loops)
    everything = Slice([operand], EVERYTHING, stop=lambda n: id(n) in judged.weights)
    for node in everything:
        if node.op not in ("elem", "index") or isinstance(node.args[-1], Const):
            continue
        if not _within(node.where.loops, scope):
            continue
        base = node.args[0]
        if any(isinstance(b, Items) and b.name == "repeat" for b in alternatives(base)):
            continue
        if _of_one_record(base, scope) or judged.samples(base):
            continue
        if any(sampling.read_paths(n) for n in Slice([base], EVERYTHING)):
            return True
    return False


def _lists(operand: Value) -> list[Value]:
    found: list[Value] = [node for node in Slice([operand], SMOOTH) if isinstance(node, Items)]
    return found[:1] or [operand]


def _within(loops: tuple[int, ...], scope: tuple[int, ...]) -> bool:
    return len(loops) > len(scope) and loops[: len(scope)] == scope


def _of_one_record(base: Value, scope: tuple[int, ...]) -> bool:
    """Whether a value is a part of one element that was chosen outside ``scope``."""
    for node in Slice([base], SMOOTH | {"discrete"}):
        if node.op in ("elem", "index") and not isinstance(node.args[-1], Const):
            loops = node.where.loops
            if loops and loops == scope[: len(loops)]:
                return True
    return False


def _value(inside: Slice, descent: Descent, judged: _Judge) -> Reward | None:
    """Estimates of the trained model that enter as amounts: a critic."""
    for node in inside:
        if id(node) in descent.weights:
            readers = [reader for reader, _ in inside.into.get(id(node), ())]
            return Reward(
                "ppo", (("critic", "an advantage over a learned value", readers[0] if readers else node),)
            )
    return None


def _bare(amounts: Sequence[Value], judged: _Judge) -> Reward | None:
    """A reward without a baseline."""
    roles: set[Role] = {"value", "factor", "term", "condition", "discrete", "test"}
    for amount in amounts:
        inner = Slice([amount], roles, stop=_is_mask)
        found = sampling.draws(inner, judged.weights)
        if found:
            return Reward("reinforce", (("reward", "the log-probability is multiplied by a reward", amount),))
    return None


def _is_mask(node: Value) -> bool:
    """A comparison of tokens or positions with a constant, or a length."""
    if api.short(node) in ("len", "shape"):
        return True
    return node.op == "compare" and any(isinstance(arg, Const) or arg.op == "attr" for arg in node.args)
