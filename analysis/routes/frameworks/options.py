"""Options of a command line, and the configuration files that it names, as settings."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from posixpath import join
from typing import Any, Final

from posttrace.analysis.routes.frameworks.settings import Settings

Configs = Callable[[str], Mapping[str, Any] | None]
"""Path of a YAML, TOML or JSON file of the workspace -> its content, null when it is not there."""

_MERGED: Final = (".yaml", ".yml", ".json", ".toml")
_ASSIGNED: Final = re.compile(r"^[+~]{0,2}([A-Za-z_][\w./@-]*)=(.*)$", re.DOTALL)
_NAMES_FILE: Final = frozenset({"config", "config_file", "cfg", "config_path", "yaml", "c", "recipe", "args"})
"""Options that name a configuration file; other options that name a file name data."""
UNKNOWN: Final = "*"


@dataclass
class _Line:
    """What the words of a command line give."""

    given: dict[str, tuple[str, ...] | None] = field(default_factory=dict)
    places: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    open: bool = False
    """Whether some words are not known."""


def settings(words: Sequence[str], configs: Configs) -> Settings:
    """Options over the configuration files that they name, places by number, and the ``line`` as a whole."""
    line = _parsed(words)
    found: dict[str, tuple[str, ...] | None] = {UNKNOWN: None} if line.open else {}
    for path in (*line.files, *(place for place in line.places if place.endswith(_MERGED))):
        content = configs(path)
        found.update(flattened(content) if content is not None else {UNKNOWN: None})
    found.update(_composed(line, configs))
    found.update({str(i): _text(word) for i, word in enumerate(line.places, 1)})
    return {**found, "line": (" ".join(words),), **line.given}


def _parsed(words: Sequence[str]) -> _Line:
    line = _Line()
    at = 0
    while at < len(words):
        word = words[at]
        at += 1
        assigned = _ASSIGNED.match(word.lstrip("-") if word.startswith("--") else word)
        taken: list[str] = []
        if assigned:
            key, taken = _key(assigned.group(1)), [assigned.group(2)]
        elif word.startswith("-") and len(word) > 1:
            key = _key(word)
            while at < len(words) and not _option(words[at]):
                taken.append(words[at])
                at += 1
        else:
            line.places.append(word)
            line.open |= word == UNKNOWN
            continue
        line.given[key] = _text(",".join(taken)) if taken else ("true",)
        line.open |= len(taken) > 1 and UNKNOWN in taken
        if key in _NAMES_FILE or "@" in taken:
            line.files += [path for path in taken if path.endswith(_MERGED)]
    return line


def _option(word: str) -> bool:
    return (word.startswith("-") and not re.fullmatch(r"-[0-9.].*", word)) or bool(_ASSIGNED.match(word))


def _key(word: str) -> str:
    return word.lstrip("-").replace("-", "_").replace("/", ".")


def _text(value: str) -> tuple[str, ...] | None:
    value = value.strip().strip("'\"")
    return None if value == UNKNOWN else (_scalar(value),)


def _scalar(value: object) -> str:
    """A value as text; the elements of a list are joined by commas."""
    if isinstance(value, list | tuple):
        return ",".join(_scalar(inner) for inner in value)
    return str(value)


def _composed(line: _Line, configs: Configs) -> Settings:
    """The file that Hydra's options name; where only its name is given it may be the framework's own."""
    names, folders = (
        line.given.get("config_name"),
        line.given.get("config_path") or line.given.get("config_dir"),
    )
    if not names:
        return {}
    name = names[0] if names[0].endswith(_MERGED) else names[0] + ".yaml"
    content = configs(join(folders[0], name) if folders else name)
    if content is not None:
        return flattened(content)
    return {UNKNOWN: None} if folders else {}


def flattened(content: Mapping[str, Any], prefix: str = "") -> dict[str, tuple[str, ...] | None]:
    """A nested configuration with dots between the keys; what a key stands above is ``<table>``."""
    found: dict[str, tuple[str, ...] | None] = {}
    for key, value in content.items():
        name = prefix + str(key).replace("-", "_")
        if isinstance(value, Mapping):
            found[name] = ("<table>",)
            found.update(flattened(value, name + "."))
            continue
        found[name] = (_scalar(value),)
        for inner in value if isinstance(value, list) else ():
            if isinstance(inner, Mapping):
                for deeper, values in flattened(inner, name + ".").items():
                    found[deeper] = tuple(dict.fromkeys((*(found.get(deeper) or ()), *(values or ()))))
    return found
