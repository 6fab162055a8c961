"""Other copies of the trained model in one program: engines that sample from it, loads of the same folder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from posttrace.analysis.routes.static import checkpoints
from posttrace.analysis.routes.static.graph import SMOOTH, Slice
from posttrace.analysis.routes.static.machine import text
from posttrace.analysis.routes.static.machine.values import Instance, Value, alternatives
from posttrace.analysis.routes.static.origins import origins

if TYPE_CHECKING:
    from posttrace.analysis.routes.static.machine.machine import Machine

_ENGINES: Final = {
    "vllm.LLM": "model",
    "vllm.entrypoints.llm.LLM": "model",
    "sglang.Engine": "model_path",
    "sglang.srt.entrypoints.engine.Engine": "model_path",
    "lmdeploy.pipeline": "model_path",
    "transformers.pipeline": "model",
}
"""Library objects that draw from a model: the argument that names it."""
_GIVES: Final = ("load_weights", "update_weight", "load_state_dict", "sync_weights", "collective_rpc")


def of(machine: Machine, weights: frozenset[int], trained: Sequence[Value]) -> frozenset[int]:
    """Ids of values that hold the trained model besides its own."""
    parts = [owner for owner in trained if not isinstance(owner, Instance)]  # what objects hold is among them
    places = {place for owner in parts for node in Slice([owner], SMOOTH) for place in _places(node)}
    found = {id(call) for call in machine.calls if places & _places(call)}
    for call in machine.calls:
        if call.op == "method" and any(word in call.name for word in _GIVES):
            given = [*call.args[1:], *call.keywords.values()]
            if any(id(o) in weights for value in given for n in Slice([value], SMOOTH) for o in origins(n)):
                found |= {id(node) for node in Slice(call.args[:1], SMOOTH) if node.op == "call"}
    return frozenset(found) - weights


def _places(call: Value) -> set[object]:
    """The folder that a call loads a model from: its path, or the value that gives it."""
    if call.op != "call":
        return set()
    path = checkpoints.read(call)
    if call.name in _ENGINES:
        path = call.keywords.get(_ENGINES[call.name], call.args[0] if call.args else None)
    if path is None:
        return set()
    known = text.known(path)
    if known is not None and known != text.UNKNOWN:
        return {known}
    return {id(choice) for choice in alternatives(path)}
