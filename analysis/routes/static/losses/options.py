"""What a library trainer is told: the arguments of its call, and those of the configuration it is given."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from posttrace.analysis.routes.frameworks import Entry, Settings
from posttrace.analysis.routes.static.graph import SMOOTH, Slice
from posttrace.analysis.routes.static.machine import text
from posttrace.analysis.routes.static.machine.values import (
    Class,
    Const,
    Function,
    Instance,
    Items,
    Partial,
    Table,
    Value,
    alternatives,
)

if TYPE_CHECKING:
    from posttrace.analysis.routes.static.machine.machine import Machine

_CONFIGURES: Final = ("config", "configuration", "arguments", "args", "settings")
_MAYBE: Final = ("get_peft_config", "get_quantization_config", "get_kbit_device_map")
"""Functions that give a configuration or null, by settings that are not in the source."""
_BESIDE: Final = frozenset(
    {"peft_config", "model", "tokenizer", "processing_class", "train_dataset", "callbacks"}
)
_READERS: Final = sys.stdlib_module_names | {"builtins", "yaml", "omegaconf", "hydra", "tomli", "toml"}
"""Packages whose functions give settings that are not in the source."""
_MOST_NAMES: Final = 60


def arguments(machine: Machine, made: Value, entry: Entry) -> dict[str, Value]:
    """Arguments by name of the call that made a trainer, those that a subclass passes on included."""
    positional = made.args
    if isinstance(made, Instance):
        positional = made.args[: len(made.args) - len(made.keywords)]
    found = dict(zip(entry.positional, positional, strict=False))
    for name, value in made.keywords.items():
        if name == "**":
            tables = [choice for choice in alternatives(value) if isinstance(choice, Table)]
            found.update({str(k): v for table in tables for k, v in table.entries.items()})
        else:
            found[name] = value
    if isinstance(made, Instance):
        for call in machine.calls:
            if call.name == "__init__" and call.op == "method" and _on(call, made):
                found = {**dict(zip(entry.positional, call.args[1:], strict=False)), **call.keywords, **found}
    return found


def started_with(call: Value, entry: Entry) -> dict[str, Value]:
    """Arguments by name of the call that starts a training."""
    if call.op != "method":
        return {}
    return {**dict(zip(entry.started_with, call.args[1:], strict=False)), **call.keywords}


def _on(call: Value, made: Instance) -> bool:
    receiver = call.args[0]
    return isinstance(receiver, Partial) and receiver.op == "super" and made in receiver.args


def settings(given: dict[str, Value]) -> Settings:
    """Arguments, and the fields of the configurations among them, as the tables of frameworks read them."""
    found: dict[str, tuple[str, ...] | None] = {}
    for name, value in fields(given):
        if name in given:
            found[name] = described(value)
        else:
            _add(found, name, described(value))
    return found


def fields(given: dict[str, Value]) -> Iterable[tuple[str, Value]]:
    """Arguments by name, then the fields of the configurations among them."""
    yield from given.items()
    for name, value in given.items():
        if name not in _BESIDE:
            for key, inner in _fields(name, value):
                yield f"{name}.{key}", inner
                if key not in given:
                    yield key, inner


def _add(found: dict[str, tuple[str, ...] | None], name: str, values: tuple[str, ...] | None) -> None:
    if name in found:
        old = found[name]
        values = None if old is None or values is None else tuple(dict.fromkeys((*old, *values)))
    found[name] = values


def _fields(name: str, value: Value, prefix: str = "", depth: int = 3) -> Iterable[tuple[str, Value]]:
    """Fields of a configuration object or dictionary, nested ones with dots."""
    for choice in alternatives(value, 4):
        inner: dict[str, Value] = {}
        if isinstance(choice, Table):
            inner = {str(key): entry for key, entry in choice.entries.items()}
        elif isinstance(choice, Instance):
            inner = {**choice.keywords, **choice.attributes}
        elif choice.op in ("call", "method", "apply") and _configures(name, choice):
            inner = dict(choice.keywords)
        for write in choice.writes:
            key = text.known(write.index) if write.index is not None else None
            if key is not None:
                inner[key] = write.value
        for key, entry in inner.items():
            if depth:
                yield from _fields(key, entry, f"{prefix}{key}.", depth - 1)
            yield prefix + key, entry


def _configures(name: str, value: Value) -> bool:
    made_by = value.name.rsplit(".", 1)[-1].lower()
    return name.lower().endswith(_CONFIGURES) or made_by.endswith((*_CONFIGURES, "default_config"))


def described(value: Value) -> tuple[str, ...] | None:
    """A value as text: constants as they are, other values by the names of what made them; null: unknown."""
    texts: list[str] = []
    for choice in alternatives(value):
        if isinstance(choice, Const):
            if choice.pattern:
                return None
            texts.append(str(choice.value))
        elif isinstance(choice, Items) and choice.exact and not choice.writes:
            texts.append(",".join(part[0] if (part := described(e)) else "*" for e in choice.args))
        elif isinstance(choice, Function | Class | Items | Table):
            texts.append(f"<{choice.op} {choice.name}>")
        elif choice.op == "external":
            texts.append(choice.name)
        elif choice.op in ("call", "method", "apply", "index", "elem", "attr", "instance"):
            made_by = _makers(choice)
            first = made_by.split(" ")[0]
            if not first or first.split(".")[0] in _READERS or first.endswith(_MAYBE):
                return None
            texts.append(made_by)
        else:
            return None
    return tuple(dict.fromkeys(texts)) or None


def _makers(value: Value) -> str:
    """Names of the calls and classes that a value came from, nearest first."""
    nodes = [*Slice([value], SMOOTH)][:_MOST_NAMES]
    classes = [base.name for n in nodes if isinstance(n, Instance) and n.cls for base in n.cls.bases]
    names = [n.name for n in nodes if n.name and n.op in ("call", "method", "external", "instance")]
    return " ".join(dict.fromkeys([*names, *classes]))
