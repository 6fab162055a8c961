"""Losses of classes, not of tokens: classification heads, labels beside a text, positions in a batch."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from posttrace.analysis.routes.static import api
from posttrace.analysis.routes.static.graph import EVERYTHING, SMOOTH, Slice
from posttrace.analysis.routes.static.losses import rawtext
from posttrace.analysis.routes.static.losses.anatomy import Anatomy
from posttrace.analysis.routes.static.machine.values import Value

_HEADS: Final = (
    "ForSequenceClassification",
    "ForTokenClassification",
    "ForImageClassification",
    "ForAudioClassification",
    "ForQuestionAnswering",
    "ForMultipleChoice",
)
_COUNTS: Final = api.names("arange eye zeros ones zeros_like ones_like")


def shown(anatomy: Anatomy) -> tuple[str, Value] | None:
    """Why a loss is of classes, and the node that shows it; null where nothing says so."""
    trained = [node for node in anatomy.smooth if id(node) in anatomy.descent.weights]
    for node in Slice(trained, SMOOTH):
        if any(head in node.name for head in _HEADS):
            return "a model with a classification head", node
    for node in anatomy.gradient.values():
        target = _target(node)
        if target is None or id(target) in anatomy.gradient:
            continue
        inside = Slice([target], EVERYTHING)
        if _counted(inside):
            return "the targets are positions in a batch, not tokens", node
        if any(n.name.startswith(api.NO_TEXT) for n in inside):
            return "the data are no texts", node
        if _beside(anatomy, target, inside):
            return "the targets are labels beside the text", node
    return None


def _target(node: Value) -> Value | None:
    """What a library's cross-entropy compares with."""
    if api.called(node) not in api.LOSSES:
        return None
    for name in ("target", "targets", "labels", "label"):
        if name in node.keywords:
            return node.keywords[name]
    args = node.args[1:] if node.op in ("apply", "method") else node.args
    return args[1] if len(args) > 1 else None


def _counted(inside: Slice) -> bool:
    made = {api.short(node) for node in inside if node.op in ("call", "method")}
    return bool(made & _COUNTS) and not any(
        node.op in ("index", "elem", "apply", "unknown") for node in inside
    )


def _beside(anatomy: Anatomy, target: Value, inside: Slice) -> bool:
    """Whether a target is a field of a record that the model's input, an encoded text, is no part of."""
    given = Slice([token for token in anatomy.tokens if token is not target], EVERYTHING)
    if _cut_from(inside) & _cut_from(given):
        return False
    encoded = [node for node in given if _encodes(node)]
    mine, theirs = _nearest([target]), _nearest([arg for node in encoded for arg in node.args])
    if not mine or not theirs or mine & theirs:
        return False
    return not any(_encodes(node) for node in inside)


def _cut_from(nodes: Slice) -> set[int]:
    """Ids of arrays that a range is cut from: of one array of tokens, inputs and what follows them."""
    cut = (node for node in nodes if node.op == "index" and _ranges(node.args[1]))
    return {id(node.args[0]) for node in cut}


def _ranges(key: Value) -> bool:
    """Whether the last axis of a key is a range that one end is left out of."""
    if key.op != "items" or not key.args or key.args[-1].op != "slice":
        return False  # of a table of records: its training part
    return len({"lower", "upper"} & key.args[-1].keywords.keys()) == 1


def _nearest(values: Iterable[Value]) -> set[str]:
    """The fields that values were taken from, not those that other columns of the same table have."""
    return rawtext.fields(Slice(values, EVERYTHING, stop=lambda node: rawtext.field(node) is not None))


def _encodes(node: Value) -> bool:
    """Whether a node turns a text into tokens: by a tokenizer, or going through its characters or words."""
    if rawtext.encodes(node) or api.short(node) in ("findall", "word_tokenize"):
        return True
    if node.op == "method" and node.name == "split" and len(node.args) == 1:
        return True
    return node.op == "elem" and any(rawtext.field(base) is not None for base in _sources(node.args[0]))


def _sources(value: Value) -> Iterable[Value]:
    yield value
    if value.op in ("call", "method", "index") and value.args:
        yield from _sources(value.args[-1 if api.short(value) in ("findall", "split") else 0])
