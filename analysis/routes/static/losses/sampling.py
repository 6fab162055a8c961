"""Where the trained tokens come from: files, or draws from a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from posttrace.analysis.routes.static import api
from posttrace.analysis.routes.static.graph import CONTENT, EVERYTHING, SMOOTH, Role, Slice, remembered
from posttrace.analysis.routes.static.losses import rawtext
from posttrace.analysis.routes.static.losses.descent import Descent
from posttrace.analysis.routes.static.machine import text
from posttrace.analysis.routes.static.machine.values import Const, Value


@dataclass(frozen=True)
class Source:
    """Where tokens come from."""

    kind: str
    """``given``, ``self``, ``self+filter``, ``teacher`` or ``unknown``."""
    files: tuple[tuple[str, Value], ...] = ()
    """Files that are read on the way, each with the node that reads it."""
    reasons: tuple[tuple[str, str, Value | None], ...] = ()
    rollout: str = "none"
    online: str = ""
    """Whether they are drawn in the loop in which they are learned from; empty for given ones."""
    raw: bool = False
    """Whether the files are read as one stream, not as records."""


class Judge:
    """Tells what depends on tokens that the trained model drew."""

    def __init__(self, descent: Descent) -> None:
        self.weights = descent.weights
        self._models = descent.weights | descent.twins
        self._samples: dict[int, list[Value]] = {}
        self._by_scores: dict[int, bool] = {}
        self._masking: dict[int, bool] = {}
        self._rated: dict[int, list[Value]] = {}

    def draws(self, nodes: Slice) -> list[Value]:
        """Nodes that pick tokens by the scores of the trained model."""
        return [node for node in nodes if api.short(node) in api.DRAW and self._scored(node)]

    def _scored(self, node: Value) -> bool:
        if id(node) not in self._by_scores:
            scores = [*node.args, *node.keywords.values()]
            inner = Slice(scores, SMOOTH, stop=lambda n: id(n) in self._models)
            self._by_scores[id(node)] = any(id(n) in self._models for n in inner)
        return self._by_scores[id(node)]

    def samples(self, value: Value) -> list[Value]:
        """Draws that a value depends on in any way."""
        if id(value) not in self._samples:
            inner = Slice([value], EVERYTHING, stop=lambda n: id(n) in self.weights)
            self._samples[id(value)] = self.draws(inner)
        return self._samples[id(value)]

    def rated(self, value: Value) -> list[Value]:
        """Draws that a value depends on other than by how likely they are."""
        if id(value) not in self._rated:
            inner = Slice([value], EVERYTHING, stop=lambda n: id(n) in self.weights or _likely(n))
            self._rated[id(value)] = self.draws(inner)
        return self._rated[id(value)]

    def handed(self, value: Value) -> bool:
        """Whether a value is computed from what a caller that is not in sight gives, and from no file."""
        inner = Slice([value], CONTENT, stop=lambda n: id(n) in self.weights or _likely(n))
        given = any(node.op == "unknown" and node.name for node in inner)
        return given and not any(read_paths(node) for node in inner)

    def worth(self, values: Sequence[Value]) -> list[Value]:
        """Draws whose content was judged for these values: more than where they end, or how long they are."""
        roles: set[Role] = {*CONTENT, "test", "index"}
        inner = Slice(values, roles - {"divisor"}, stop=self._masks)
        return self.draws(inner)

    def _masks(self, node: Value) -> bool:
        """A length, a likelihood, or a comparison of tokens with what is the same for all records."""
        if id(node) in self.weights or api.short(node) in ("len", "shape"):
            return True
        if _likely(node):
            return True
        if node.op != "compare":
            return False
        if id(node) not in self._masking:
            fixed = any(_same_for_all(arg) for arg in node.args)
            self._masking[id(node)] = fixed and not any(_reads_text(arg) for arg in node.args)
        return self._masking[id(node)]


def _likely(node: Value) -> bool:
    """Whether a node is a probability or its logarithm, the one that tokens select among them included."""
    if api.likelihood(node) or api.short(node) in api.EXPONENTIAL:
        return True
    at = api.BY_INDEX.get(api.short(node))
    if at is None and node.op != "index":
        return False
    base, key = node.args[:1], node.args[1:]
    if at is None and all(isinstance(n, Const) or n.op == "slice" for n in key):
        return False
    return any(
        api.likelihood(n) or api.short(n) in api.EXPONENTIAL
        # what was picked by its score is a token, however likely
        for n in Slice(
            base, SMOOTH, stop=lambda n: n.op in ("apply", "elem", "loop") or api.short(n) in api.DRAW
        )
    )


def _same_for_all(value: Value) -> bool:
    return not any(n.op in ("elem", "index") and not isinstance(n.args[-1], Const) for n in Slice([value]))


def _reads_text(value: Value) -> bool:
    return any(api.short(n) in api.TEXT for n in Slice([value], CONTENT))


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


def source(descent: Descent, tokens: Sequence[Value], models: Sequence[Value] = ()) -> Source:
    """Origin of the trained tokens; ``models`` are what the trained values were made from."""
    everything = Slice(tokens, EVERYTHING, stop=lambda node: id(node) in descent.weights)
    judge = Judge(descent)
    own = judge.draws(everything)
    readers: dict[str, Value] = {}
    for node in everything:
        for path in read_paths(node):
            readers.setdefault(path, node)
    files = tuple(readers.items())
    if own:
        test = _filter(everything, judge)
        kind = "self" if test is None else "self+filter"
        reasons: list[tuple[str, str, Value | None]] = [
            ("own-samples", "tokens drawn from the trained model", own[0])
        ]
        if test is not None:
            reasons.append(("filter", "samples are kept by what they are worth", test))
        online = "yes" if any(_together(draw, descent) for draw in own) else "no"
        return Source(kind, files, tuple(reasons), _rollout(everything), online)
    others = by_any_model(everything)
    if others:
        return Source("teacher", files, (("other-samples", "tokens drawn from another model", others[0]),))
    if not files:
        return Source("unknown")
    records = any(_record(node) for node in everything)
    made_from = Slice(models, SMOOTH) if models else everything
    return Source("given", files, raw=rawtext.running(everything, records, made_from))


def _together(draw: Value, descent: Descent) -> bool:
    outer = descent.where.loops[:1]
    return bool(outer) and draw.where.loops[:1] == outer


_RUNS: Final = api.names(
    "subprocess.run subprocess.Popen subprocess.check_output builtins.exec builtins.eval"
)


def _rollout(everything: Slice) -> str:
    """``env`` where an environment answers the draws, ``tool`` where they are run as a program."""
    for node in everything:
        if node.op == "method" and node.name == "step" and len(node.args) > 1:
            return "env"
    return "tool" if any(node.op == "call" and node.name in _RUNS for node in everything) else "text"


_PARSERS: Final = api.names(
    "loads load_dataset load_from_disk read_csv read_json read_parquet DictReader splitlines readlines"
    " loadtxt"
)


def _record(node: Value) -> bool:
    """Whether a node takes a record out of a file."""
    if api.short(node) in _PARSERS or (node.op == "call" and node.name == "json.load"):
        return True
    return node.op == "elem" and node.args[0].op == "call" and api.short(node.args[0]) == "open"


def _filter(everything: Slice, judge: Judge) -> Value | None:
    """A condition on samples that decides which of them are kept."""
    for node in everything:
        tests = [test for role, test in remembered(node) if role == "filter"]
        for write in node.writes:
            tests += [guard.test for guard in write.where.guards[len(node.where.guards) :]]
        for test in tests:
            if judge.worth([test]):
                return test
    for node in everything:
        if node.op == "index" and _picks(node.args[1]) and judge.worth(node.args[1:]):
            return node
    return None


_PICKS: Final = frozenset({"argmax", "argsort", "nonzero", "flatnonzero", "where", "topk", "argpartition"})


def _picks(key: Value) -> bool:
    """Whether an index was computed by comparing amounts."""
    near = Slice([key], SMOOTH | {"discrete", "condition"})
    return any(api.short(n) in _PICKS or n.op == "compare" for n in near)


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
