"""From a launched command to the code it runs: python, shell scripts, notebooks, commands of frameworks."""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from posttrace.analysis.routes import frameworks
from posttrace.analysis.routes.static.entries import configs, launched, makefiles, program
from posttrace.analysis.routes.static.entries.launchers import (
    Launched,
    is_python,
    is_shell,
    passed_on,
    unwrapped,
)
from posttrace.analysis.routes.static.entries.shell import run_script
from posttrace.analysis.routes.static.machine.values import Value

if TYPE_CHECKING:
    from posttrace.analysis.routes.static.machine.machine import Machine

_COPIES: Final = frozenset({"cp", "mv", "ln", "rsync"})
_BATCH: Final = frozenset({"sbatch", "qsub", "salloc"})
_NOTEBOOKS: Final = frozenset({"papermill", "jupyter", "runipy", "ipython", "ipython3"})
_JOINS: Final = frozenset({"&&", "||", ";", "|"})
_SCRIPTS: Final = (".sh", ".bash", ".sbatch", ".slurm", ".pbs", ".zsh", ".ksh", ".job", ".sub")
DEEPEST: Final = 6
"""Scripts that call scripts."""


def launch(m: Machine, argv: Sequence[str], cwd: str, env: Mapping[str, str], depth: int = 0) -> str | None:
    """Run what ``argv`` starts; path of its script, or null when it is none of the workspace."""
    command = unwrapped(argv)
    words = list(command.words)
    if not words or depth > DEEPEST:
        return None
    env = {**env, **command.env}
    if _told(m, words, cwd):
        return None
    name = posixpath.basename(words[0])
    inner = passed_on(words) if is_python(name) or name.endswith(".py") else None
    if inner is not None:
        line = " ".join(word if word in _JOINS else shlex.quote(word) for word in inner)
        run_script(m, line, m.path or "<-c>", cwd, env, [m.path], depth + 1, first=m.line)
        return None
    if is_python(name):
        return program.run_python(m, Launched(tuple(words[1:]), env, command.spread), cwd)
    if is_shell(name):
        return _shell(m, words[1:], cwd, env, depth)
    if name in _COPIES:
        _copy(m, name, words[1:], cwd)
        return None
    if name in _BATCH:
        return _batch(m, words[1:], cwd, env, depth)
    if name in ("make", "gmake"):
        return makefiles.make(m, words[1:], cwd, env, depth)
    if name in _NOTEBOOKS:
        return _notebook(m, words[1:], cwd, env)
    return _file(m, words, cwd, env, depth)


def _told(m: Machine, words: Sequence[str], cwd: str) -> bool:
    """Note what the tables of frameworks say of a command; false when they do not know it."""
    verdict = frameworks.command(words, lambda path: configs.content(m.workspace, path, cwd, m.path))
    if verdict is None:
        return False
    before, m.cwd = m.cwd, cwd
    launched.tell(m, verdict, words)
    m.cwd = before
    return True


def _file(m: Machine, words: list[str], cwd: str, env: Mapping[str, str], depth: int) -> str | None:
    """A file that is a program itself."""
    path = m.workspace.find(words[0], cwd, m.path) if "/" in words[0] or "." in words[0] else None
    if path is None:
        path = m.workspace.relative(words[0], cwd)
        if path not in m.workspace.files:
            return None
    first = m.workspace.files[path].split(b"\n", 1)[0]
    if path.endswith(".py") or (first.startswith(b"#!") and b"python" in first):
        program.run_file(m, path, words, cwd, env)
        return path
    if path.endswith(_SCRIPTS) or (first.startswith(b"#!") and b"sh" in first):
        return run_shell_file(m, path, words, cwd, env, depth)
    return None


def _shell(m: Machine, words: list[str], cwd: str, env: Mapping[str, str], depth: int) -> str | None:
    while words and words[0][:1] in "-+" and "c" not in words[0].lstrip("-"):
        option = words.pop(0)
        if option in ("-o", "+o", "-O") and words:
            words.pop(0)
    if not words:
        return None
    if words[0].startswith("-"):
        text = words[1] if len(words) > 1 else ""
        places = words[2:] or [m.path or "<-c>"]
        run_script(m, text, m.path or "<-c>", cwd, env, places, depth, first=m.line)
        return None
    path = m.workspace.find(words[0], cwd, m.path)
    if path is None:
        m.workspace.problems.append(f"{words[0]}: the launched script is not in this revision")
        return None
    return run_shell_file(m, path, words, cwd, env, depth)


def run_shell_file(
    m: Machine, path: str, words: Sequence[str], cwd: str, env: Mapping[str, str], depth: int
) -> str:
    """Run a script of the workspace."""
    m.workspace.read.add(path)
    run_script(m, m.workspace.files[path].decode("utf-8", "replace"), path, cwd, env, words, depth)
    return path


def _batch(m: Machine, words: list[str], cwd: str, env: Mapping[str, str], depth: int) -> str | None:
    """``sbatch [options] script [arguments]`` and ``sbatch --wrap command``."""
    for at, word in enumerate(words):
        if word.startswith("--wrap"):
            text = word.partition("=")[2] or " ".join(words[at + 1 : at + 2])
            run_script(m, text, m.path or "<-c>", cwd, env, [], depth + 1, first=m.line)
            return None
        found = None if word.startswith("-") else m.workspace.find(word, cwd, m.path)
        if found is not None:
            return run_shell_file(m, found, words[at:], cwd, env, depth + 1)
    return None


def _notebook(m: Machine, words: list[str], cwd: str, env: Mapping[str, str]) -> str | None:
    """A notebook that is executed: the first that is named is the source."""
    for word in words:
        found = m.workspace.find(word, cwd, m.path) if word.endswith((".ipynb", ".py")) else None
        if found is not None and ("nbconvert" not in words or "--execute" in words):
            program.run_file(m, found, [word], cwd, env)
            return found
    return None


def _copy(m: Machine, name: str, words: Sequence[str], cwd: str) -> None:
    paths = [m.workspace.relative(word, cwd) for word in words if not word.startswith("-")]
    if len(paths) > 1:
        values: list[Value] = [m.const(path, pattern="*" in path) for path in paths]
        for source in values[:-1]:
            m.library_call("call", f"shell.{name}", [source, values[-1]], {})
        source_path, target = paths[-2], paths[-1]
        if source_path in m.workspace.files and target not in m.workspace.folders:
            m.workspace.write(target, m.workspace.files[source_path], (source_path, 1))
