"""Configuration files: YAML, TOML and JSON as mappings, values that are references filled in."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import yaml

from posttrace.analysis.routes.static.entries.workspace import Workspace

SUFFIXES: Final = (".yaml", ".yml", ".json", ".toml")
LARGEST_BYTES: Final = 400_000
_REFERENCE: Final = re.compile(r"\$\{([^${}]+)\}")
_DEEPEST: Final = 6
_MOST_VALUES: Final = 20_000


def content(workspace: Workspace, path: str, cwd: str = "", beside: str = "") -> Mapping[str, Any] | None:
    """A configuration file of the workspace as a mapping; null when it is not there, or is none."""
    found = workspace.find(path, cwd, beside)
    if found is None or not found.endswith(SUFFIXES):
        return None
    workspace.read.add(found)
    return parsed(workspace.files[found], found)


@lru_cache(maxsize=256)
def parsed(data: bytes, path: str, fill: bool = True) -> Mapping[str, Any] | None:
    """Content of a file, by the end of its name; null when it does not parse or is no mapping.

    ``fill``: references between its values are filled in.
    """
    if len(data) > LARGEST_BYTES:
        return None
    try:
        text = data.decode("utf-8-sig", "replace")
        if path.endswith(".json"):
            made = json.loads(text)
        elif path.endswith(".toml"):
            made = tomllib.loads(text)
        else:
            made = yaml.load(text, Loader=_Loader)
    except (ValueError, yaml.YAMLError, RecursionError, TypeError, AttributeError):
        return None
    if not isinstance(made, dict) or not _bounded(made):
        return None
    return filled(made) if fill else made


def filled(content: Mapping[str, Any]) -> Mapping[str, Any]:
    """With ``${other.key}``, ``${oc.env:NAME,default}`` and ``${NAME:-default}`` filled in."""
    try:
        made: Mapping[str, Any] = _filled(content, content, 0)
    except RecursionError:
        return content
    return made


def _bounded(made: Any) -> bool:
    """Whether a value, each alias in it counted as often as it is used, is no larger than settings are."""
    pending, count = [made], 0
    while pending and count < _MOST_VALUES:
        value = pending.pop()
        count += 1
        if isinstance(value, dict):
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)
    return not pending


class _Loader(yaml.SafeLoader):
    """Safe YAML; tags of applications are read as what they stand before, nothing is constructed."""


def _plain(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_scalar(node) if isinstance(node, yaml.ScalarNode) else None


_Loader.add_multi_constructor("!", _plain)
_Loader.add_multi_constructor("tag:yaml.org,2002:python/", _plain)


def _filled(value: Any, root: Mapping[str, Any], depth: int) -> Any:
    if isinstance(value, dict):
        return {str(key): _filled(inner, root, depth) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, root, depth) for inner in value]
    if not isinstance(value, str) or "${" not in value or depth > _DEEPEST:
        return value
    whole = _REFERENCE.fullmatch(value)
    if whole is not None:
        return _filled(_referred(whole.group(1), root), root, depth + 1)
    return _REFERENCE.sub(lambda match: str(_filled(_referred(match.group(1), root), root, depth + 1)), value)


def _referred(name: str, root: Mapping[str, Any]) -> Any:
    environment = re.match(r"^(?:oc\.)?env:([^,]+)(?:,(.*))?$", name) or re.match(r"^(\w+):?-(.*)$", name)
    if environment is not None:
        return environment.group(2).strip("'\" ") if environment.group(2) is not None else "*"
    at: Any = root
    for part in name.strip(".").split("."):
        if not isinstance(at, Mapping) or part not in at:
            return "*"
        at = at[part]
    return at
