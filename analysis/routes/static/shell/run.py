"""Runs shell scripts on what is known of their words: every undecided branch, every loop once or unrolled."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tree_sitter import Node

from posttrace.analysis.routes.static.shell import builtins, syntax, tests, words
from posttrace.analysis.routes.static.shell.builtins import Return, Text
from posttrace.analysis.routes.static.shell.words import Variables
from posttrace.analysis.routes.static.values import Exhausted, Guard, Halted

if TYPE_CHECKING:
    from posttrace.analysis.routes.static.machine import Machine

UNROLLED: Final = 8
"""A loop over at most this many words is run for each."""
_DEEPEST: Final = 12
_COST: Final = 20
"""Expressions that one command counts as, against the limit of the machine."""


def run_script(
    m: Machine,
    script: str,
    path: str,
    cwd: str,
    env: Mapping[str, str],
    arguments: Sequence[str],
    depth: int,
    first: int = 1,
) -> None:
    """Run the text of a script; ``first``: line at which it stands in ``path``, ``arguments`` from ``$0``."""
    if len(script) > syntax.LARGEST_BYTES:
        m.workspace.problems.append(f"{path}: {len(script)} bytes are too many for a script, not read")
        return
    root = syntax.parse(script.encode("utf-8", "replace")).root_node
    if root.has_error:
        m.workspace.problems.append(f"{path}: shell that cannot be parsed in full; the rest is read")
    variables = Variables(dict(env), list(arguments) or [path], not m.workspace.lenient)
    shell = Shell(m, path, first, cwd, variables, depth)
    with m.at(path), suppress(Halted, Return):
        shell.block(syntax.statements(root))


@dataclass
class Shell:
    """State of one shell."""

    m: Machine
    path: str
    first: int
    cwd: str
    variables: Variables
    depth: int
    functions: dict[str, Node] = field(default_factory=dict)
    calls: int = 0

    # -- statements ----------------------------------------------------------------------------------------

    def block(self, nodes: Sequence[Node], stdin: Text | None = None) -> Text | None:
        """Run statements in order; what the last one writes, where that is known."""
        out = None
        for node in nodes:
            out = self.run(node, stdin)
        return out

    def run(self, node: Node, stdin: Text | None = None) -> Text | None:
        """Run one statement."""
        handler = _HANDLERS.get(node.type)
        if handler is not None:
            self.m.line = self.first + syntax.line(node) - 1
            return handler(self, node, stdin)
        if node.type in _BLOCKS:
            return self.block(syntax.statements(node), stdin)
        return None

    def maybe(self, nodes: Sequence[Node], stdin: Text | None = None) -> Text | None:
        """Run statements that may not run: an ``exit`` among them ends only them.

        What they make of variables holds after them: a branch that goes on is there to be taken.
        """
        before = dict(self.variables.env)
        with self.m.under(Guard(self.m.value("call", [], "os.environ"), True)):
            try:
                return self.block(nodes, stdin)
            except (Halted, Return):
                self.variables.env = before
                return None

    # -- words ---------------------------------------------------------------------------------------------

    def fields(self, node: Node) -> list[str]:
        """Words of a word."""
        return words.fields(node, self.variables, self.substituted)

    def text(self, node: Node | None) -> str:
        """A word that is not split."""
        return words.joined(node, self.variables, self.substituted)

    def substituted(self, node: Node) -> str | None:
        """What ``$(...)`` gives, where it is known; what it starts is run."""
        if node.type == "arithmetic_expansion":
            return None
        line = self.m.line
        out = _subshell(self, node, None)
        self.m.line = line
        return out.content.rstrip("\n") if out is not None else None

    def assign(self, node: Node) -> None:
        """``name=value``, ``name+=value``, ``name=(...)``."""
        target = node.child_by_field_name("name")
        value = node.child_by_field_name("value")
        name, adds = syntax.text(target), "+=" in syntax.text(node)[: len(syntax.text(target)) + 2]
        if value is not None and value.type == "array":
            made = [word for child in value.named_children for word in self.fields(child)]
            self.variables.arrays[name] = [*self.variables.arrays.get(name, []), *made] if adds else made
            return
        text = self.text(value)
        known = self.variables.get(name)
        self.variables.env[name] = known + text if adds and isinstance(known, str) else text

    def sub(self) -> Shell:
        """A subshell."""
        return Shell(
            self.m,
            self.path,
            self.first,
            self.cwd,
            self.variables.copy(),
            self.depth,
            self.functions,
            self.calls,
        )


# -- compound statements -----------------------------------------------------------------------------------


def _list(shell: Shell, node: Node, stdin: Text | None) -> Text | None:
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


def _pipeline(shell: Shell, node: Node, stdin: Text | None) -> Text | None:
    for child in syntax.statements(node):
        stdin = shell.run(child, stdin)
    return stdin


def _if(shell: Shell, node: Node, stdin: Text | None) -> Text | None:
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


def _for(shell: Shell, node: Node, stdin: Text | None) -> Text | None:
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


def _while(shell: Shell, node: Node, stdin: Text | None) -> Text | None:
    for child in syntax.statements(node):
        shell.maybe([child], stdin)
    return None


def _case(shell: Shell, node: Node, stdin: Text | None) -> Text | None:
    subject = shell.text(node.child_by_field_name("value"))
    for patterns, body in syntax.alternatives(node):
        outcome = tests.fits(subject, [shell.text(pattern) for pattern in patterns])
        if outcome is True:
            return shell.block(body, stdin)
        if outcome is None:
            shell.maybe(body, stdin)
    return None


def _subshell(shell: Shell, node: Node, stdin: Text | None) -> Text | None:
    inner = shell.sub()
    try:
        return inner.block(syntax.statements(node), stdin)
    except (Halted, Return):
        return None


def _define(shell: Shell, node: Node, stdin: Text | None) -> Text | None:
    body = node.child_by_field_name("body")
    if body is not None:
        shell.functions[syntax.text(node.child_by_field_name("name"))] = body
    return None


def _assignments(shell: Shell, node: Node, stdin: Text | None) -> Text | None:
    for assignment in syntax.assignments(node):
        shell.assign(assignment)
    return None


# -- redirections ------------------------------------------------------------------------------------------


def _redirected(shell: Shell, node: Node, stdin: Text | None) -> Text | None:
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


# -- commands ----------------------------------------------------------------------------------------------


def _command(shell: Shell, node: Node, stdin: Text | None) -> Text | None:
    from posttrace.analysis.routes.static.machine import MOST_STEPS

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


def _negated(shell: Shell, node: Node, stdin: Text | None) -> Text | None:
    return shell.block(syntax.statements(node), stdin)


_BLOCKS: Final = frozenset({"do_group", "compound_statement", "ERROR", "else_clause"})
_HANDLERS: Final[Mapping[str, Callable[[Shell, Node, Text | None], Text | None]]] = {
    "command": _command,
    "list": _list,
    "pipeline": _pipeline,
    "redirected_statement": _redirected,
    "if_statement": _if,
    "for_statement": _for,
    "while_statement": _while,
    "c_style_for_statement": _while,
    "case_statement": _case,
    "subshell": _subshell,
    "function_definition": _define,
    "declaration_command": _assignments,
    "variable_assignment": _assignments,
    "variable_assignments": _assignments,
    "negated_command": _negated,
}
