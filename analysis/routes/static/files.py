"""Data files that a command writes, and reads again: what was written is what is read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from posttrace.analysis.routes.static import api
from posttrace.analysis.routes.static.graph import EVERYTHING, Slice
from posttrace.analysis.routes.static.losses import sampling
from posttrace.analysis.routes.static.machine import text
from posttrace.analysis.routes.static.machine.values import Value, Write
from posttrace.analysis.routes.static.origins import origins

if TYPE_CHECKING:
    from posttrace.analysis.routes.static.machine.machine import Machine

_PATH_LAST = frozenset({"numpy.save", "numpy.savez", "numpy.savetxt", "numpy.savez_compressed"})
_TO_FRAME = frozenset({"to_json", "to_csv", "to_parquet", "save_to_disk"})


@dataclass(frozen=True)
class Written:
    """Content that goes to a file."""

    path: str
    content: Value
    call: Value


def written(machine: Machine) -> Iterable[Written]:
    """Everything that is written to a file of a known path, in order."""
    for call in machine.calls:
        if call.op == "method" and call.name in ("write_text", "write_bytes") and len(call.args) > 1:
            yield from _at(call.args[0], call.args[1], call)
        elif call.op == "method" and call.name in ("write", "writelines") and len(call.args) > 1:
            yield from _opened(call.args[0], call.args[1], call)
        elif call.op == "call" and call.name in ("json.dump", "pickle.dump") and len(call.args) > 1:
            yield from _opened(call.args[1], call.args[0], call)
        elif call.op == "method" and call.name in _TO_FRAME and len(call.args) > 1:
            yield from _at(call.args[1], call.args[0], call)
        elif call.op == "call" and call.name in _PATH_LAST and len(call.args) > 1:
            yield from _at(call.args[0], call.args[1], call)


def _at(path: Value, content: Value, call: Value) -> Iterable[Written]:
    known = text.known(path)
    if known is not None:
        yield Written(known, content, call)


def _opened(file: Value, content: Value, call: Value) -> Iterable[Written]:
    for node in origins(file):
        if api.short(node) == "open" and node.args:
            yield from _at(node.args[0], content, call)


_SENDS = frozenset({"requests.post", "requests.put", "httpx.post", "httpx.put"})
_ASKS = frozenset({"requests.get", "httpx.get"})


def link(machine: Machine) -> None:
    """Let every read of a file, or of a server, lead to what the same command wrote to it."""
    sent = [call for call in machine.calls if call.name in _SENDS]
    for call in machine.calls:
        if call.name in _ASKS:
            for other in sent:
                given = [*other.args[1:], *other.keywords.values()]
                call.writes += [Write(None, value, call.where) for value in given]
    contents = list(written(machine))
    for call in machine.calls:
        for path in sampling.read_paths(call):
            for entry in contents:
                if entry.path == path and entry.call is not call:
                    call.writes.append(Write(None, entry.content, entry.call.where))


def drawn(machine: Machine) -> list[tuple[Written, Value]]:
    """Files whose content was drawn from a model, with the node that drew it; each path once."""
    found: dict[str, tuple[Written, Value]] = {}
    for entry in written(machine):
        draws = sampling.by_any_model(Slice([entry.content], EVERYTHING))
        if draws and entry.path not in found:
            found[entry.path] = (entry, draws[0])
    return list(found.values())
