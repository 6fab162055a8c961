"""Rewards in a loss, and what is subtracted from them: a group's mean, a batch's, a learned value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from posttrace.analysis.routes.route import Objective
from posttrace.analysis.routes.static import api
from posttrace.analysis.routes.static.graph import CONTENT, EVERYTHING, SMOOTH, Role, Slice
from posttrace.analysis.routes.static.losses import sampling
from posttrace.analysis.routes.static.losses.descent import Descent
from posttrace.analysis.routes.static.losses.sampling import Judge
from posttrace.analysis.routes.static.machine import objects
from posttrace.analysis.routes.static.machine.values import Const, Items, Value, alternatives


@dataclass(frozen=True)
class Reward:
    """A policy gradient, by its baseline."""

    objective: Objective
    reasons: tuple[tuple[str, str, Value | None], ...]
    attributes: Mapping[str, str] = field(default_factory=dict)


def find(descent: Descent, amounts: Sequence[Value], multiplied: Sequence[Value]) -> Reward | None:
    """The policy gradient that the amounts in a loss make it; null when they hold no reward.

    ``multiplied``: those that log-probabilities are multiplied by; estimates among them are a critic's.
    """

    def stop(node: Value) -> bool:
        known = api.short(node) in api.EXPONENTIAL | api.DRAW or api.likelihood(node)
        return known or id(node) in descent.weights or _normalised(node)

    inside = Slice(amounts, CONTENT, stop)
    judged = Judge(descent)
    learned = _value(Slice(multiplied, SMOOTH, stop), descent)
    if learned is not None:
        return learned
    best: Reward | None = None
    for node in inside:
        if node.op != "binop" or node.name != "Sub" or id(node) in descent.weights:
            continue
        found = _centred(node, judged)
        if found is not None and found.objective == "grpo":
            return found
        best = best or found
    return best or _bare(amounts, judged)


def _normalised(node: Value) -> bool:
    """Scores less the logarithm of the sum of their exponentials: log-probabilities."""
    if node.op != "binop" or node.name != "Sub":
        return False
    near = Slice(node.args[1:], SMOOTH, stop=lambda n: n.op == "apply" or api.short(n) == "logsumexp")
    return any(api.short(n) == "logsumexp" for n in near)


def _centred(node: Value, judged: Judge) -> Reward | None:
    left, right = node.args
    direct = Slice([right], SMOOTH, stop=lambda n: _carried(n, node))
    own = Slice([left], SMOOTH, stop=lambda n: _carried(n, node))
    for mean in direct:
        operand = _averaged(mean, node)
        if operand is None or not _shared(operand, own):
            continue
        if not judged.rated(operand) and not judged.handed(operand):
            continue
        if _grouped(mean, operand, judged):
            says = "a reward minus the mean of several samples of one prompt"
            return Reward("grpo", (("group-baseline", says, node),))
        return Reward("reinforce", (("batch-baseline", "a reward minus the mean of a batch", node),))
    if any(_carried(n, node) for n in direct) and judged.rated(right) and judged.rated(left):
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


def _grouped(mean: Value, operand: Value, judged: Judge) -> bool:
    """Whether the mean is over samples of one prompt."""
    positional = mean.args[1:] if mean.op == "method" else mean.args[1:2]
    if "axis" in mean.keywords or "dim" in mean.keywords or positional:
        return True
    if api.short(mean) in ("bincount", "scatter_mean", "segment_mean", "segment_sum"):
        return True
    if operand.op in ("index", "elem") and not isinstance(operand.args[-1], Const):
        return True
    return not _trajectory(operand, judged) and not _varied(operand, judged)


def _trajectory(operand: Value, judged: Judge) -> bool:
    """Whether what is averaged was drawn one after the other, each draw from where the one before led."""
    for node in Slice([operand], SMOOTH):
        for write in node.writes if isinstance(node, Items) else ():
            new = write.where.loops[len(node.where.loops) :] or write.where.loops[-1:]
            for cell in Slice([write.value], EVERYTHING, stop=lambda n: id(n) in judged.weights):
                if cell.op == "loop" and cell.where.loops[-1:] == new[-1:] and judged.samples(cell):
                    return True
    return False


def _varied(operand: Value, judged: Judge) -> bool:
    """Whether prompts differ among what is averaged."""
    scope = min((n.where.loops for n in _lists(operand)), key=len, default=operand.where.loops)
    everything = Slice([operand], EVERYTHING, stop=lambda n: id(n) in judged.weights)
    sizes = Slice([n for n in everything if id(n) in judged.weights], SMOOTH | {"shape"})
    for node in everything:
        if not _selects(node) or not _within(node.where.loops, scope):
            continue
        base = node.args[0]
        key = node.args[1] if node.op == "index" else base
        if judged.samples(base) or judged.samples(key):
            continue
        if _names_a_column(key) or (node.op == "index" and _of_one_record(key, scope)):
            continue
        if any(isinstance(b, Items) and b.name == "repeat" for b in alternatives(base)):
            continue
        if _of_one_record(base, scope):
            continue
        inside = Slice([base], CONTENT, cut=_vocabulary)
        if any(n not in sizes and sampling.read_paths(n) for n in inside) and not any(
            _alone(n) for n in inside
        ):
            return True
    return False


def _vocabulary(node: Value, _role: Role, source: Value) -> bool:
    """Whether an edge leads to the tokenizer that encodes or decodes, not to what it is given."""
    coded = node.op == "method" and node.name.startswith(("encode", "decode", "tokenize"))
    return coded and source is node.args[0]


def _alone(drawn: Value) -> bool:
    """Whether exactly one record was drawn."""
    if drawn.op not in ("call", "method") or api.short(drawn) not in ("sample", "choices"):
        return False
    counts = [*drawn.args[1:], *(drawn.keywords[k] for k in ("k", "n") if k in drawn.keywords)]
    return any(objects.constant(count) == 1 for count in counts)


_FIXED = frozenset({"const", "slice", "items", "unary"})


def _selects(node: Value) -> bool:
    """Whether a node is one of many: an element in a loop, or what lies at an index that is not fixed."""
    if node.op == "index":
        return any(n.op not in _FIXED for n in Slice(node.args[1:]))
    return node.op == "elem"


def _lists(operand: Value) -> list[Value]:
    found: list[Value] = [node for node in Slice([operand], SMOOTH) if isinstance(node, Items)]
    return found[:1] or [operand]


def _within(loops: tuple[int, ...], scope: tuple[int, ...]) -> bool:
    return len(loops) > len(scope) and loops[: len(scope)] == scope


_COLUMNS = frozenset({"column_names", "columns", "features"})


def _names_a_column(key: Value) -> bool:
    """Whether a key is a name of what all records have."""
    return any(n.op == "attr" and n.name in _COLUMNS for n in Slice([key], SMOOTH))


def _of_one_record(base: Value, scope: tuple[int, ...]) -> bool:
    """Whether a value is a part of one element that was chosen outside ``scope``."""
    parts = Slice([base], SMOOTH | {"discrete"})
    keys = [link.args[1] for node in parts for link in _chain(node) if link.op == "index"]
    return any(
        _selects(link) and link.where.loops and link.where.loops == scope[: len(link.where.loops)]
        for node in (*parts, *Slice(keys, SMOOTH | {"discrete"}))
        for link in _chain(node)
    )


def _chain(node: Value) -> Iterator[Value]:
    """A part of something, what it is a part of, and so on."""
    yield node
    while node.op in ("index", "elem", "attr", "key", "method") and node.args:
        node = node.args[0]
        yield node


def _value(inside: Slice, descent: Descent) -> Reward | None:
    """Estimates by what is fitted in the same loop enter as amounts: a critic."""
    for node in inside:
        if id(node) not in descent.weights | descent.critics:
            continue
        readers = [reader for reader, _ in inside.into.get(id(node), ())] or [node]
        if any(api.short(reader) not in api.BY_INDEX for reader in readers):
            return Reward("ppo", (("critic", "an advantage over a learned value", readers[0]),))
    return None


def _bare(amounts: Sequence[Value], judged: Judge) -> Reward | None:
    """A reward without a baseline."""
    for amount in amounts:
        if judged.worth([amount]):
            return Reward("reinforce", (("reward", "the log-probability is multiplied by a reward", amount),))
    return None
