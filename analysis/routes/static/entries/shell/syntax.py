"""Syntax trees of shell scripts, and the parts of them that are text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

import tree_sitter_bash
from tree_sitter import Language, Node, Parser, Tree

EXPANSIONS: Final = frozenset(
    {"simple_expansion", "expansion", "command_substitution", "arithmetic_expansion", "process_substitution"}
)
LARGEST_BYTES: Final = 500_000
_BLOCKS: Final = frozenset({"program", "do_group", "compound_statement", "subshell", "else_clause", "ERROR"})


@lru_cache(maxsize=1)
def _parser() -> Parser:
    return Parser(Language(tree_sitter_bash.language()))


@lru_cache(maxsize=128)
def parse(script: bytes) -> Tree:
    """Tree of a script; what does not parse is an ``ERROR`` node that holds what does."""
    return _parser().parse(script.replace(b"\r\n", b"\n"))


def text(node: Node | None) -> str:
    """Text of a node as it stands."""
    return (node.text or b"").decode("utf-8", "replace") if node is not None else ""


def line(node: Node) -> int:
    """Line of a node, from 1."""
    return node.start_point.row + 1


def within(node: Node, skip: int = 0) -> Iterator[str | Node]:
    """Text of a node and the expansions in it, in order; ``skip``: bytes of a quote at either end.

    Cut out of the bytes, since blanks beside an expansion belong to no child.
    """
    whole, first = node.text or b"", node.start_byte
    end = skip
    for child in node.children:
        if child.type in EXPANSIONS:
            yield whole[end : child.start_byte - first].decode("utf-8", "replace")
            yield child
            end = child.end_byte - first
    yield whole[end : len(whole) - skip].decode("utf-8", "replace")


def statements(node: Node) -> list[Node]:
    """Statements of a block."""
    return [child for child in node.named_children if child.type != "comment"]


def branches(node: Node) -> list[tuple[list[Node], list[Node]]]:
    """Conditions and bodies of an ``if``; of ``else`` there is no condition."""
    found: list[tuple[list[Node], list[Node]]] = []
    condition: list[Node] = []
    body: list[Node] = []
    begun = False
    later: list[tuple[list[Node], list[Node]]] = []
    for child in node.children:
        if child.type == "then":
            begun = True
        elif child.type == "elif_clause":
            later += branches(child)
        elif child.type == "else_clause":
            later.append(([], statements(child)))
        elif child.is_named and child.type != "comment":
            (body if begun else condition).append(child)
    found.append((condition, body))
    return found + later


def alternatives(node: Node) -> list[tuple[list[Node], list[Node]]]:
    """Patterns and bodies of a ``case``."""
    found = []
    for item in node.named_children:
        if item.type == "case_item":
            patterns = item.children_by_field_name("value")
            ids = {pattern.id for pattern in patterns}
            found.append((patterns, [c for c in statements(item) if c.id not in ids]))
    return found


def assignments(node: Node) -> list[Node]:
    """Assignments among the children of a command or declaration, or the node itself."""
    if node.type == "variable_assignment":
        return [node]
    return [child for child in node.named_children if child.type == "variable_assignment"]


def unescaped(raw: str, special: str) -> str:
    """Without the backslashes before ``special`` characters, and without continued lines."""
    return re.sub(r"\\(\n|[" + re.escape(special) + "])", lambda m: m.group(1).strip("\n"), raw)
