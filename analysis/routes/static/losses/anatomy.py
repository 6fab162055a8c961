"""A loss taken apart: what depends smoothly on the weights, and what enters it besides."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from posttrace.analysis.routes.static import api
from posttrace.analysis.routes.static.graph import CONTENT, SMOOTH, Role, Slice, remembered
from posttrace.analysis.routes.static.losses.descent import Descent
from posttrace.analysis.routes.static.machine.values import Value


@dataclass(frozen=True)
class Anatomy:
    """A loss taken apart: what depends smoothly on the weights, and what enters it besides."""

    descent: Descent
    smooth: Slice
    gradient: dict[int, Value]
    """Nodes through which the gradient flows."""
    amounts: list[tuple[Value, Role, Value]]
    """(reader, role, input): constants of the loss as the gradient sees it, such as masks and rewards."""
    tokens: list[Value]
    """What is looked up, or given to the model: the trained tokens."""

    @property
    def scores(self) -> list[Value]:
        """Nodes that turn logits into probabilities or their logarithms."""
        return [n for n in self.gradient.values() if scores_tokens(n)]

    def weighing(self) -> list[Value]:
        """Amounts that may weigh a log-probability; not what one is compared with in a regression."""
        rated = self.smooth.upward(self.heads) if self.descent.taped else {}
        return [
            amount
            for reader, role, amount in self.amounts
            if role not in ("term", "divisor") or id(reader) not in rated
        ]

    def multiplied(self) -> list[Value]:
        """What log-probabilities are multiplied by; all amounts and critics where the gradient is by hand."""
        if not self.descent.taped:
            fitted = [node for node in self.smooth if id(node) in self.descent.critics]
            return [*(amount for _, _, amount in self.amounts), *fitted]
        rated = self.smooth.upward(self.heads)
        known = rated.keys() | self.descent.weights
        found = []
        for node in rated.values():
            inputs = list(remembered(node))
            if any(id(source) in rated for _, source in inputs):
                found += [v for role, v in inputs if id(v) not in known and role == "factor"]
        return found

    @property
    def heads(self) -> list[Value]:
        """Scores that no layer of a model comes after: not those by which it attends."""
        layers = [node for node in self.gradient.values() if node.op == "apply" or _product(node)]
        inner = Slice(layers, SMOOTH, stop=lambda node: id(node) in self.descent.weights)
        heads = [node for node in self.scores if node not in inner or node in layers]
        return heads or self.scores


def take_apart(descent: Descent) -> Anatomy:
    """The parts of a loss."""

    def cut(node: Value, role: Role, source: Value) -> bool:
        if id(source) in descent.foreign:
            return True
        return descent.taped and (source.where.frozen or api.short(source) in api.DETACHES)

    def stop(node: Value) -> bool:
        return id(node) in descent.weights or (api.short(node) in api.DETACHES and descent.taped)

    smooth = Slice([descent.root], SMOOTH, stop, cut)
    trained = [node for node in smooth if id(node) in descent.weights]
    if not trained:
        trained = [n for n in smooth if n.op == "apply" or scores_tokens(n)]
    gradient = smooth.upward(trained)
    amounts: list[tuple[Value, Role, Value]] = []
    tokens: list[Value] = []
    for node in gradient.values():
        if id(node) in descent.weights:
            continue
        feeds = (node.op == "apply" and not api.loss_object(node)) or api.likelihood(node)
        for role, source in _all_inputs(node):
            if id(source) in gradient or id(source) in descent.foreign:
                continue
            if role in ("index", "place") or (feeds and role != "filter"):
                tokens.append(source)
            elif role in CONTENT:
                amounts.append((node, role, source))
    return Anatomy(descent, smooth, gradient, amounts, tokens)


def _product(node: Value) -> bool:
    """Whether a node multiplies matrices."""
    return (node.op == "binop" and node.name == "MatMult") or api.short(node) in ("matmul", "dot", "einsum")


def _all_inputs(node: Value) -> Iterable[tuple[Role, Value]]:
    yield from remembered(node)
    for write in node.writes:
        yield "value", write.value
        if write.index is not None:
            yield "place", write.index


def scores_tokens(node: Value) -> bool:
    """Whether a node turns scores into probabilities or their logarithms."""
    return api.likelihood(node) or api.short(node) in api.EXPONENTIAL
