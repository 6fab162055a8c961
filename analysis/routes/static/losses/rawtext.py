"""Whether trained tokens are running text, cut without regard to records, or texts with a structure."""

from __future__ import annotations

from typing import Final

from posttrace.analysis.routes.static import api
from posttrace.analysis.routes.static.graph import CONTENT, EVERYTHING, Slice
from posttrace.analysis.routes.static.machine import text
from posttrace.analysis.routes.static.machine.values import Const, Items, Value

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
    return windows or not (_loads(models) or any(_ignored(node, everything) for node in everything))


def fields(everything: Slice) -> set[str]:
    """Keys of records that the tokens are made of."""
    return {name for node in everything if (name := field(node)) is not None}


def field(node: Value) -> str | None:
    """The key of a record that a node looks up; null for other nodes, and for what tokenizers call things."""
    key: Value | None = None
    if node.op == "index" or (node.op == "method" and node.name == "get" and len(node.args) > 1):
        key = node.args[1]
    if node.args and node.args[0].op == "external":  # a table of a library: of activations, of settings
        return None
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


def _ignored(node: Value, everything: Slice) -> bool:
    """The label that libraries leave out of a loss, unless it stands for padding.

    Part of each text is given then, part is learned.
    """
    if not (isinstance(node, Const) and node.value == -100):
        return False
    return not all(_fills(reader, node) for reader, _ in everything.into.get(id(node), ()))


def _fills(reader: Value, label: Value) -> bool:
    """Whether a reader of a label puts it where there is padding, or is the loss that is told of it."""
    if any(value is label for value in reader.keywords.values()):
        return True
    places = [w.index for w in reader.writes if w.value is label and w.index is not None]
    places += reader.tests if reader.op == "phi" else []
    if api.short(reader) in (*api.WHERE, "masked_fill", "masked_fill_"):
        places += [arg for arg in reader.args if arg is not label and arg.op == "compare"]
    return bool(places) and all(any(_of_padding(n) for n in Slice([at])) for at in places)


def _of_padding(node: Value) -> bool:
    """The token that fills up, or the mask of what is filled up."""
    if node.op == "attr":
        return node.name in ("pad_token_id", "pad_id", "attention_mask")
    return node.op == "index" and isinstance(node.args[1], Const) and node.args[1].value == "attention_mask"


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
