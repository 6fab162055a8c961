"""Conditions of shell scripts: those whose words are known."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from tree_sitter import Node

from posttrace.analysis.routes.static.entries.shell import syntax
from posttrace.analysis.routes.static.entries.shell.words import UNKNOWN

if TYPE_CHECKING:
    from posttrace.analysis.routes.static.entries.shell.run import Shell

_NUMBERS: Final[dict[str, Callable[[int, int], bool]]] = {
    "-eq": operator.eq,
    "-ne": operator.ne,
    "-lt": operator.lt,
    "-le": operator.le,
    "-gt": operator.gt,
    "-ge": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_PATTERNS: Final = frozenset({"extglob_pattern", "regex", "word"})


def all_hold(shell: Shell, condition: Sequence[Node]) -> bool | None:
    """Outcome of the condition of an ``if``, that of its last command; null when it cannot be decided."""
    return outcome(shell, condition[-1]) if condition else True


def outcome(shell: Shell, node: Node) -> bool | None:
    """Whether a command succeeds, where that can be seen."""
    if node.type == "negated_command":
        inner = outcome(shell, node.named_children[-1])
        return None if inner is None else not inner
    if node.type == "list":
        return _both(shell, node)
    if node.type == "command":
        return _of_command(shell, node)
    arithmetic = syntax.text(node).startswith("((")
    if (node.type == "test_command" or arithmetic) and len(node.named_children) == 1:
        return _expression(shell, node.named_children[0], arithmetic)
    return None


def _both(shell: Shell, node: Node) -> bool | None:
    sides = [outcome(shell, child) for child in (node.named_children[0], node.named_children[-1])]
    return _joined("||" if any(child.type == "||" for child in node.children) else "&&", sides)


def _joined(sign: str, sides: Sequence[bool | None]) -> bool | None:
    decisive = sign in ("||", "-o")
    if decisive in sides:
        return decisive
    return None if None in sides else not decisive


def _of_command(shell: Shell, node: Node) -> bool | None:
    name = syntax.text(node.child_by_field_name("name"))
    if name in ("true", ":", "false"):
        return name != "false"
    if name == "test":
        found = [word for part in node.children_by_field_name("argument") for word in shell.fields(part)]
        if len(found) == 3:
            return _compared(found[0], found[1], found[2])
        if len(found) == 2:
            return _unary(found[0], found[1])
    return None


def _expression(shell: Shell, node: Node, arithmetic: bool) -> bool | None:
    if node.type == "parenthesized_expression" and node.named_children:
        return _expression(shell, node.named_children[0], arithmetic)
    if node.type == "unary_expression" and node.children:
        sign, inner = syntax.text(node.children[0]), node.children[-1]
        if sign == "!":
            held = _expression(shell, inner, arithmetic)
            return None if held is None else not held
        return _unary(sign, shell.text(inner))
    if node.type == "binary_expression":
        return _binary(shell, node, arithmetic)
    if node.type in ("word", "string", "raw_string", "concatenation", "simple_expansion", "expansion"):
        known = shell.text(node)
        return None if UNKNOWN in known else bool(known)
    return None


def _operand(shell: Shell, node: Node) -> str:
    if node.type == "variable_name":  # a bare name, in arithmetic
        known = shell.variables.get(syntax.text(node))
        return known if isinstance(known, str) else UNKNOWN
    return shell.text(node)


def _binary(shell: Shell, node: Node, arithmetic: bool) -> bool | None:
    left, parts = node.child_by_field_name("left"), node.children_by_field_name("right")
    if left is None or not parts:
        return None
    right, sides_of = parts[0], {left.id, *(part.id for part in parts)}
    sign = next((syntax.text(c) for c in node.children if c.id not in sides_of), "")
    if sign in ("&&", "||", "-a", "-o"):
        return _joined(sign, [_expression(shell, side, arithmetic) for side in (left, right)])
    if not arithmetic and sign in ("=", "==", "!=") and {p.type for p in parts} & _PATTERNS:
        expands = any(part.type in syntax.EXPANSIONS for part in parts)
        held = None if expands else fits(shell.text(left), ["".join(shell.text(part) for part in parts)])
        return held if held is None or sign != "!=" else not held
    return _compared(_operand(shell, left), sign, _operand(shell, right), arithmetic)


def _compared(left: str, sign: str, right: str, arithmetic: bool = False) -> bool | None:
    if UNKNOWN in left or UNKNOWN in right:
        return None
    if sign in ("=", "==", "!=") and not arithmetic:
        return (left == right) == (sign != "!=")
    if sign in _NUMBERS:
        try:
            return _NUMBERS[sign](int(left or 0), int(right or 0))
        except ValueError:
            return None
    return None


def _unary(sign: str, operand: str) -> bool | None:
    """``-z`` and ``-n``; whether a file is there depends on what ran before, which is not known."""
    if sign not in ("-z", "-n") or UNKNOWN in operand:
        return None
    return (operand == "") == (sign == "-z")


def fits(subject: str, patterns: Sequence[str]) -> bool | None:
    """Whether a word fits one of the patterns."""
    if "*" in patterns and len(patterns) == 1:
        return None if UNKNOWN in subject else True
    if UNKNOWN in subject:
        return None
    return any(fnmatchcase(subject, pattern) for pattern in patterns)
