"""Settings that name the classes and functions of a program by dotted names: torchtune's, Hydra's."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from posttrace.analysis.routes.static.entries import configs, configuration
from posttrace.analysis.routes.static.machine import text
from posttrace.analysis.routes.static.machine.values import Table, Value, alternatives

if TYPE_CHECKING:
    from posttrace.analysis.routes.static.machine.machine import Machine

_NAMES: Final = ("_component_", "_target_")
PARSE: Final = "torchtune.config.parse"
"""Decorator of the functions that are given the settings of a recipe."""


def settings(m: Machine) -> Value | None:
    """The settings of the recipe that runs: those that it is started with, or those that are made for it."""
    words = list(m.argv[1:])
    named = [words[at + 1] for at, word in enumerate(words[:-1]) if word == "--config"]
    recipe = posixpath.splitext(posixpath.basename(m.argv[0] if m.argv else ""))[0]
    for path in named or _made_for(m, recipe):
        content = configs.content(m.workspace, path, m.cwd, m.path)
        found = m.workspace.find(path, m.cwd, m.path) or ""
        table = configuration.known(m, content, found) if content else None
        if table is not None:
            return configuration.overridden(m, table, words)
    return None


def _made_for(m: Machine, recipe: str) -> list[str]:
    """The first file of settings that says of itself that this recipe is run with it."""
    said = re.compile(rb"tune run [^\n]*\b" + re.escape(recipe.encode()) + rb"\s+--config\b")
    for path in sorted(m.workspace.files) if recipe else ():
        if path.endswith((".yaml", ".yml")) and said.search(m.workspace.files[path]):
            return [path]
    return []


def _instantiate(m: Machine, args: list[Value], keywords: dict[str, Value]) -> Value | None:
    for choice in alternatives(args[0], 2) if args else ():
        if not isinstance(choice, Table):
            continue
        named = next((choice.entries[name] for name in _NAMES if name in choice.entries), None)
        dotted = text.known(named) if named is not None else None
        if dotted is not None and "." in dotted and "*" not in dotted:
            given = {key: value for key, value in choice.entries.items() if key not in _NAMES}
            made = m.library_call("call", dotted, args[1:], {**given, **keywords})
            if named is not None:
                made.where = named.where if named.where.path != m.path else made.where
            return made
    return None


Handler = Callable[[Any, list[Value], dict[str, Value]], Value | None]
HANDLERS: Final[Mapping[str, Handler]] = dict.fromkeys(
    ["torchtune.config.instantiate", "hydra.utils.instantiate", "hydra.utils.call"], _instantiate
)
"""By dotted name; null where nothing is known of the settings."""
