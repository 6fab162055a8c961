"""Runs shell scripts on what is known of their words: every undecided branch, every loop once or unrolled."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tree_sitter import Node

from posttrace.analysis.routes.static.entries.shell import compound, connected, syntax, words
from posttrace.analysis.routes.static.entries.shell.builtins import Return, Text
from posttrace.analysis.routes.static.entries.shell.words import Variables
from posttrace.analysis.routes.static.machine.values import Guard, Halted

if TYPE_CHECKING:
    from posttrace.analysis.routes.static.machine.machine import Machine


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
        out = compound.subshell(self, node, None)
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


_BLOCKS: Final = frozenset({"do_group", "compound_statement", "ERROR", "else_clause"})
_HANDLERS: Final[Mapping[str, Callable[[Shell, Node, Text | None], Text | None]]] = {
    "command": connected.command,
    "list": compound.either,
    "pipeline": compound.pipeline,
    "redirected_statement": connected.redirected,
    "if_statement": compound.branch,
    "for_statement": compound.each,
    "while_statement": compound.repeat,
    "c_style_for_statement": compound.repeat,
    "case_statement": compound.case,
    "subshell": compound.subshell,
    "function_definition": compound.define,
    "declaration_command": compound.assign,
    "variable_assignment": compound.assign,
    "variable_assignments": compound.assign,
    "negated_command": compound.negated,
}
