"""Which objective a descent follows: what multiplies the log-probability, and where the tokens come from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from posttrace.analysis.routes.static import api
from posttrace.analysis.routes.static.graph import SMOOTH, Slice
from posttrace.analysis.routes.static.losses import (
    baseline,
    classifier,
    polarity,
    preferences,
    sampling,
    surrogate,
    variants,
)
from posttrace.analysis.routes.static.losses.anatomy import Anatomy, take_apart
from posttrace.analysis.routes.static.losses.descent import Descent
from posttrace.analysis.routes.static.losses.finding import Finding
from posttrace.analysis.routes.static.machine import objects
from posttrace.analysis.routes.static.machine.values import Value

__all__ = ["Anatomy", "Finding", "find", "findings", "take_apart"]


def findings(descents: Iterable[Descent]) -> list[tuple[Descent, Finding]]:
    """Objectives in order; the fit of a critic in the loop of its policy is no stage of its own."""
    found = [(descent, find(descent)) for descent in descents]
    policies = [(d.where.loops, f.objective) for d, f in found if f.objective in _POLICY and d.where.loops]
    around = {loops[:1] for loops, _ in policies}
    beside = {loops for loops, objective in policies if objective == "ppo"}
    return [
        (descent, finding)
        for descent, finding in found
        if not (finding.objective == "other" and descent.where.loops[:1] in around)
        and not (finding.objective in _LIKELIHOODS and descent.where.loops in beside)
    ]


_LIKELIHOODS: Final = frozenset({"sft", "pretrain", "rft"})
"""What the fit of a critic whose values lie in bins looks like."""
_POLICY: Final = frozenset({"ppo", "grpo", "reinforce"})


def find(descent: Descent) -> Finding:
    """The objective of one descent."""
    if descent.evolved:
        says = "weights move along random directions by what those were found to be worth"
        return Finding("other", (("evolution", says, descent.root),))
    anatomy = take_apart(descent)
    preference = preferences.find(anatomy)
    if preference is not None:
        return preference
    trained = [node for node in anatomy.smooth if id(node) in descent.weights]
    trained = [node for node in anatomy.smooth if id(node) in descent.weights]
    source = sampling.source(anatomy.descent, anatomy.tokens, trained)
    rated = bool(anatomy.scores) or not descent.taped
    reward = baseline.find(descent, anatomy.weighing(), anatomy.multiplied()) if rated else None
    if reward is None and rated and descent.taped and source.kind in ("unknown", "given"):
        reward = surrogate.find(anatomy)
    if reward is None and not rated:
        reward = surrogate.of_agent(anatomy)
    if reward is not None:
        attributes = {**reward.attributes, "data": source.kind.split("+")[0], **_drawn(source)}
        attributes["variant"] = variants.of_policy(anatomy, reward.objective)
        return Finding(reward.objective, (*reward.reasons, *source.reasons), attributes, source.files)
    if not anatomy.scores and polarity.raises_output(anatomy):
        says = "the output of a model that is not in sight is raised where tokens are given"
        return Finding("sft", (("output-raised", says, descent.root),), {"data": source.kind})
    if not anatomy.scores:
        return Finding("other", (("no-likelihood", "the loss is no likelihood of tokens", descent.root),))
    teacher = _teacher(anatomy)
    if teacher is not None:
        return teacher
    if _squared(anatomy):
        says = "log-probabilities are fitted to a number, not raised"
        return Finding("other", (("balance", says, descent.root),))
    classes = classifier.shown(anatomy)
    if classes is not None:
        return Finding("other", (("classes", *classes),))
    return _likelihood(anatomy, source)


_SQUARES: Final = api.names("square mse_loss smooth_l1_loss huber_loss")


def _squared(anatomy: Anatomy) -> bool:
    """Whether all that a loss knows of likelihoods lies under a square, as in the balance of a flow."""
    if not anatomy.descent.taped:
        return False

    def stop(node: Value) -> bool:
        power = node.op == "binop" and node.name == "Pow" and objects.constant(node.args[1]) == 2
        return power or api.called(node) in _SQUARES or id(node) in anatomy.descent.weights

    near = Slice(
        [anatomy.descent.root], SMOOTH, stop, lambda _n, _r, source: id(source) not in anatomy.gradient
    )
    return not any(head in near for head in anatomy.heads)


def _drawn(source: sampling.Source) -> dict[str, str]:
    return {"rollout": source.rollout, "online": source.online}


def _likelihood(anatomy: Anatomy, source: sampling.Source) -> Finding:
    shown = _weighing(anatomy)
    if polarity.unlearns(anatomy.descent):
        says = "the likelihood of the tokens is lowered, not raised"
        return Finding("other", (("unlikelihood", says, shown), *source.reasons))
    attributes = {"data": source.kind, **_drawn(source)}
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


# -- teachers ----------------------------------------------------------------------------------------------


def _teacher(anatomy: Anatomy) -> Finding | None:
    """Probabilities of a model that is not trained, and was not what is trained, enter the loss."""
    own = anatomy.descent.weights | anatomy.descent.twins
    for _, _, amount in anatomy.amounts:
        inner = Slice([amount], SMOOTH, stop=lambda n: id(n) in own)
        for node in inner:
            if api.short(node) not in api.EXPONENTIAL and not api.applies_model(node):
                continue
            if not any(id(n) in own for n in Slice([node], SMOOTH, stop=lambda n: id(n) in own)):
                says = "probabilities of another model enter the loss"
                return Finding("distill", (("teacher", says, node),))
    return None
