"""Where the trained tokens come from: files, or draws from a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from posttrace.analysis.routes.static import api, text
from posttrace.analysis.routes.static.graph import EVERYTHING, SMOOTH, Slice
from posttrace.analysis.routes.static.training import Descent
from posttrace.analysis.routes.static.values import Items, Value


@dataclass(frozen=True)
class Source:
    """Where tokens come from."""

    kind: str
    """``given``, ``self``, ``self+filter``, ``teacher`` or ``unknown``."""
    paths: tuple[str, ...] = ()
    reasons: tuple[tuple[str, str, Value | None], ...] = ()
    rollout: str = "none"


def draws(nodes: Slice, weights: frozenset[int]) -> list[Value]:
    """Nodes that pick tokens by the scores of the trained model."""
    return [node for node in nodes if api.short(node) in api.DRAW and _by_scores(node, weights)]


def _by_scores(node: Value, weights: frozenset[int]) -> bool:
    inner = Slice(node.args, SMOOTH, stop=lambda n: id(n) in weights)
    return any(id(n) in weights for n in inner)


def by_any_model(nodes: Slice) -> list[Value]:
    """Nodes that pick tokens by the scores of any model, a library's ``generate`` included."""
    found = []
    for node in nodes:
        if api.short(node) in api.DRAW and node.op in ("call", "method"):
            names = {n.name if n.op == "binop" else api.short(n) for n in Slice(node.args, SMOOTH)}
            if (
                names & {"MatMult", "matmul", "dot", "einsum", "softmax", "log_softmax"}
                or api.short(node) == "generate"
            ):
                found.append(node)
    return found


def source(descent: Descent, tokens: Sequence[Value]) -> Source:
    """Origin of the trained tokens."""
    everything = Slice(tokens, EVERYTHING, stop=lambda node: id(node) in descent.weights)
    own = draws(everything, descent.weights)
    paths = tuple(dict.fromkeys(path for node in everything for path in read_paths(node)))
    if own:
        test = _filter(everything, descent.weights)
        kind = "self" if test is None else "self+filter"
        reasons: list[tuple[str, str, Value | None]] = [
            ("own-samples", "tokens drawn from the trained model", own[0])
        ]
        if test is not None:
            reasons.append(("filter", "samples are kept by what they are worth", test))
        return Source(kind, paths, tuple(reasons), rollout="text")
    others = by_any_model(everything)
    if others:
        return Source("teacher", paths, (("other-samples", "tokens drawn from another model", others[0]),))
    shown = next((node for node in everything if read_paths(node)), None)
    if shown is None:
        return Source("unknown", ())
    return Source("given", paths, (("given-tokens", f"tokens read from {paths[0]}", shown),))


def _filter(everything: Slice, weights: frozenset[int]) -> Value | None:
    """A condition on samples that decides which of them are kept."""
    for node in everything:
        tests = list(node.tests) if isinstance(node, Items) or node.op == "elem" else []
        for write in node.writes:
            tests += [guard.test for guard in write.where.guards[len(node.where.guards) :]]
        for test in tests:
            if draws(Slice([test], EVERYTHING, stop=lambda n: id(n) in weights), weights):
                return test
    for node in everything:
        if node.op == "index" and _chosen(node.args[1], weights):
            return node
    return None


_PICKS: Final = frozenset({"argmax", "argsort", "nonzero", "flatnonzero", "where", "topk", "argpartition"})


def _chosen(key: Value, weights: frozenset[int]) -> bool:
    """Whether an index was computed from what samples are worth."""
    near = Slice([key], SMOOTH | {"discrete", "condition"}, stop=lambda n: id(n) in weights)
    if not any(api.short(n) in _PICKS or n.op == "compare" for n in near):
        return False
    found = draws(Slice([key], EVERYTHING, stop=lambda n: id(n) in weights), weights)
    return bool(found) and not any(node in near for node in found)


def read_paths(node: Value) -> list[str]:
    """Paths that a node reads: of data, not of weights."""
    if api.short(node) not in api.READS_FILE or not node.args:
        return []
    if node.op == "call" and node.name.startswith(("json.loads", "json.load", "pickle.loads", "csv.")):
        return []
    mode = node.args[1] if len(node.args) > 1 else node.keywords.get("mode")
    if api.short(node) == "open" and mode is not None and set(text.known(mode) or "") & set("wax"):
        return []
    path = text.known(node.args[0])
    if path is not None:
        return [path]
    return [] if node.op == "method" else ["*"]
