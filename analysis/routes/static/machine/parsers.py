"""Command lines that are read into dataclasses: HfArgumentParser, TrlParser, tyro, draccus, fire, ..."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from posttrace.analysis.routes.static.entries import configs, configuration
from posttrace.analysis.routes.static.machine import attributes, objects, text
from posttrace.analysis.routes.static.machine.values import (
    Class,
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

Args = list[Value]
Keywords = dict[str, Value]
_PARSERS: Final = ("HfArgumentParser", "TrlParser", "H4ArgumentParser")
_INTO: Final = frozenset({"parse_args_into_dataclasses", "parse_args_and_config", "parse"})
_FILES: Final = frozenset({"parse_json_file", "parse_yaml_file"})
_CONFIG: Final = frozenset({"config", "config_file", "config_path", "yaml"})


def method(m: Machine, base: Value, name: str, args: Args, keywords: Keywords) -> Value | None:
    """A method of a parser of dataclasses; null when ``base`` is none."""
    if name not in _INTO | _FILES:
        return None
    for choice in alternatives(base, 2):
        named = [choice.name]
        if isinstance(choice, Instance) and choice.cls is not None:
            named = attributes.foreign_bases(choice.cls)
        if any(one.endswith(_PARSERS) for one in named) and choice.op in ("call", "instance"):
            given = (
                {**_told(m, args, name), **_options(m.argv[1:])} if name in _INTO else _told(m, args, name)
            )
            return _instances(m, choice, given)
    return None


def _told(m: Machine, args: Args, name: str) -> dict[str, Any]:
    """Settings of the file that is named: by an argument of the method, or by the command line."""
    path = text.known(args[0]) if args and name in _FILES else None
    if path is None:
        options = _options(m.argv[1:])
        path = next((str(value) for key, value in options.items() if key in _CONFIG), None)
        words = [word for word in m.argv[1:2] if word.endswith(configs.SUFFIXES)]
        path = path or next(iter(words), None)
    content = configs.content(m.workspace, path, m.cwd, m.path) if path else None
    if content is None or path is None:
        return {}
    table = configuration.known(m, content, m.workspace.find(path, m.cwd, m.path) or "")
    return dict(table.entries) if table is not None else {}


def _options(words: Sequence[str]) -> dict[str, Any]:
    """Options of a command line by name: text, true for a bare flag, a list where several words follow."""
    found: dict[str, Any] = {}
    name = ""
    for word in words:
        if word.startswith("--") or (word.startswith("-") and word[1:2].isalpha()):
            flag, equals, value = word.lstrip("-").partition("=")
            name = flag.replace("-", "_")
            found[name] = value if equals else True
            name = "" if equals else name
        elif name:
            found[name] = word if found[name] is True else f"{found[name]} {word}"
    return found


def _instances(m: Machine, parser: Value, given: Mapping[str, Any]) -> Value:
    types = parser.args[0] if parser.args else parser.keywords.get("dataclass_types")
    several = objects.known_elements(types) if types is not None else None
    made = [
        _instance(m, one, given) for one in (several if several is not None else [types]) if one is not None
    ]
    return m.items(made, "tuple")


def _instance(m: Machine, kind: Value, given: Mapping[str, Any]) -> Value:
    """A dataclass filled with the settings it has fields for; one of a library is given all of them."""
    for choice in alternatives(kind, 2):
        if isinstance(choice, Class):
            foreign = attributes.foreign_bases(choice)
            names = {name for at in attributes.lineage(choice) for name, _ in at.fields}
            fitting = {k: v for k, v in given.items() if k in names or foreign}
            return m.call(choice, [], {**_open(m, choice), **{k: _value(m, v) for k, v in fitting.items()}})
        if choice.op == "external":
            return m.call(choice, [], {k: _value(m, v) for k, v in given.items()})
    return m.value("unknown", [kind])


def _open(m: Machine, kind: Class) -> dict[str, Value]:
    """Fields that must be given, or are unset, of source alone: nobody knows what a run gives them."""
    if not m.workspace.lenient:
        return {}
    found: dict[str, Value] = {}
    for at in reversed(attributes.lineage(kind)):
        for name, default in at.fields:
            value = default
            if default is not None and default.op == "call":
                value = default.keywords.get("default")
                if value is None and "default_factory" in default.keywords:
                    continue
            if value is None:
                found[name] = m.value("unknown", name=name)
            elif objects.constant(value) is None:
                found[name] = m.phi([value, m.value("unknown", name=name)])
            else:
                found.pop(name, None)
    return found


def _value(m: Machine, value: Any) -> Value:
    if isinstance(value, Value):
        return value
    return m.const(True) if value is True else configuration.scalar(m, str(value))


# -- one class or function ---------------------------------------------------------------------------------


def filled(m: Machine, target: Value, words: Sequence[str] | None = None) -> Value | None:
    """Result of a class or function called with what a command line says; null when it cannot be called."""
    given = _options(m.argv[1:] if words is None else words)
    for choice in alternatives(target, 2):
        if isinstance(choice, Class):
            names = {name for at in attributes.lineage(choice) for name, _ in at.fields}
            return m.call(choice, [], {k: _value(m, v) for k, v in given.items() if k in names})
        if isinstance(choice, Function):
            a = choice.node.args
            names = {arg.arg for arg in (*a.posonlyargs, *a.args, *a.kwonlyargs)}
            return m.call(choice, [], {k: _value(m, v) for k, v in given.items() if k in names})
        if isinstance(choice, Partial | Instance):
            return m.call(choice, [], {})
    return None


def _entry(m: Machine, args: Args, keywords: Keywords) -> Value | None:
    target = args[0] if args else keywords.get("config_class") or keywords.get("component")
    if target is None:
        return None
    for choice in alternatives(target, 2):
        if isinstance(choice, Table):  # several commands by name
            return _command(m, choice)
        if isinstance(choice, Items):
            return m.phi([v for e in choice.args if (v := filled(m, e)) is not None] or [m.const(None)])
    return filled(m, target)


def _command(m: Machine, commands: Table) -> Value | None:
    words = [word for word in m.argv[1:] if not word.startswith("-")]
    chosen = commands.entries.get(words[0]) if words else None
    if chosen is not None:
        return filled(m, chosen)
    made = [v for e in commands.entries.values() if (v := filled(m, e)) is not None]
    return m.phi(made) if made else None


HANDLERS: Final[Mapping[str, Callable[[Any, Args, Keywords], Value | None]]] = dict.fromkeys(
    [
        "fire.Fire",
        "typer.run",
        "tyro.cli",
        "tyro.extras.subcommand_cli_from_dict",
        "jsonargparse.CLI",
        "jsonargparse.auto_cli",
        "defopt.run",
        "plac.call",
        "absl.app.run",
        "simple_parsing.parse",
        "draccus.parse",
        "pyrallis.parse",
        "chz.entrypoint",
        "chz.nested_entrypoint",
        "clize.run",
        "cyclopts.run",
        "hydra_zen.launch",
        "argh.dispatch_command",
    ],
    _entry,
)
