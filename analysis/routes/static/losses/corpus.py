"""What a library trainer learns from: raw text, records, samples of the trained model or of another."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from posttrace.analysis.routes.frameworks import Entry, Settings, corpora
from posttrace.analysis.routes.static import api, checkpoints
from posttrace.analysis.routes.static.graph import EVERYTHING, Slice
from posttrace.analysis.routes.static.losses import baseline, rawtext, sampling
from posttrace.analysis.routes.static.losses.descent import Descent
from posttrace.analysis.routes.static.machine import attributes, text
from posttrace.analysis.routes.static.machine.values import (
    Function,
    Instance,
    Items,
    Table,
    Value,
    alternatives,
)
from posttrace.analysis.routes.static.origins import origins

if TYPE_CHECKING:
    from posttrace.analysis.routes.static.machine.machine import Machine

RECEIVER: Final = "<receiver>"
"""Among arguments by name: the object whose method starts the training."""
_JOINS: Final = api.names("chain from_iterable sum concatenate hstack cat")
_WINDOWED: Final = api.names("TextDataset LineByLineTextDataset ConstantLengthDataset")
"""Library data sets that cut a text into windows."""
_REMOTE: Final = api.names("openai anthropic litellm google mistralai together cohere groq")


def described(machine: Machine, entry: Entry, given: dict[str, Value]) -> Settings:
    """Whether the data are windows of raw text, as the setting ``raw``."""
    values = _data(machine, entry, given)
    return {"raw": ("windows",)} if values and _raw(Slice(values, EVERYTHING)) else {}


def source(machine: Machine, entry: Entry, given: dict[str, Value]) -> sampling.Source:
    """Where the trained tokens come from."""
    values = _data(machine, entry, given)
    if not values:
        return sampling.Source("unknown")
    weights = _same_model(machine, entry, given)
    found = sampling.source(Descent(values[0], weights, values[0].where, taped=True), values)
    if found.kind in ("self", "self+filter", "teacher"):
        return found
    asked = [node for node in Slice(values, EVERYTHING) if _asks(node)]
    if asked:
        reasons = (("other-samples", "text written by another model", asked[0]),)
        return sampling.Source("teacher", found.files, reasons)
    return found


def rewarded(entry: Entry, given: dict[str, Value]) -> baseline.Reward | None:
    """What a workspace subtracts from rewards where it computes the advantages that a library is given."""
    values = [given[name] for name in entry.data if name in given]
    tables = [node for node in Slice(values, EVERYTHING) if isinstance(node, Table)]
    amounts = [table.entries[entry.advantages] for table in tables if entry.advantages in table.entries]
    if not amounts:
        return None
    weights = frozenset(id(o) for o in origins(given[RECEIVER])) if RECEIVER in given else frozenset()
    descent = Descent(amounts[0], weights, amounts[0].where, taped=True)
    return baseline.find(descent, amounts, amounts)


def teacher(entry: Entry, given: dict[str, Value]) -> Value | None:
    """Where the data get probabilities that another model gives."""
    values = [given[name] for name in entry.data if name in given] if entry.teachers else []
    named = (node for node in Slice(values, EVERYTHING) if node.op in ("attr", "method"))
    return next((node for node in named if node.name in entry.teachers), None)


def _data(machine: Machine, entry: Entry, given: dict[str, Value]) -> list[Value]:
    values = [given[name] for name in entry.data if name in given]
    return [*values, *(item for value in values for item in _items(machine, value))]


def _items(machine: Machine, value: Value) -> Iterable[Value]:
    """What a data set of the workspace, or one made by a generator of it, gives the trainer."""
    for choice in alternatives(value, 4):
        if isinstance(choice, Instance):
            for name, args in (("__getitem__", [machine.value("unknown")]), ("__iter__", [])):
                method = attributes.attribute(machine, choice, name)
                if isinstance(method, Function):
                    yield machine.call(method, args, {})
        elif choice.op == "call" and choice.name.endswith("from_generator"):
            for function in (*choice.args, *choice.keywords.values()):
                if isinstance(function, Function):
                    yield machine.call(function, [], {})


# -- raw text ----------------------------------------------------------------------------------------------


def _raw(nodes: Slice) -> bool:
    return any(_window(node) or _whole(node) for node in nodes)


def _whole(node: Value) -> bool:
    """Whether a node loads running text: a data set of it, or one that a library cuts into windows."""
    if node.op != "call":
        return False
    if api.short(node) in _WINDOWED:
        return True
    named = node.args[0] if node.args else node.keywords.get("path")
    known = text.known(named) if api.short(node) == "load_dataset" and named is not None else None
    return known is not None and corpora.raw(known)


def _window(node: Value) -> bool:
    """A part, from a step of a range on, of what was joined over the borders of records."""
    if node.op != "index" or node.args[1].op != "slice":
        return False
    bounds = [*node.args[1].args, *node.args[1].keywords.values()]
    stepped = any(
        n.op == "call" and n.name == "builtins.range" and len(n.args) == 3 for n in Slice(bounds, EVERYTHING)
    )
    if not stepped:
        return False
    joined = Slice(node.args[:1])
    if any(api.short(n) in _JOINS and n.op == "call" for n in joined):
        return True
    several = any(api.short(n) == "apply_chat_template" for n in joined) or len(rawtext.fields(joined)) > 1
    return not several and any(isinstance(n, Items) and _spread(n) for n in joined)


def _spread(made: Items) -> bool:
    """Whether a list is extended, in a loop, by the elements of what the loop is over."""
    return any(w.value.op == "elem" and len(w.where.loops) > len(made.where.loops) for w in made.writes)


# -- who wrote it ------------------------------------------------------------------------------------------


def _same_model(machine: Machine, entry: Entry, given: dict[str, Value]) -> frozenset[int]:
    """Ids of the trained model, and of all that were loaded from the same place."""
    found = {id(o) for o in origins(given[RECEIVER])} if RECEIVER in given else set()
    for name in entry.trained.split("|"):
        if name not in given:
            continue
        trained = [given[name], *Slice([given[name]])]
        loaded = [node for node in trained if checkpoints.read(node) is not None]
        places = {_place(checkpoints.read(node)) for node in loaded} | {_place(given[name])}
        found |= {id(node) for node in (*loaded, *origins(given[name])) if node.op != "unknown"}
        for call in machine.calls:
            at = checkpoints.read(call)
            if at is not None and _place(at) in places:
                found.add(id(call))
    return frozenset(found)


def _place(value: Value | None) -> object:
    known = text.known(value) if value is not None else None
    return known if known is not None and known != text.UNKNOWN else id(value)


def _asks(node: Value) -> bool:
    """Whether a node asks a model behind a service."""
    if node.op != "method" or node.name not in ("create", "generate_content", "acreate", "completion"):
        return node.op == "call" and node.name in ("litellm.completion", "litellm.batch_completion")
    return any(n.name.split(".")[0] in _REMOTE for n in Slice(node.args[:1]) if n.op in ("call", "external"))
