"""Runs source on abstract values: one pass, every undecided branch taken, every loop body once.

Only what the entry point reaches is evaluated, so code that cannot run leaves no trace. Calls into the
workspace are followed; calls into libraries become nodes of the data flow (``library`` knows some of them).
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from posttrace.analysis.routes.static.entries import launch
from posttrace.analysis.routes.static.entries.workspace import Workspace
from posttrace.analysis.routes.static.machine import calling, expressions, imports, objects, statements, text
from posttrace.analysis.routes.static.machine.values import (
    Const,
    Exhausted,
    Guard,
    Items,
    Module,
    Value,
    Where,
)

MOST_STEPS = 120_000
"""Expressions evaluated for one command; real training scripts need a few thousand."""
DEEPEST_CALL = 24


@dataclass
class Scope:
    """Names of a function call, class body or module."""

    module: Module
    names: dict[str, Value] = field(default_factory=dict)
    parent: Scope | None = None
    outer: set[str] = field(default_factory=set)
    """Names declared ``global`` or ``nonlocal``."""
    returned: list[Value] = field(default_factory=list)
    returned_under: list[tuple[Guard, ...]] = field(default_factory=list)
    yielded: Items | None = None
    owner: Value | None = None
    """Class whose method runs, for ``super()``; the receiver is the first parameter."""
    receiver: Value | None = None


@dataclass(frozen=True)
class Process:
    """What a child process gets anew."""

    argv: tuple[str, ...]
    cwd: str
    env: Mapping[str, str]
    roots: list[str]
    modules: dict[str, Module]


@dataclass(frozen=True)
class Update:
    """``target`` was changed in place (or, in a loop, replaced) by ``value``, computed from ``delta``."""

    target: Value
    delta: Value
    where: Where


class Machine:
    """State of one abstract run."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.env: Mapping[str, str] = {}
        self.argv: tuple[str, ...] = ()
        self.cwd = ""
        self.roots: list[str] = []
        """Folders that imports are looked up in."""
        self.modules: dict[str, Module] = {}
        self.vendored: dict[str, bool] = {}
        self.closed: dict[str, bool] = {}
        """Packages that were asked for -> whether the source of a framework of that name lies here."""
        self.reassigned: set[str] = set()
        """Attributes that some code outside ``__init__`` assigns."""
        self.calls: list[Value] = []
        """Calls of libraries and of unknown objects, in order."""
        self.updates: list[Update] = []
        self.loop_over: dict[int, Value] = {}
        self.path, self.line = "", 1
        self.loops: tuple[int, ...] = ()
        self.guards: tuple[Guard, ...] = ()
        self.frozen = 0
        self.depth = 0
        self.processes = 0
        self.running: list[int] = []
        """Functions being run, to notice recursion."""
        self.steps = 0
        self._numbers = itertools.count()

    # -- nodes ---------------------------------------------------------------------------------------------

    def where(self) -> Where:
        """Here and now."""
        return Where(self.path, self.line, next(self._numbers), self.loops, self.guards, self.frozen > 0)

    def value(self, op: str, args: Sequence[Value] = (), name: str = "", **keywords: Value) -> Value:
        """A new node."""
        return Value(op, list(args), self.where(), name, keywords)

    def const(self, value: object, pattern: bool = False) -> Const:
        """A known constant."""
        return Const("const", [], self.where(), value=value, pattern=pattern)

    def items(self, args: Sequence[Value], kind: str = "list", exact: bool = True) -> Items:
        """A new list, tuple or set."""
        return Items("items", list(args), self.where(), kind=kind, exact=exact)

    def phi(self, args: Sequence[Value], tests: Sequence[Value] = ()) -> Value:
        """Either of ``args``; itself when there is only one."""
        distinct = list({id(arg): arg for arg in args}.values())
        if len(distinct) == 1:
            return distinct[0]
        node = self.value("phi", distinct)
        node.tests.extend(tests)
        return node

    def update(self, target: Value, delta: Value) -> None:
        """Note a change in place."""
        self.updates.append(Update(target, delta, self.where()))

    def library_call(self, op: str, name: str, args: Sequence[Value], keywords: Mapping[str, Value]) -> Value:
        """A call that leaves the workspace, as a node that is kept in order."""
        node = Value(op, list(args), self.where(), name, dict(keywords))
        self.calls.append(node)
        return node

    # -- the process -----------------------------------------------------------------------------------------

    def folder(self) -> str:
        """The current directory."""
        return self.workspace.relative(self.cwd)

    def enter(self, argv: tuple[str, ...], cwd: str, env: Mapping[str, str], roots: list[str]) -> Process:
        """Become another process; what ``leave`` takes back is returned."""
        saved = Process(self.argv, self.cwd, self.env, self.roots, self.modules)
        self.argv, self.cwd, self.env, self.roots, self.modules = argv, cwd, env, roots, {}
        self.processes += 1
        return saved

    def leave(self, saved: Process) -> None:
        """Become the process again that was left by ``enter``."""
        self.argv, self.cwd, self.env = saved.argv, saved.cwd, saved.env
        self.roots, self.modules = saved.roots, saved.modules
        self.processes -= 1

    def spawn(self, command: Value, cwd: Value | None, env: Value | None) -> None:
        """Run a command that the analysed code starts, given as a list or as a line for the shell."""
        folder = text.known(cwd) if cwd is not None else None
        known = objects.known_elements(command)
        if known is not None:
            words = ["*" if (word := text.known(value)) is None else word for value in known]
        elif (line := text.known(command)) is not None:
            words = ["sh", "-c", line]
        else:
            return
        launch.launch(self, words, folder or self.cwd, self.env, self.processes)

    # -- context -------------------------------------------------------------------------------------------

    @contextmanager
    def under(self, *guards: Guard) -> Iterator[None]:
        """Code that runs only if ``guards`` hold."""
        before = self.guards
        self.guards = (*before, *guards)
        try:
            yield
        finally:
            self.guards = before

    @contextmanager
    def loop(self, over: Value) -> Iterator[int]:
        """One round of a loop stands for all of them."""
        before = self.loops
        number = next(self._numbers)
        self.loop_over[number] = over
        self.loops = (*before, number)
        try:
            yield number
        finally:
            self.loops = before

    @contextmanager
    def at(self, path: str, frozen: bool = False) -> Iterator[None]:
        """Code of another file, or of the same one called from elsewhere."""
        before = self.path, self.line
        self.path = path
        self.depth += 1
        self.frozen += frozen
        try:
            yield
        finally:
            self.path, self.line = before
            self.depth -= 1
            self.frozen -= frozen

    def decided(self, since: Where) -> bool:
        """Whether this point is reached exactly when the point ``since`` was, and as often."""
        return self.loops == since.loops and self.guards == since.guards

    # -- the three mutually recursive parts ----------------------------------------------------------------

    def evaluate(self, node: ast.expr, scope: Scope) -> Value:
        """Value of an expression. Raises ``Exhausted``."""
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise Exhausted
        self.line = node.lineno
        return expressions.evaluate(self, node, scope)

    def execute(self, body: Sequence[ast.stmt], scope: Scope) -> bool:
        """Run a block; false when its end cannot be reached. Raises ``Halted`` and ``Exhausted``."""
        return statements.execute(self, body, scope)

    def call(self, callee: Value, args: Sequence[Value], keywords: Mapping[str, Value]) -> Value:
        """Result of calling a value."""
        return calling.call(self, callee, list(args), dict(keywords))

    def load(self, path: str, name: str) -> Module:
        """Module of a file, run on first use."""
        return imports.load(self, path, name)

    def member(self, module: Module, name: str) -> Value:
        """``module.name``."""
        return imports.member(self, module, name)
