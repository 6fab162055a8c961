"""From a launched command to the code it runs: python scripts, modules, ``-c``, and simple shell scripts."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from posttrace.analysis.routes.static.values import Halted, Module, Value

if TYPE_CHECKING:
    from posttrace.analysis.routes.static.machine import Machine

_PYTHON: Final = re.compile(r"^(python[0-9.]*|pypy3?)$")
_SHELLS: Final = frozenset({"bash", "sh", "dash", "zsh"})
_WRAPPERS: Final = frozenset(
    {"nohup", "time", "exec", "command", "stdbuf", "nice", "env", "timeout", "uv", "run"}
)
_COPIES: Final = frozenset({"cp", "mv", "ln", "rsync"})
DEEPEST: Final = 4
"""Scripts that call scripts."""


def launch(m: Machine, argv: Sequence[str], cwd: str, env: Mapping[str, str], depth: int = 0) -> str | None:
    """Run what ``argv`` starts; path of its script, or null when it is none of the workspace."""
    words = _unwrapped(list(argv))
    if not words or depth > DEEPEST:
        return None
    program = posixpath.basename(words[0])
    if _PYTHON.match(program):
        return _python(m, words[1:], cwd, env)
    if program in _SHELLS:
        return _shell(m, words[1:], cwd, env, depth)
    if program in _COPIES:
        _copy(m, program, words[1:], cwd)
        return None
    path = m.workspace.relative(words[0], cwd)
    if path in m.workspace.files:
        first = m.workspace.files[path].split(b"\n", 1)[0]
        if path.endswith(".py") or b"python" in first:
            return _python(m, words, cwd, env)
        if path.endswith(".sh") or b"sh" in first:
            return _shell(m, words, cwd, env, depth)
    return None


def _unwrapped(words: list[str]) -> list[str]:
    while words and (posixpath.basename(words[0]) in _WRAPPERS or "=" in words[0].split("/")[0]):
        wrapper = words.pop(0)
        if posixpath.basename(wrapper) in ("timeout", "nice", "stdbuf"):
            while words and (words[0].startswith("-") or re.match(r"^[0-9.]+[smhd]?$", words[0])):
                words.pop(0)
    return words


# -- python ------------------------------------------------------------------------------------------------


def _python(m: Machine, words: list[str], cwd: str, env: Mapping[str, str]) -> str | None:
    while words and words[0].startswith("-") and words[0] not in ("-m", "-c", "-"):
        flag = words.pop(0)
        if flag in ("-W", "-X") and words:
            words.pop(0)
    if not words or words[0] == "-":
        m.workspace.problems.append("the program is read from standard input, which is not recorded")
        return None
    if words[0] == "-c":
        code = words[1] if len(words) > 1 else ""
        _run_text(m, code.encode("utf-8", "replace"), "<-c>", cwd, ["-c", *words[2:]], env)
        return None
    if words[0] == "-m":
        return _run_module(m, words[1:], cwd, env)
    path = m.workspace.relative(words[0], cwd)
    if path + "/__main__.py" in m.workspace.files:
        path += "/__main__.py"
    if path not in m.workspace.files:
        m.workspace.problems.append(f"{words[0]}: the launched script is not in this revision")
        return None
    _run_text(m, m.workspace.files[path], path, cwd, words, env)
    return path


def _run_module(m: Machine, words: list[str], cwd: str, env: Mapping[str, str]) -> str | None:
    name = words[0] if words else ""
    root = m.workspace.relative(cwd)
    found = m.workspace.module(f"{name}.__main__", (root, "")) or m.workspace.module(name, (root, ""))
    if found is None:
        m.workspace.problems.append(f"-m {name}: no such module in this revision")
        return None
    _run_text(m, m.workspace.files[found], found, cwd, words, env, root=root)
    return found


def _run_text(
    m: Machine,
    content: bytes,
    path: str,
    cwd: str,
    argv: Sequence[str],
    env: Mapping[str, str],
    root: str | None = None,
) -> None:
    from posttrace.analysis.routes.static.imports import reassigned
    from posttrace.analysis.routes.static.machine import Scope

    tree = m.workspace.parse(path) if path in m.workspace.files else m.workspace.parse_text(content, path)
    if tree is None:
        return
    here = m.workspace.relative(cwd)
    folder = posixpath.dirname(path) if root is None else root
    extra = [m.workspace.relative(p, cwd) for p in env.get("PYTHONPATH", "").split(":") if p]
    saved = m.enter(tuple(argv), cwd, env, list(dict.fromkeys([folder, *extra, here, ""])))
    m.reassigned |= reassigned(tree)
    module = Module("module", [], m.where(), name=path)
    module.names.update({"__name__": m.const("__main__"), "__file__": m.const(path)})
    try:
        with m.at(path):
            m.execute(tree.body, Scope(module, module.names))
    except Halted:
        pass
    finally:
        m.leave(saved)


# -- shell -------------------------------------------------------------------------------------------------


def _shell(m: Machine, words: list[str], cwd: str, env: Mapping[str, str], depth: int) -> str | None:
    while words and words[0].startswith("-") and "c" not in words[0]:
        words.pop(0)
    if not words:
        return None
    if words[0].startswith("-"):
        run_script(m, words[1] if len(words) > 1 else "", "<-c>", cwd, env, words[2:], depth)
        return None
    path = m.workspace.relative(words[0], cwd)
    if path not in m.workspace.files:
        m.workspace.problems.append(f"{words[0]}: the launched script is not in this revision")
        return None
    script = m.workspace.files[path].decode("utf-8", "replace")
    run_script(m, script, path, cwd, env, words, depth)
    return path


def run_script(
    m: Machine, script: str, path: str, cwd: str, env: Mapping[str, str], words: Sequence[str], depth: int
) -> None:
    """One command a line, variables, ``&&``, ``cd``; loops and conditions are run once as they stand."""
    variables = {**env, **{str(i): word for i, word in enumerate(words)}}
    for number, line in _lines(script):
        if line.split()[:1] == ["exit"] and not line[0].isspace():
            raise Halted
        for command in _commands(line):
            with m.at(path):
                m.line = number
                cwd = _one(m, [_expand(word, variables) for word in command], cwd, variables, depth)


def _lines(script: str) -> list[tuple[int, str]]:
    lines, pending, start = [], "", 1
    for number, line in enumerate(script.splitlines(), 1):
        start = start if pending else number
        if line.rstrip().endswith("\\"):
            pending += line.rstrip()[:-1] + " "
            continue
        lines.append((start, pending + line))
        pending = ""
    return [*lines, (start, pending)] if pending else lines


_BETWEEN: Final = frozenset(
    {"&&", "||", ";", "|", "&", "then", "do", "else", "fi", "done", "if", "while", "!", "{", "}", "(", ")"}
)


def _commands(line: str) -> list[list[str]]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    try:
        tokens = list(lexer)
    except ValueError:  # a quote that ends on another line
        return []
    commands: list[list[str]] = [[]]
    fallback = False
    for token in tokens:
        if token in _BETWEEN or token.startswith(";"):
            fallback = token == "||"  # what stands behind it runs only when the command before it fails
            commands.append([])
        elif fallback:
            continue
        else:
            commands[-1].append(token)
    return [_without_redirection(command) for command in commands if command]


def _without_redirection(command: list[str]) -> list[str]:
    kept: list[str] = []
    skip = False
    for token in command:
        if skip:
            skip = False
        elif token[0] in "<>" or token in (">&", "&>"):
            skip = token.strip("<>&") == ""
            if kept and kept[-1] in ("1", "2"):
                kept.pop()
        else:
            kept.append(token)
    return kept


_VARIABLE: Final = re.compile(r"\$(?:\{(\w+)(?::?[-=]([^{}]*))?[^{}]*\}|(\w+)|\([^()]*\)|@|\*)")


def _expand(word: str, variables: Mapping[str, str]) -> str:
    def fill(match: re.Match[str]) -> str:
        name = match.group(1) or match.group(3)
        fallback = match.group(2)
        return variables.get(name or "", fallback if fallback is not None else "*")

    return _VARIABLE.sub(fill, word)


def _one(m: Machine, words: list[str], cwd: str, variables: dict[str, str], depth: int) -> str:
    while words and words[0] in ("export", "local", "readonly", "declare"):
        words = words[1:]
    while words and re.match(r"^\w+=", words[0]):
        name, _, value = words[0].partition("=")
        variables[name] = value
        words = words[1:]
    if not words:
        return cwd
    if words[0] == "cd" and len(words) > 1:
        return m.workspace.relative(words[1], cwd)
    if words[0] in ("source", "."):
        words = ["bash", *words[1:]]
    env = {name: value for name, value in variables.items() if not name.isdigit()}
    launch(m, words, cwd, env, depth + 1)
    return cwd


def _copy(m: Machine, program: str, words: Sequence[str], cwd: str) -> None:
    paths = [m.workspace.relative(word, cwd) for word in words if not word.startswith("-")]
    if len(paths) > 1:
        values: list[Value] = [m.const(path, pattern="*" in path) for path in paths]
        for source in values[:-1]:
            m.library_call("call", f"shell.{program}", [source, values[-1]], {})
