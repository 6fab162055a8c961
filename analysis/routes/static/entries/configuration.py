"""Settings that a program reads from files of the workspace, as values that stand on a line of the file."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from posttrace.analysis.routes.static import api
from posttrace.analysis.routes.static.entries import configs
from posttrace.analysis.routes.static.machine import text
from posttrace.analysis.routes.static.machine.values import Class, Const, Table, Value, alternatives

if TYPE_CHECKING:
    from posttrace.analysis.routes.static.machine.machine import Machine

CONFIG: Final = "config"
"""Name of a table whose entries are also its attributes."""
_MOST_LEAVES: Final = 600
_LONGEST: Final = 2000
"""A text above this is data, as is a file with more leaves."""
_OPENED: Final = api.names("open read read_text read_bytes readlines resolve absolute")


def known(m: Machine, content: Mapping[str, Any], path: str) -> Table | None:
    """A mapping as a value; null where it is data rather than settings."""
    leaves = list(_leaves(content))
    if len(leaves) > _MOST_LEAVES or any(isinstance(x, str) and len(x) > _LONGEST for x in leaves):
        return None
    data = m.workspace.files.get(path, b"").decode("utf-8", "replace").split("\n")
    return _table(m, content, path, data, 0)


def _leaves(content: Any) -> list[Any]:
    if isinstance(content, Mapping):
        return [leaf for inner in content.values() for leaf in _leaves(inner)]
    if isinstance(content, list):
        return [leaf for inner in content for leaf in _leaves(inner)]
    return [content]


def _table(m: Machine, content: Mapping[str, Any], path: str, lines: Sequence[str], start: int) -> Table:
    made = Table("table", [], m.where(), name=CONFIG)
    for key, value in content.items():
        line = _line_of(lines, str(key), start)
        made.entries[str(key)] = _value(m, value, path, lines, line)
    return made


def _line_of(lines: Sequence[str], key: str, start: int) -> int:
    """Line of a key, counted from 0: the first from ``start`` on."""
    pattern = re.compile(r"^[\s{,\[-]*[\"']?" + re.escape(key) + r"[\"']?\s*[:=\]]")
    return next((n for n in range(start, len(lines)) if pattern.match(lines[n])), start)


def _value(m: Machine, value: Any, path: str, lines: Sequence[str], line: int) -> Value:
    if isinstance(value, Mapping):
        return _table(m, value, path, lines, line + 1)
    if isinstance(value, list):
        return m.items([_value(m, inner, path, lines, line) for inner in value])
    if value in ("???", "*"):
        return m.value("unknown")
    made = m.const(value, pattern=isinstance(value, str) and "*" in value)
    if path:
        made.where = replace(made.where, path=path, line=line + 1)
    return made


def read(m: Machine, source: Value) -> Table | None:
    """The settings in the file that a path or an open file means; null when it is none of the workspace."""
    path = path_of(source)
    if path is None:
        return None
    found = m.workspace.find(path, m.cwd, m.path)
    content = configs.content(m.workspace, path, m.cwd, m.path)
    return known(m, content, found or "") if content is not None else None


def path_of(source: Value, depth: int = 4) -> str | None:
    """Path of the file that a value is the path, the handle or the text of."""
    for choice in alternatives(source, 4):
        if isinstance(choice, Const) and isinstance(choice.value, str):
            return choice.value if not choice.pattern else None
        if depth and choice.args and api.short(choice) in _OPENED:
            return path_of(choice.args[0], depth - 1)
    return text.known(source)


def merged(m: Machine, parts: Sequence[Value]) -> Value:
    """Settings laid over each other; what is unknown of one leaves the entries of the others."""
    made = Table("table", [], m.where(), name=CONFIG)
    for part in parts:
        for choice in alternatives(part, 2):
            if isinstance(choice, Table):
                _lay(m, made, choice)
    return made if made.entries else (parts[0] if parts else m.value("unknown"))


def _lay(m: Machine, under: Table, over: Table) -> None:
    for key, value in over.entries.items():
        old = under.entries.get(key)
        if isinstance(old, Table) and isinstance(value, Table):
            under.entries[key] = merged(m, [old, value])
        else:
            under.entries[key] = value
    under.rest += over.rest


def overridden(m: Machine, settings: Table, words: Sequence[str]) -> Table:
    """Settings with the words ``a.b=value`` of a command line laid over them."""
    made = settings
    for word in words:
        match = re.match(r"^[+~-]{0,2}([A-Za-z_][\w./@-]*)=(.*)$", word, re.DOTALL)
        if match:
            made = _with(m, made, match.group(1).replace("/", ".").split("."), match.group(2))
    return made


def _with(m: Machine, settings: Table, keys: Sequence[str], value: str) -> Table:
    made = Table("table", [], settings.where, name=CONFIG, entries=dict(settings.entries))
    if len(keys) == 1:
        made.entries[keys[0]] = scalar(m, value)
        return made
    inner = made.entries.get(keys[0])
    below = inner if isinstance(inner, Table) else Table("table", [], m.where(), name=CONFIG)
    made.entries[keys[0]] = _with(m, below, keys[1:], value)
    return made


def scalar(m: Machine, word: str) -> Value:
    """A word of a command line as YAML reads it."""
    content = configs.parsed(f"value: {word}".encode("utf-8", "replace"), ".yaml")
    value = content["value"] if content is not None and "value" in content else word
    return _value(m, value, "", (), 0)


# -- functions of libraries --------------------------------------------------------------------------------


def _load(m: Machine, args: list[Value], keywords: dict[str, Value]) -> Value | None:
    return read(m, args[0]) if args else None


def _same(m: Machine, args: list[Value], keywords: dict[str, Value]) -> Value | None:
    """A container of settings made of a table, or of keywords."""
    if args and any(isinstance(choice, Table) for choice in alternatives(args[0], 2)):
        return merged(m, [args[0]])
    if args and isinstance(args[0], Class):
        return m.call(args[0], [], {})
    if not args:
        return Table("table", [], m.where(), name=CONFIG, entries=dict(keywords))
    return args[0]


def _merge(m: Machine, args: list[Value], keywords: dict[str, Value]) -> Value | None:
    return merged(m, args) if any(isinstance(c, Table) for a in args for c in alternatives(a, 2)) else None


def _from_cli(m: Machine, args: list[Value], keywords: dict[str, Value]) -> Value | None:
    return overridden(m, Table("table", [], m.where(), name=CONFIG), m.argv[1:])


Handler = Callable[[Any, list[Value], dict[str, Value]], Value | None]
HANDLERS: Final[Mapping[str, Handler]] = {
    **dict.fromkeys(
        [
            "yaml.safe_load",
            "yaml.load",
            "yaml.full_load",
            "yaml.unsafe_load",
            "json.load",
            "json.loads",
            "toml.load",
            "toml.loads",
            "tomllib.load",
            "tomllib.loads",
            "tomli.load",
            "tomli.loads",
            "omegaconf.OmegaConf.load",
            "hydra.utils.instantiate.load",
            "ruamel.yaml.safe_load",
            "ruamel.yaml.load",
            "pyjson5.load",
            "commentjson.load",
        ],
        _load,
    ),
    **dict.fromkeys(
        [
            "omegaconf.OmegaConf.create",
            "omegaconf.OmegaConf.structured",
            "omegaconf.OmegaConf.to_container",
            "omegaconf.OmegaConf.to_object",
            "ml_collections.ConfigDict",
            "ml_collections.config_dict.ConfigDict",
            "easydict.EasyDict",
            "munch.Munch",
            "munch.munchify",
            "box.Box",
            "addict.Dict",
            "omegaconf.DictConfig",
            "argparse.Namespace",
        ],
        _same,
    ),
    **dict.fromkeys(["omegaconf.OmegaConf.merge", "omegaconf.OmegaConf.unsafe_merge"], _merge),
    "omegaconf.OmegaConf.from_cli": _from_cli,
}
"""By dotted name; null where the file is none of the workspace."""
