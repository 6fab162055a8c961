"""Which objective a descent follows: what multiplies the log-probability, and where the tokens come from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from posttrace.analysis.routes.route import Objective
from posttrace.analysis.routes.static import api, baseline, polarity, sampling
from posttrace.analysis.routes.static.descent import Descent
from posttrace.analysis.routes.static.graph import CONTENT, SMOOTH, Role, Slice, remembered
from posttrace.analysis.routes.static.values import Const, Value


@dataclass(frozen=True)
class Finding:
    """An objective, why, and where."""

    objective: Objective
    reasons: tuple[tuple[str, str, Value | None], ...]
    """(rule, words for a reader, node that shows it)."""
    attributes: Mapping[str, str] = field(default_factory=dict)
    files: tuple[tuple[str, Value], ...] = ()
    """Files that the trained tokens come from, each with the node that reads it."""


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
        return [n for n in self.gradient.values() if _scores(n)]


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
        trained = [n for n in smooth if n.op == "apply" or _scores(n)]
    gradient = smooth.upward(trained)
    amounts: list[tuple[Value, Role, Value]] = []
    tokens: list[Value] = []
    for node in gradient.values():
        if id(node) in descent.weights:
            continue
        feeds = node.op == "apply" or api.likelihood(node)
        for role, source in _all_inputs(node):
            if id(source) in gradient or id(source) in descent.foreign:
                continue
            if role in ("index", "place") or (feeds and role != "filter"):
                tokens.append(source)
            elif role in CONTENT:
                amounts.append((node, role, source))
    return Anatomy(descent, smooth, gradient, amounts, tokens)


def _all_inputs(node: Value) -> Iterable[tuple[Role, Value]]:
    yield from remembered(node)
    for write in node.writes:
        yield "value", write.value
        if write.index is not None:
            yield "place", write.index


def _scores(node: Value) -> bool:
    return api.likelihood(node) or api.short(node) in api.EXPONENTIAL


def find(descent: Descent) -> Finding:
    """The objective of one descent."""
    anatomy = take_apart(descent)
    preference = _preference(anatomy)
    if preference is not None:
        return preference
    trained = [node for node in anatomy.smooth if id(node) in descent.weights]
    source = sampling.source(anatomy.descent, anatomy.tokens, trained)
    fitted = [n for n in anatomy.smooth if id(n) in descent.critics]
    reward = baseline.find(anatomy.descent, [*(a for _, _, a in anatomy.amounts), *fitted])
    if reward is not None:
        attributes = {**reward.attributes, "data": source.kind.split("+")[0], "rollout": source.rollout}
        return Finding(reward.objective, (*reward.reasons, *source.reasons), attributes, source.files)
    if not anatomy.scores:
        return Finding("other", (("no-likelihood", "the loss is no likelihood of tokens", descent.root),))
    teacher = _teacher(anatomy)
    if teacher is not None:
        return teacher
    return _likelihood(anatomy, source)


def _likelihood(anatomy: Anatomy, source: sampling.Source) -> Finding:
    shown = _weighing(anatomy)
    if polarity.unlearns(anatomy.descent):
        says = "the likelihood of the tokens is lowered, not raised"
        return Finding("other", (("unlikelihood", says, shown), *source.reasons))
    attributes = {"data": source.kind, "rollout": source.rollout}
    own = source.kind in ("self", "self+filter")
    says = "cross-entropy on the policy's own samples" if own else "cross-entropy on given tokens"
    reasons = (("likelihood", says, shown), *source.reasons)
    if not own and source.raw:
        reasons = (("raw-text", "cross-entropy on windows of raw text", shown), *source.reasons)
        return Finding("pretrain", reasons, attributes, source.files)
    return Finding("rft" if own else "sft", reasons, attributes, source.files)


def _weighing(anatomy: Anatomy) -> Value:
    """Where a reader sees what a likelihood is weighted with.

    A library's loss; or, where model and optimiser have files of their own, the last weights given to them.
    """
    first = (anatomy.scores or [anatomy.descent.root])[0]
    if any(api.likelihood(node) for node in anatomy.scores):
        return next(node for node in anatomy.scores if api.likelihood(node))
    machinery = {anatomy.descent.where.path, first.where.path}
    amounts = Slice([amount for _, _, amount in anatomy.amounts], SMOOTH)
    given = [n for n in amounts if n.where.path not in machinery and n.op == "binop"]
    return max(given, key=lambda node: node.where.seq, default=first)


# -- preferences -------------------------------------------------------------------------------------------


def _preference(anatomy: Anatomy) -> Finding | None:
    """A logistic function of a difference: of log-probabilities (dpo), or of scores (reward model)."""
    weights = anatomy.descent.weights
    for node in anatomy.gradient.values():
        if _contrast(anatomy, node):
            says = "a bent difference of the log-probabilities of two texts"
            return Finding("dpo", (("preference", says, node),), {"data": "given"})
        if not _logistic(node):
            continue
        inner = Slice(node.args, SMOOTH, stop=lambda n: id(n) in weights)
        if any(_log_probability(n) for n in inner if n is not node):
            says = "a logistic function of log-probabilities"
            return Finding("dpo", (("preference", says, node),), {"data": "given"})
        if not any(_log_probability(n) for n in anatomy.gradient.values()) and not _softmax(anatomy):
            says = "a logistic function of scores that are no log-probabilities"
            return Finding("reward_model", (("scorer", says, node),))
    return None


_BOWLS = api.names("square relu mse_loss smooth_l1_loss hinge_embedding_loss clamp maximum")


def _contrast(anatomy: Anatomy, node: Value) -> bool:
    """Whether a loss bends a difference of the trained model's log-probabilities of two texts."""
    if not ((node.op == "binop" and node.name == "Pow") or api.short(node) in _BOWLS):
        return False
    weights = anatomy.descent.weights
    for inner in Slice(node.args, SMOOTH, stop=lambda n: id(n) in weights):
        if inner.op == "binop" and inner.name == "Sub" and id(inner) in anatomy.gradient:
            sides = [_likelihoods(anatomy, arg) for arg in inner.args]
            if sides[0] and sides[1] and not sides[0] & sides[1]:
                return True
    return False


def _likelihoods(anatomy: Anatomy, value: Value) -> set[int]:
    weights = anatomy.descent.weights
    inner = Slice([value], SMOOTH, stop=lambda n: id(n) in weights or _log_probability(n))
    return {id(n) for n in inner if id(n) in anatomy.gradient and _log_probability(n)}


def _logistic(node: Value) -> bool:
    """``sigmoid`` and its like, or ``1 + exp(x)``."""
    if api.called(node) in api.LOGISTIC or api.short(node) in ("logaddexp", "log1p"):
        return True
    if node.op == "binop" and node.name == "Add":
        one = any(isinstance(arg, Const) and arg.value in (1, 1.0) for arg in node.args)
        return one and any(api.short(arg) == "exp" for arg in node.args)
    return False


def _log_probability(node: Value) -> bool:
    if api.likelihood(node):
        return True
    return api.short(node) in api.LOG and any(
        api.short(n) in api.EXPONENTIAL
        for n in Slice(node.args, SMOOTH, stop=lambda n: api.short(n) == "exp")
    )


def _softmax(anatomy: Anatomy) -> bool:
    """Whether some exponentials are divided by their sum."""
    for node in anatomy.gradient.values():
        if api.short(node) in ("softmax", "log_softmax"):
            return True
        if node.op == "binop" and node.name == "Div":
            below = Slice(node.args[1:], SMOOTH, stop=lambda n: api.short(n) == "exp")
            names = {api.short(n) for n in below}
            if names & {"exp"} and names & {"sum"}:
                return True
    return False


# -- teachers ----------------------------------------------------------------------------------------------


def _teacher(anatomy: Anatomy) -> Finding | None:
    """Probabilities of a model that is not trained enter the loss."""
    weights = anatomy.descent.weights
    for _, _, amount in anatomy.amounts:
        inner = Slice([amount], SMOOTH, stop=lambda n: id(n) in weights)
        found = [n for n in inner if api.short(n) in api.EXPONENTIAL or api.applies_model(n)]
        if found and not any(id(n) in weights for n in inner):
            return Finding(
                "distill", (("teacher", "probabilities of another model enter the loss", found[0]),)
            )
    return None
