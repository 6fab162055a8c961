"""Python programs: scripts, modules, notebooks, text given on the command line or as input."""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from posttrace.analysis.routes.frameworks import Verdict
from posttrace.analysis.routes.static.entries import launched, notebooks
from posttrace.analysis.routes.static.entries.launchers import Launched
from posttrace.analysis.routes.static.entries.workspace import Start
from posttrace.analysis.routes.static.machine.values import Halted, Module

if TYPE_CHECKING:
    from posttrace.analysis.routes.static.machine.machine import Machine

_TAKES_VALUE: Final = frozenset({"-W", "-X"})
_SOURCES: Final = ("", "src", "lib", "python")
"""Folders that projects put their packages in."""


@dataclass(frozen=True)
class Code:
    """Text of a program within a file: ``line`` is where it begins there."""

    text: str
    path: str
    line: int


def run_python(m: Machine, command: Launched, cwd: str) -> str | None:
    """Run what the interpreter is given, its own name taken off; path of the script."""
    words, env = list(command.words), command.env
    while words and words[0].startswith("-") and words[0] not in ("-m", "-c", "-"):
        flag = words.pop(0)
        if flag in _TAKES_VALUE and words:
            words.pop(0)
    if not words or words[0] == "-":
        m.workspace.problems.append("the program is read from standard input, which is not recorded")
        return None
    if words[0] == "-c":
        code = Code(words[1] if len(words) > 1 else "", m.path or "<-c>", m.line)
        run_code(m, code, ["-c", *words[2:]], cwd, env)
        return None
    if words[0] == "-m":
        return _run_module(m, words[1:], cwd, env, command.spread)
    path = m.workspace.relative(words[0], cwd)
    if path + "/__main__.py" in m.workspace.files:
        words[0] = posixpath.join(words[0], "__main__.py")
    found = m.workspace.find(words[0], cwd, m.path)
    if found is None and "*" in words[0]:
        fitting = m.workspace.fitting(words[0], cwd) if words[0].strip("*./") else []
        found = fitting[0] if len(fitting) == 1 else None
    if found is None:
        _missing(m, words[0], command.spread)
        return None
    run_file(m, found, words, cwd, env)
    return found


def _missing(m: Machine, name: str, spread: bool) -> None:
    """A program that is not there; one that is started for several devices trains something."""
    m.workspace.problems.append(f"{name}: the launched script is not in this revision")
    if spread and m.workspace.lenient:
        says = f"training is launched, by code that is not known: {name}"
        launched.tell(m, Verdict("launcher", "unknown", says, "launcher"))


def _run_module(m: Machine, words: list[str], cwd: str, env: Mapping[str, str], spread: bool) -> str | None:
    name = words[0] if words else ""
    root = m.workspace.relative(cwd)
    places = tuple(dict.fromkeys((root, *_SOURCES))) if m.workspace.lenient else (root, "")
    found = m.workspace.module(f"{name}.__main__", places) or m.workspace.module(name, places)
    if found is None and m.workspace.lenient and "*" not in name:
        tail = name.replace(".", "/")
        found = m.workspace.find(tail + ".py") or m.workspace.find(tail + "/__main__.py")
    if found is None:
        m.workspace.problems.append(f"-m {name}: no such module in this revision")
        if spread and m.workspace.lenient:
            _missing(m, name, spread)
        return None
    tail_parts = name.count(".") + 1 + found.endswith("__main__.py")
    base = found
    for _ in range(tail_parts):
        base = posixpath.dirname(base)
    run_file(m, found, words, cwd, env, root=base)
    return found


def run_file(
    m: Machine,
    path: str,
    words: Sequence[str],
    cwd: str,
    env: Mapping[str, str],
    root: str | None = None,
) -> None:
    """Run a file of the workspace as a program; ``words``: ``sys.argv``."""
    tree = m.workspace.parse(path)
    if tree is None:
        return
    folder = posixpath.dirname(path) if root is None else root
    first, place = m.where().seq, (m.path, m.line)
    try:
        _run(m, tree, Process(path, tuple(words), cwd, env, folder))
    finally:
        if place[0] not in ("", path):
            m.workspace.started.append(Start(path, *place, first, m.where().seq))


def import_file(m: Machine, path: str, then: Callable[[Module], None]) -> None:
    """Import a file of the workspace and go on with its module, in a process of its own."""
    tree = m.workspace.parse(path)
    if tree is not None:
        name = posixpath.splitext(posixpath.basename(path))[0]
        _run(m, tree, Process(path, (path,), "", {}, posixpath.dirname(path), name), then)


def run_code(m: Machine, code: Code, words: Sequence[str], cwd: str, env: Mapping[str, str]) -> None:
    """Run text as a program; its lines are those of the file that it stands in."""
    padded = "\n" * (code.line - 1) + code.text if code.path != "<-c>" else code.text
    tree = m.workspace.parse_text(padded.encode("utf-8", "replace"), code.path)
    if tree is not None:
        _run(m, tree, Process(code.path, tuple(words), cwd, env, m.workspace.relative(cwd)))


@dataclass(frozen=True)
class Process:
    """A process of the interpreter: its program, and where modules are found first."""

    path: str
    argv: tuple[str, ...]
    cwd: str
    env: Mapping[str, str]
    folder: str
    name: str = "__main__"


def _run(
    m: Machine, tree: ast.Module, process: Process, then: Callable[[Module], None] | None = None
) -> None:
    from posttrace.analysis.routes.static.machine.machine import Scope

    saved = m.enter(process.argv, process.cwd, process.env, _roots(m, process))
    m.reassigned |= _reassigned(tree)
    module = Module("module", [], m.where(), name=process.path)
    module.names.update({"__name__": m.const(process.name), "__file__": m.const(process.path)})
    if process.path.endswith(".ipynb"):
        module.names[notebooks.SHELL] = m.value("external", name="os")
    try:
        with m.at(process.path):
            scope = Scope(module, module.names)
            m.execute(tree.body, scope)
            module.names = scope.names  # joined anew after a branch
            if then is not None:
                then(module)
    except Halted:
        pass
    finally:
        m.leave(saved)


def _reassigned(tree: ast.Module) -> frozenset[str]:
    from posttrace.analysis.routes.static.machine.imports import reassigned

    return reassigned(tree)


def _roots(m: Machine, process: Process) -> list[str]:
    """Folders that imports are looked up in."""
    extra = [m.workspace.relative(p, process.cwd) for p in process.env.get("PYTHONPATH", "").split(":") if p]
    roots = [process.folder, *extra, m.workspace.relative(process.cwd), ""]
    if m.workspace.lenient:
        above = posixpath.dirname(process.path)
        while above and above + "/__init__.py" in m.workspace.files:
            above = posixpath.dirname(above)
        parents = [above]
        while above:
            above = posixpath.dirname(above)
            parents.append(above)
        roots += [*parents, *(posixpath.join(p, s) for p in parents for s in _SOURCES[1:])]
    return list(dict.fromkeys(roots))
