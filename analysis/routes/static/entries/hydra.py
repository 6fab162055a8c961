"""The configuration that Hydra composes: a primary file, its defaults, and words of the command line."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from posttrace.analysis.routes.static.entries import configs, configuration
from posttrace.analysis.routes.static.machine import text
from posttrace.analysis.routes.static.machine.values import Value

if TYPE_CHECKING:
    from posttrace.analysis.routes.static.entries.workspace import Workspace
    from posttrace.analysis.routes.static.machine.machine import Machine

_ASSIGNED: Final = re.compile(r"^(\+{0,2}|~)([\w./@-]+)=(.*)$", re.DOTALL)
_DEEPEST: Final = 8
_SUFFIXES: Final = (".yaml", ".yml")


@dataclass
class Composition:
    """One composition: ``chosen`` are the options of groups that the command line names."""

    workspace: Workspace
    folder: str
    chosen: Mapping[str, str]
    values: Sequence[str]
    content: dict[str, Any] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)


def main(m: Machine, decorator: Value) -> Value | None:
    """What ``@hydra.main(config_path, config_name)`` hands to the function; null when no file is found."""
    given = dict(zip(("config_path", "config_name"), decorator.args, strict=False)) | decorator.keywords
    folder, name = (
        text.known(given[key]) if key in given else None for key in ("config_path", "config_name")
    )
    words = list(m.argv[1:])
    for flag, short in (("--config-path", "-cp"), ("--config-name", "-cn"), ("--config-dir", "-cd")):
        told = _option(words, flag, short)
        folder = told if told and flag != "--config-name" else folder
        name = told if told and flag == "--config-name" else name
    base = posixpath.normpath(posixpath.join(posixpath.dirname(decorator.where.path), folder or ""))
    return composed(m, "" if base == "." else base, name or "config", words)


def composed(m: Machine, folder: str, name: str, words: Sequence[str]) -> Value | None:
    """The composition of a primary file, as a value."""
    made = Composition(m.workspace, folder, *_split(m.workspace, folder, words))
    if not _add(made, name.removesuffix(".yaml"), "", 0):
        return None
    content = configs.filled(made.content)
    value = configuration.known(m, content, made.files[0])
    return configuration.overridden(m, value, made.values) if value is not None else None


def _option(words: list[str], flag: str, short: str) -> str | None:
    for at, word in enumerate(words):
        if word.startswith(flag + "="):
            return word.partition("=")[2]
        if word in (flag, short) and at + 1 < len(words):
            return words[at + 1]
    return None


def _split(workspace: Workspace, folder: str, words: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Words that choose an option of a group, and those that set a value."""
    groups: dict[str, str] = {}
    values: list[str] = []
    for word in words:
        match = _ASSIGNED.match(word)
        group = match.group(2).split("@")[0] if match else ""
        if match and posixpath.join(folder, group) in workspace.folders:
            groups[group] = match.group(3)
        elif match:
            values.append(word)
    return groups, values


def _add(made: Composition, name: str, package: str, depth: int) -> bool:
    """Lay a file and its defaults over what there is; false when it is not there."""
    path = next(
        (p for s in _SUFFIXES if (p := posixpath.join(made.folder, name + s)) in made.workspace.files), None
    )
    if path is None or depth > _DEEPEST:
        return False
    data = made.workspace.files[path]
    content = configs.parsed(data, path, fill=False)
    made.workspace.read.add(path)
    made.files.append(path)
    own = {key: value for key, value in (content or {}).items() if key != "defaults"}
    if re.search(rb"^#\s*@package\s+_global_", data, re.MULTILINE):
        package = ""
    defaults = (content or {}).get("defaults")
    pending = list(defaults) if isinstance(defaults, list) else []
    if "_self_" not in pending:
        pending.append("_self_")
    for entry in pending:
        if entry == "_self_":
            _lay(made.content, _below(own, package))
        else:
            _default(made, entry, name, depth)
    if depth == 0:
        for group, option in made.chosen.items():
            if not any(_group(entry) == group for entry in pending):
                _add(made, posixpath.join(group, option), group.replace("/", "."), depth + 1)
    return True


def _group(entry: Any) -> str:
    key = next(iter(entry), "") if isinstance(entry, Mapping) else ""
    return re.sub(r"^(override|optional)\s+", "", str(key)).lstrip("/").split("@")[0]


def _default(made: Composition, entry: Any, name: str, depth: int) -> None:
    beside = posixpath.dirname(name)
    if isinstance(entry, str):
        target = entry.lstrip("/") if entry.startswith("/") else posixpath.join(beside, entry)
        _add(made, target.split("@")[0], beside.replace("/", "."), depth + 1)
        return
    if not isinstance(entry, Mapping) or not entry:
        return
    key = str(next(iter(entry)))
    group, _, package = re.sub(r"^(override|optional)\s+", "", key).partition("@")
    group = group.lstrip("/") if key.startswith(("/", "override /")) else posixpath.join(beside, group)
    option: Any = made.chosen.get(group, entry[next(iter(entry))])
    for one in option if isinstance(option, list) else [option]:
        if one not in (None, "null"):
            package = "" if package == "_global_" else package or group.replace("/", ".")
            _add(made, posixpath.join(group, str(one)), package, depth + 1)


def _below(content: Mapping[str, Any], package: str) -> dict[str, Any]:
    made = dict(content)
    for part in reversed([part for part in package.split(".") if part]):
        made = {part: made}
    return made


def _lay(under: dict[str, Any], over: Mapping[str, Any]) -> None:
    for key, value in over.items():
        old = under.get(key)
        if isinstance(old, dict) and isinstance(value, Mapping):
            _lay(old, value)
        else:
            under[key] = dict(value) if isinstance(value, Mapping) else value
