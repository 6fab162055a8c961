"""Simple commands of the shell, and what their input and output are connected to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from tree_sitter import Node

from posttrace.analysis.routes.static.entries.shell import builtins, syntax, words
from posttrace.analysis.routes.static.entries.shell.builtins import Return, Text
from posttrace.analysis.routes.static.machine.values import Exhausted

if TYPE_CHECKING:
    from posttrace.analysis.routes.static.entries.shell.run import Shell

_DEEPEST: Final = 12
_COST: Final = 60
"""Expressions that one command counts as, against the limit of the machine."""


def command(shell: Shell, node: Node, stdin: Text | None) -> Text | None:
    """A command with its words, or assignments alone."""
    from posttrace.analysis.routes.static.machine.machine import MOST_STEPS

    shell.m.steps += _COST
    if shell.m.steps > MOST_STEPS:
        raise Exhausted
    stdin = _herestring(shell, node) or stdin
    line = shell.m.line
    given: dict[str, str] = {}
    for assignment in syntax.assignments(node):
        name = syntax.text(assignment.child_by_field_name("name"))
        given[name] = shell.text(assignment.child_by_field_name("value"))
    parts = [node.child_by_field_name("name"), *node.children_by_field_name("argument")]
    found = [word for part in parts if part is not None for word in shell.fields(part)]
    shell.m.line = line
    if not found:
        shell.variables.env.update(given)
        return None
    if found[0] in shell.functions and shell.calls < _DEEPEST:
        return _call(shell, shell.functions[found[0]], found, given)
    return builtins.command(shell, found, given, stdin)


def _call(shell: Shell, body: Node, found: Sequence[str], given: Mapping[str, str]) -> Text | None:
    places, counted = shell.variables.places, shell.variables.counted
    shell.variables.places, shell.variables.counted = list(found), True
    shell.variables.env.update(given)
    shell.calls += 1
    try:
        return shell.run(body)
    except Return:
        return None
    finally:
        shell.variables.places, shell.variables.counted = places, counted
        shell.calls -= 1


# -- redirections ------------------------------------------------------------------------------------------


def redirected(shell: Shell, node: Node, stdin: Text | None) -> Text | None:
    """A command with redirections, which may hold a pipeline behind a here-document."""
    target, appends = None, False
    behind: list[Node] = []
    for redirect in node.children_by_field_name("redirect"):
        if redirect.type == "heredoc_redirect":
            stdin = _heredoc(shell, redirect) or stdin
            inner = [c for c in redirect.named_children if not c.type.startswith("heredoc_")]
            behind += [c for c in inner if c.type not in ("file_redirect", "file_descriptor")]
            files = [c for c in inner if c.type == "file_redirect"]
        else:
            files = [redirect]
        for file in files:
            kind, path = _file(shell, file)
            if kind == "<":
                stdin = _content(shell, path) or stdin
            elif kind in (">", ">>", "&>", ">|"):
                target, appends = path, kind == ">>"
    if stdin is None:
        stdin = _herestring(shell, node)
    body = node.child_by_field_name("body")
    out = shell.run(body, stdin) if body is not None else None
    for more in behind:
        out = shell.run(more, out)
    if target is not None and out is not None:
        builtins.write(shell, target, out, appends=appends)
    return out


def _file(shell: Shell, node: Node) -> tuple[str, str]:
    descriptor = any(c.type == "file_descriptor" and syntax.text(c) not in ("0", "1") for c in node.children)
    sign = next((c.type for c in node.children if not c.is_named), ">")
    return ("" if descriptor else sign), shell.text(node.child_by_field_name("destination"))


def _heredoc(shell: Shell, node: Node) -> Text | None:
    start = next((c for c in node.children if c.type == "heredoc_start"), None)
    body = next((c for c in node.children if c.type == "heredoc_body"), None)
    if start is None or body is None:
        return None
    literal = any(quote in syntax.text(start) for quote in "'\"\\")
    content = syntax.text(body) if literal else words.body(body, shell.variables, shell.substituted)
    if syntax.text(node).startswith("<<-"):
        content = "\n".join(row.lstrip("\t") for row in content.split("\n"))
    return Text(content, shell.first + syntax.line(body) - 1)


def _herestring(shell: Shell, node: Node) -> Text | None:
    for child in node.children:
        if child.type == "herestring_redirect" and child.named_children:
            return Text(shell.text(child.named_children[0]), shell.first + syntax.line(child) - 1)
    return None


def _content(shell: Shell, path: str) -> Text | None:
    found = shell.m.workspace.find(path, shell.cwd, shell.path)
    if found is None:
        return None
    return Text(shell.m.workspace.files[found].decode("utf-8", "replace"), 1)
