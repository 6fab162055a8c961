"""Losses on preferred texts: logistic functions of log-probabilities (dpo) or of scores (reward models)."""

from __future__ import annotations

from typing import Final

from posttrace.analysis.routes.static import api
from posttrace.analysis.routes.static.graph import EVERYTHING, SMOOTH, Slice
from posttrace.analysis.routes.static.losses import rawtext, sampling, variants
from posttrace.analysis.routes.static.losses.anatomy import Anatomy
from posttrace.analysis.routes.static.losses.finding import Finding
from posttrace.analysis.routes.static.machine.values import Const, Value


def find(anatomy: Anatomy) -> Finding | None:
    """A logistic function of a difference: of log-probabilities (dpo), or of scores (reward model)."""
    weights = anatomy.descent.weights
    for node in anatomy.gradient.values():
        if _contrast(anatomy, node):
            says = "a bent difference of the log-probabilities of two texts"
            return _preferred(anatomy, node, says)
        if not _logistic(node):
            continue
        inner = Slice(node.args, SMOOTH, stop=lambda n: id(n) in weights)
        if any(_log_probability(n) for n in inner if n is not node):
            says = "a logistic function of log-probabilities"
            return _preferred(anatomy, node, says)
        if any(_referred(anatomy, n) for n in inner):
            says = "a logistic function of a difference from what a reference model gives"
            return _preferred(anatomy, node, says)
        if any(_log_probability(n) for n in anatomy.gradient.values()):
            continue
        if _two_scores(anatomy, node) or not _softmax(anatomy):
            if not _paired(anatomy, inner) and _of_single_texts(anatomy):
                says = "a logistic function of a score of one text"
                return Finding("other", (("classes", says, node),))
            says = "a logistic function of scores that are no log-probabilities"
            return Finding("reward_model", (("scorer", says, node),))
    return None


def _preferred(anatomy: Anatomy, node: Value, says: str) -> Finding:
    attributes = {"data": "given", "variant": variants.of_preference(anatomy, node)}
    return Finding("dpo", (("preference", says, node),), attributes)


def _paired(anatomy: Anatomy, inner: Slice) -> bool:
    """Whether two scores are compared."""
    return any(
        node.op == "binop" and node.name == "Sub" and all(id(arg) in anatomy.gradient for arg in node.args)
        for node in inner
    )


_LAYERS: Final = api.names("linear matmul dot einsum bmm softmax conv1d layer_norm rms_norm")


def _two_scores(anatomy: Anatomy, node: Value) -> bool:
    """Whether a logistic function is given a difference of two scores, no layer of a model in between."""

    def stop(n: Value) -> bool:
        return (
            n.op == "apply" or (n.op == "binop" and n.name in ("Sub", "MatMult")) or api.short(n) in _LAYERS
        )

    given = node.args[1:2] if node.op == "apply" else node.args[:1]
    for inner in Slice(given, SMOOTH, stop):
        if inner.op == "binop" and inner.name == "Sub" and all(id(a) in anatomy.gradient for a in inner.args):
            left, right = inner.args
            return left not in Slice([right], SMOOTH) and right not in Slice([left], SMOOTH)
    return False


def _of_single_texts(anatomy: Anatomy) -> bool:
    """Whether what is scored is known to be one field of a record, or no record: no answer to a prompt."""
    inside = Slice(anatomy.tokens, EVERYTHING, stop=lambda n: id(n) in anatomy.descent.weights)
    if any(node.name.startswith(api.NO_TEXT) for node in inside):
        return True
    known = any(sampling.read_paths(node) for node in inside)
    return known and len(rawtext.fields(inside)) < 2


def _referred(anatomy: Anatomy, node: Value) -> bool:
    """Whether what a model gives that is not trained is subtracted from what the trained one gives."""
    if node.op != "binop" or node.name != "Sub":
        return False
    left, right = node.args
    if (id(left) in anatomy.gradient) == (id(right) in anatomy.gradient):
        return False
    other = right if id(left) in anatomy.gradient else left
    return any(api.applies_model(n) for n in Slice([other], SMOOTH, stop=api.applies_model))


_BOWLS: Final = api.names("square relu mse_loss smooth_l1_loss hinge_embedding_loss clamp maximum")


def _contrast(anatomy: Anatomy, node: Value) -> bool:
    """Whether a loss bends a difference of the trained model's log-probabilities of two texts."""
    if not ((node.op == "binop" and node.name == "Pow") or api.short(node) in _BOWLS):
        return False
    weights = anatomy.descent.weights
    # below an exponential lies a ratio of probabilities, which is clipped, not compared
    for inner in Slice(node.args, SMOOTH, stop=lambda n: id(n) in weights or api.short(n) == "exp"):
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
    """A library's log-probability, or the logarithm of exponentials over their sum."""
    if api.likelihood(node):
        return True
    if api.short(node) not in api.LOG:
        return False
    inner = list(Slice(node.args, SMOOTH, stop=lambda n: api.short(n) in api.EXPONENTIAL))
    names = {api.short(n) for n in inner}
    if names & {"softmax", "log_softmax", "logsumexp"}:
        return True
    return "exp" in names and ("sum" in names or any(n.op == "binop" and n.name == "Div" for n in inner))


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
