"""Strings and paths that are known in part: ``*`` stands for what is not."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from posttrace.analysis.routes.static.machine.values import Const, Value, alternatives

if TYPE_CHECKING:
    from posttrace.analysis.routes.static.machine.machine import Machine

UNKNOWN: Final = "*"


def known(value: Value) -> str | None:
    """The text of a value with ``*`` for unknown parts, or null when nothing of it is text."""
    choices = alternatives(value) if not isinstance(value, Const) else [value]
    texts = {str(c.value) for c in choices if isinstance(c, Const) and isinstance(c.value, str | int | float)}
    return texts.pop() if len(texts) == 1 and len(choices) == 1 else None


def make(m: Machine, content: str, parts: Sequence[Value]) -> Const:
    """A string made of ``parts``."""
    content = re.sub(r"\*+", "*", content)
    pattern = any(known(part) is None or _patterned(part) for part in parts)
    return Const("const", list(parts), m.where(), value=content, pattern=pattern)


def _patterned(part: Value) -> bool:
    return any(isinstance(choice, Const) and choice.pattern for choice in alternatives(part))


def joined(m: Machine, parts: Sequence[Value]) -> Const:
    """An f-string."""
    return make(m, "".join(_piece(part) for part in parts), parts)


def _piece(part: Value) -> str:
    found = known(part)
    return UNKNOWN if found is None else found


def path(m: Machine, parts: Sequence[Value]) -> Value:
    """Parts of a path, joined."""
    pieces = [_piece(part) for part in parts]
    return make(m, posixpath.join(*pieces) if pieces else "", parts)


def concatenated(m: Machine, left: Value, right: Value) -> Value | None:
    """``left + right`` if one of them is text."""
    if any(isinstance(side, Const) and isinstance(side.value, str) for side in (left, right)):
        return joined(m, [left, right])
    return None


def filled(m: Machine, template: str, parts: Sequence[Value], fields: dict[str, Value]) -> Value:
    """``str.format``."""
    position = iter(parts)

    def fill(match: re.Match[str]) -> str:
        name = match.group(1)
        if name in fields:
            return _piece(fields[name])
        part = parts[int(name)] if name.isdigit() and int(name) < len(parts) else next(position, None)
        return UNKNOWN if part is None else _piece(part)

    content = re.sub(r"\{([^{}:!]*)(?:[:!][^{}]*)?\}", fill, template)
    return make(m, content, [*parts, *fields.values()])


def _parent(content: str) -> str:
    return posixpath.dirname(content.rstrip("/")) or "."


_PATH_ATTRIBUTES: Final[dict[str, Callable[[str], str]]] = {
    "parent": _parent,
    "name": posixpath.basename,
    "stem": lambda p: posixpath.splitext(posixpath.basename(p))[0],
    "suffix": lambda p: posixpath.splitext(p)[1],
}


def attribute(m: Machine, base: Value, name: str) -> Value | None:
    """An attribute of a path; null when it is none of a known text."""
    content = known(base) if name in _PATH_ATTRIBUTES else None
    return None if content is None else make(m, _PATH_ATTRIBUTES[name](content), [base])


def item(m: Machine, base: Value, key: Value) -> Value | None:
    """``path.parents[0]`` and its like."""
    if base.op == "attr" and base.name == "parents" and isinstance(key, Const):
        content = known(base.args[0])
        if content is not None and isinstance(key.value, int):
            for _ in range(key.value + 1):
                content = _parent(content)
            return make(m, content, [base.args[0]])
    return None


_SAME: Final = frozenset(
    {
        "resolve",
        "absolute",
        "expanduser",
        "as_posix",
        "strip",
        "rstrip",
        "lstrip",
        "encode",
        "__str__",
        "decode",
    }
)
_CHANGED: Final = {"lower": str.lower, "upper": str.upper}
"""Case of a string; of the methods below only those that are common on paths and modes."""


def method(
    m: Machine, base: Value, name: str, args: Sequence[Value], fields: dict[str, Value]
) -> Value | None:
    """A method of a string or path; null when it is none that gives text."""
    content = known(base)
    if content is None or not any(
        isinstance(c.value, str) for c in alternatives(base) if isinstance(c, Const)
    ):
        return None
    if name in _SAME:
        trims = name.endswith("strip") and len(args) == 1
        chars = known(args[0]) if trims else None
        return make(m, getattr(content, name)(chars), [base]) if trims else base
    if name in _CHANGED:
        return make(m, _CHANGED[name](content), [base])
    if name == "joinpath":
        return path(m, [base, *args])
    if name == "format":
        return filled(m, content, args, fields)
    if name in (
        "with_name",
        "with_suffix",
        "replace",
        "removesuffix",
        "removeprefix",
        "split",
        "startswith",
        "endswith",
    ):
        return _derived(m, base, content, name, args)
    return None


def _derived(m: Machine, base: Value, content: str, name: str, args: Sequence[Value]) -> Value | None:
    given: list[Any] = [known(arg) for arg in args]
    if not all(isinstance(arg, str) for arg in given) or (
        _patterned(base) and name in ("startswith", "endswith")
    ):
        return None
    if name == "with_name" and given:
        return make(m, posixpath.join(posixpath.dirname(content), given[0]), [base, *args])
    if name == "with_suffix" and given:
        return make(m, posixpath.splitext(content)[0] + given[0], [base, *args])
    if name == "split":
        return m.items([m.const(part) for part in content.split(*given[:1])])
    takes = {"replace": 2}.get(name, 1)
    result = getattr(content, name)(*given) if len(given) >= takes and hasattr(content, name) else None
    if isinstance(result, bool):
        return m.const(result)
    return make(m, result, [base, *args]) if isinstance(result, str) else None
