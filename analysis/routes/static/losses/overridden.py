"""Losses that a workspace writes for a library's training loop: methods that override, models of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from posttrace.analysis.routes.frameworks import Entry
from posttrace.analysis.routes.static import api
from posttrace.analysis.routes.static.graph import SMOOTH, Slice
from posttrace.analysis.routes.static.losses import objective
from posttrace.analysis.routes.static.losses.descent import Descent
from posttrace.analysis.routes.static.machine import attributes
from posttrace.analysis.routes.static.machine.values import (
    Const,
    Function,
    Instance,
    Items,
    Partial,
    Table,
    Value,
    alternatives,
)
from posttrace.analysis.routes.static.origins import origins

if TYPE_CHECKING:
    from posttrace.analysis.routes.static.machine.machine import Machine


def loss(machine: Machine, entry: Entry, made: Value, given: dict[str, Value]) -> objective.Finding | None:
    """What a loss in sight descends; null where the library's own is used, or only added to."""
    for name in entry.loss:
        function = given.get(name)
        if isinstance(function, Function):
            return _of_function(machine, function, entry)
        for receiver in (made, *(given[key] for key in ("model", *entry.started_with) if key in given)):
            if isinstance(receiver, Instance):
                method = attributes.attribute(machine, receiver, name)
                if isinstance(method, Function):
                    return _of_method(machine, method, given.get("model"))
    model = given.get("model")
    for choice in alternatives(model, 4) if model is not None and entry.loss else []:
        if isinstance(choice, Instance) and made is not choice:
            found = _of_model(machine, choice)
            if found is not None:
                return found
    return None


def _of_method(machine: Machine, method: Function, model: Value | None) -> objective.Finding | None:
    names = [arg.arg for arg in method.node.args.args]
    names = names[1:] if method.receiver is not None else names
    required = len(names) - len(method.node.args.defaults)
    trained = model if model is not None and not isinstance(model, Const) else machine.value("unknown")
    with machine.loop(machine.value("unknown")):
        given = {"model": trained, "inputs": _prepared(machine, method)}
        args = [given.get(name) or machine.value("unknown", name=name) for name in names[:required]]
        return _of_loss(machine, machine.call(method, args, {}), [trained])


def _prepared(machine: Machine, method: Function) -> Value | None:
    """What a trainer's own preparation makes of the inputs, before its loss is given them."""
    if not isinstance(method.receiver, Instance):
        return None
    prepare = attributes.attribute(machine, method.receiver, "_prepare_inputs")
    if not isinstance(prepare, Function):
        return None
    return machine.call(prepare, [machine.value("unknown", name="inputs")], {})


def _of_function(machine: Machine, function: Function, entry: Entry) -> objective.Finding | None:
    """A function that a library calls with what its model gave."""
    model = machine.value("unknown", name="model")
    with machine.loop(machine.value("unknown")):
        outputs = machine.value("apply", [model, machine.value("unknown")])
        scores = machine.value("call", [machine.value("attr", [outputs], "logits")], "torch.log_softmax")
        made = {"outputs": outputs, "logprobs": scores}
        args = [made.get(name) or machine.value("unknown", name=name) for name in entry.loss_with]
        returned = machine.call(function, args, {})
    return _of_loss(machine, returned, [model])


def _of_model(machine: Machine, model: Instance) -> objective.Finding | None:
    """A model of the workspace computes its loss in ``forward``."""
    method = attributes.attribute(machine, model, "forward")
    if not isinstance(method, Function):
        return None
    count = len(method.node.args.args) - 1
    args = [machine.value("unknown", name=f"{i}") for i in range(count)]
    with machine.loop(machine.value("unknown")):
        returned = machine.call(method, args, {})
    return _of_loss(machine, returned, list(model.attributes.values()))


def _of_loss(machine: Machine, returned: Value, models: list[Value]) -> objective.Finding | None:
    root = _scalar(machine, returned)
    if root is None:
        return None
    for node in Slice([root], SMOOTH):
        if node.op == "method" and isinstance(node.args[0], Partial) and node.args[0].op == "super":
            return None  # the library's loss, or that and something more
    weights = frozenset(id(o) for model in models for o in origins(model) if not isinstance(o, Const))
    return objective.find(Descent(root, weights, root.where, taped=True))


_DISTANCES = api.names(
    "mse_loss MSELoss l1_loss L1Loss smooth_l1_loss SmoothL1Loss HuberLoss huber_loss cosine_similarity"
    " CosineSimilarity CosineEmbeddingLoss cosine_embedding_loss TripletMarginLoss triplet_margin_loss"
    " MarginRankingLoss ctc_loss CTCLoss BCELoss binary_cross_entropy"
)


def measures(finding: objective.Finding) -> bool:
    """Whether a loss without a likelihood measures a distance: a regression or an embedding."""
    roots = [node for _, _, node in finding.reasons if node is not None]
    return any(api.called(n) in _DISTANCES for n in Slice(roots, SMOOTH))


def _scalar(machine: Machine, returned: Value) -> Value | None:
    """The loss in what a method returned: itself, the first of a tuple, or an entry of that name."""
    found: list[Value] = []
    for choice in alternatives(returned):
        if isinstance(choice, Items):
            found += choice.args[:1]
        elif isinstance(choice, Table):
            found += [choice.entries["loss"]] if "loss" in choice.entries else []
        elif choice.op == "call" and "loss" in choice.keywords:  # an output class of a library
            found.append(choice.keywords["loss"])
        elif not isinstance(choice, Const):
            found.append(choice)
    return machine.phi(found) if found else None
