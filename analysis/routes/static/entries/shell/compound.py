"""Compound statements of the shell: lists, branches, loops, functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tree_sitter import Node

from posttrace.analysis.routes.static.entries.shell import syntax, tests, words
from posttrace.analysis.routes.static.entries.shell.builtins import Return, Text
from posttrace.analysis.routes.static.machine.values import Halted

if TYPE_CHECKING:
    from posttrace.analysis.routes.static.entries.shell.run import Shell

UNROLLED: Final = 8
"""A loop over at most this many words is run for each."""


def either(shell: Shell, node: Node, stdin: Text | None) -> Text | None:
    """``a && b`` and ``a || b``."""
    left, right = node.named_children[0], node.named_children[-1]
    sign = next((child.type for child in node.children if child.type in ("&&", "||")), "&&")
    outcome = tests.outcome(shell, left)
    out = shell.run(left, stdin)
    if sign == "&&":
        if outcome is False:
            return out
        return shell.maybe([right], stdin) if _is_test(left) and outcome is None else shell.run(right, stdin)
    if _is_test(left) and outcome is not True:
        return shell.maybe([right], stdin) if outcome is None else shell.run(right, stdin)
    return out  # what stands behind || runs only when the command before it fails


def _is_test(node: Node) -> bool:
    if node.type in ("list", "negated_command"):
        return all(_is_test(child) for child in node.named_children)
    name = syntax.text(node.child_by_field_name("name"))
    return node.type == "test_command" or name in ("test", "command", "which")


def pipeline(shell: Shell, node: Node, stdin: Text | None) -> Text | None:
    """``a | b``: what is known of the output of one is the input of the next."""
    for child in syntax.statements(node):
        stdin = shell.run(child, stdin)
    return stdin


def branch(shell: Shell, node: Node, stdin: Text | None) -> Text | None:
    """``if``."""
    undecided = False
    for condition, body in syntax.branches(node):
        outcome = tests.all_hold(shell, condition)
        shell.block(condition)
        if outcome is False:
            continue
        if outcome is True and not undecided:
            return shell.block(body, stdin)
        shell.maybe(body, stdin)
        if outcome is True:
            break
        undecided = True
    return None


def each(shell: Shell, node: Node, stdin: Text | None) -> Text | None:
    """``for``, run for each word where they are few."""
    name = syntax.text(node.child_by_field_name("variable"))
    body = node.child_by_field_name("body")
    values = [word for child in node.children_by_field_name("value") for word in shell.fields(child)]
    values = [path for word in values for path in shell.m.workspace.globbed(word, shell.cwd)]
    if body is None:
        return None
    if not values or len(values) > UNROLLED:
        values = [words.UNKNOWN]
    for value in values:
        shell.variables.env[name] = value
        shell.run(body, stdin)
    return None


def repeat(shell: Shell, node: Node, stdin: Text | None) -> Text | None:
    """``while`` and ``until``, once."""
    for child in syntax.statements(node):
        shell.maybe([child], stdin)
    return None


def case(shell: Shell, node: Node, stdin: Text | None) -> Text | None:
    """``case``."""
    subject = shell.text(node.child_by_field_name("value"))
    for patterns, body in syntax.alternatives(node):
        outcome = tests.fits(subject, [shell.text(pattern) for pattern in patterns])
        if outcome is True:
            return shell.block(body, stdin)
        if outcome is None:
            shell.maybe(body, stdin)
    return None


def subshell(shell: Shell, node: Node, stdin: Text | None) -> Text | None:
    """``( ... )`` and ``$( ... )``."""
    inner = shell.sub()
    try:
        return inner.block(syntax.statements(node), stdin)
    except (Halted, Return):
        return None


def define(shell: Shell, node: Node, stdin: Text | None) -> Text | None:
    """A function."""
    body = node.child_by_field_name("body")
    if body is not None:
        shell.functions[syntax.text(node.child_by_field_name("name"))] = body
    return None


def assign(shell: Shell, node: Node, stdin: Text | None) -> Text | None:
    """``name=value`` and ``export name=value``."""
    for assignment in syntax.assignments(node):
        shell.assign(assignment)
    return None


def negated(shell: Shell, node: Node, stdin: Text | None) -> Text | None:
    """``! command``."""
    return shell.block(syntax.statements(node), stdin)
