"""Whether trained tokens are running text, cut without regard to records, or texts with a structure."""

from __future__ import annotations

from typing import Final

from posttrace.analysis.routes.static import api, text
from posttrace.analysis.routes.static.graph import CONTENT, EVERYTHING, Slice
from posttrace.analysis.routes.static.values import Const, Items, Value

_JOINS: Final = api.names("chain from_iterable concatenate hstack cat join concat")
_ENCODES: Final = api.names(
    "encode tokenize encode_ordinary encode_batch convert_tokens_to_ids ord EncodeAsIds"
)
_STRUCTURE: Final = api.names("apply_chat_template partition")
_TECHNICAL: Final = api.names(
    "input_ids attention_mask labels token_type_ids position_ids train validation test valid val eval ids"
    " length data num_rows"
)
"""Keys of what tokenizers give and of parts of data sets: not of records."""
_FROM_WEIGHTS: Final = api.names("from_pretrained load load_file load_model load_state_dict safe_open")


def running(everything: Slice, records: bool, models: Slice) -> bool:
    """Whether tokens come from text without a prompt and a response.

    ``records``: whether files are read record by record. Text of one field is running text where windows are
    cut from many of them joined, or where a model is trained on it from nothing.
    """
    if any(_labels(node) or _columns(node) for node in everything):
        return False
    if not records:
        return True
    if any(api.short(node) in _STRUCTURE for node in everything) or len(fields(everything)) > 1:
        return False
    windows = any(_window(node) for node in everything)
    return windows or not (_loads(models) or any(_ignored(node) for node in everything))


def fields(everything: Slice) -> set[str]:
    """Keys of records that the tokens are made of."""
    return {name for node in everything if (name := field(node)) is not None}


def field(node: Value) -> str | None:
    """The key of a record that a node looks up; null for other nodes, and for what tokenizers call things."""
    key: Value | None = None
    if node.op == "index" or (node.op == "method" and node.name == "get" and len(node.args) > 1):
        key = node.args[1]
    name = text.known(key) if isinstance(key, Const) and isinstance(key.value, str) else None
    return name if name not in _TECHNICAL else None


def _labels(node: Value) -> bool:
    """Whether a file holds what to learn of each text besides the text."""
    key = node.args[1] if node.op == "index" else None
    return isinstance(key, Const) and key.value in ("labels", "loss_mask")


def _columns(node: Value) -> bool:
    """Whether a line is split at a separator of columns."""
    if node.op != "method" or node.name not in ("split", "rsplit") or len(node.args) < 2:
        return False
    separator = text.known(node.args[1])
    return separator is not None and (separator == "\t" or bool(separator.strip()))


def _loads(models: Slice) -> bool:
    return any(api.short(node) in _FROM_WEIGHTS and not _of_library(node) for node in models)


def _of_library(node: Value) -> bool:
    return any(word in node.name for word in api.NO_MODEL)


def _ignored(node: Value) -> bool:
    """The label that libraries leave out of a loss: part of each text is given, part is learned."""
    return isinstance(node, Const) and node.value == -100


def _window(node: Value) -> bool:
    """A part of a joined sequence from a position on that a loop or a draw gives."""
    if node.op != "index" or node.args[1].op != "slice" or "lower" not in node.args[1].keywords:
        return False
    lower = Slice([node.args[1].keywords["lower"]], EVERYTHING)
    if not any(n.op == "elem" or api.short(n) in ("randint", "randrange", "integers") for n in lower):
        return False
    return _joined(node.args[0])


def _joined(base: Value) -> bool:
    """Whether tokens of many records lie in one sequence."""
    for node in Slice([base], CONTENT):
        if node.op == "call" and api.short(node) in _JOINS:
            return True
        if node.op == "method" and node.name == "join" and any(n.op == "elem" for n in Slice(node.args)):
            return True
        if isinstance(node, Items) and any(
            w.value.op == "elem" and len(w.where.loops) > len(node.where.loops) for w in node.writes
        ):
            return any(encodes(n) for write in node.writes for n in Slice([write.value], CONTENT))
    return False


def encodes(node: Value) -> bool:
    """Whether a node turns a text into tokens."""
    return node.op == "apply" or api.short(node) in _ENCODES
