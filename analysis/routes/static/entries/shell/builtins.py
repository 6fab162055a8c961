"""Commands of the shell itself, and the few programs whose output a script goes on with."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from posttrace.analysis.routes.static.entries.launchers import is_python, is_shell, unwrapped
from posttrace.analysis.routes.static.machine.values import Halted

if TYPE_CHECKING:
    from posttrace.analysis.routes.static.entries.shell.run import Shell


class Return(Exception):
    """``return`` from a function or a script that is read into another."""


@dataclass(frozen=True)
class Text:
    """What a command writes or reads; ``line``: where the text stands in the script."""

    content: str
    line: int


def command(shell: Shell, words: Sequence[str], given: Mapping[str, str], stdin: Text | None) -> Text | None:
    """Run a command that is no function of the script."""
    handler = _HANDLERS.get(words[0])
    if handler is not None:
        return handler(shell, list(words), stdin)
    name = posixpath.basename(words[0])
    if name in _SPOKEN:
        return Text(_SPOKEN[name](shell, list(words[1:])), shell.m.line)
    if stdin is not None and _reads(shell, words, given, stdin):
        return None
    start(shell, words, given)
    return None


def start(shell: Shell, words: Sequence[str], given: Mapping[str, str]) -> None:
    """Start a program."""
    from posttrace.analysis.routes.static.entries.launch import launch

    env = {**shell.variables.env, **given}
    launch(shell.m, words, shell.cwd, env, shell.depth + 1)


def _reads(shell: Shell, words: Sequence[str], given: Mapping[str, str], stdin: Text) -> bool:
    """Run a program that is given as the input of an interpreter; false when the command is none."""
    from posttrace.analysis.routes.static.entries import program
    from posttrace.analysis.routes.static.entries.shell.run import run_script

    inner = unwrapped(words)
    if not inner.words:
        return False
    env = {**shell.variables.env, **given, **inner.env}
    rest = [word for word in inner.words[1:] if word not in ("-", "-u", "-s", "-e", "-x", "-l", "-i", "-B")]
    if is_python(inner.words[0]) and (not rest or "-" in inner.words):
        code = program.Code(stdin.content, shell.path, stdin.line)
        program.run_code(shell.m, code, ["-", *rest], shell.cwd, env)
        return True
    batch = posixpath.basename(inner.words[0]) in ("sbatch", "qsub", "ssh", "bsub")
    if batch or (is_shell(inner.words[0]) and not rest):
        places = [shell.path, *rest] if not batch else [shell.path]
        run_script(
            shell.m, stdin.content, shell.path, shell.cwd, env, places, shell.depth + 1, first=stdin.line
        )
        return True
    return False


def write(shell: Shell, path: str, out: Text, *, appends: bool) -> None:
    """A file that a command writes."""
    space = shell.m.workspace
    target = space.relative(path, shell.cwd)
    content = out.content.encode("utf-8", "replace")
    if appends and target in space.files:
        content = space.files[target] + content
    space.write(target, content, (shell.path, out.line))


# -- builtins ----------------------------------------------------------------------------------------------


def _cd(shell: Shell, words: list[str], stdin: Text | None) -> Text | None:
    places = [word for word in words[1:] if not word.startswith("-")]
    if places and places[0] != "*":
        shell.cwd = shell.m.workspace.folder(places[0], shell.cwd, shell.path)
    return None


def _leave(shell: Shell, words: list[str], stdin: Text | None) -> Text | None:
    raise Halted


def _return(shell: Shell, words: list[str], stdin: Text | None) -> Text | None:
    raise Return


def _source(shell: Shell, words: list[str], stdin: Text | None) -> Text | None:
    """Another script, in this shell."""
    from posttrace.analysis.routes.static.entries.shell import syntax

    path = shell.m.workspace.find(words[1], shell.cwd, shell.path) if len(words) > 1 else None
    if path is None or shell.calls > 6:
        return None
    shell.m.workspace.read.add(path)
    before = shell.path, shell.first, shell.variables.places
    shell.path, shell.first = path, 1
    if len(words) > 2:
        shell.variables.places = [shell.path, *words[2:]]
    shell.calls += 1
    try:
        with shell.m.at(path):
            shell.block(syntax.statements(syntax.parse(shell.m.workspace.files[path]).root_node))
    except Return:
        pass
    finally:
        shell.path, shell.first, shell.variables.places = before
        shell.calls -= 1
    return None


def _evaluate(shell: Shell, words: list[str], stdin: Text | None) -> Text | None:
    from posttrace.analysis.routes.static.entries.shell import syntax

    root = syntax.parse(" ".join(words[1:]).encode("utf-8", "replace")).root_node
    first = shell.first
    shell.first, shell.calls = shell.m.line, shell.calls + 1
    try:
        return shell.block(syntax.statements(root)) if shell.calls < 8 else None
    finally:
        shell.first, shell.calls = first, shell.calls - 1


def _read(shell: Shell, words: list[str], stdin: Text | None) -> Text | None:
    """``read -r -d '' NAME <<EOF``: the whole text; else a line that is not known."""
    names = [word for word in words[1:] if word and not word.startswith("-")]
    if names:
        whole = any(word == "-d" or (word[:1] == "-" and word.endswith("d")) for word in words)
        known = stdin.content if stdin is not None else "*"
        shell.variables.env[names[-1]] = known if whole or "\n" not in known.strip() else "*"
    return None


def _set(shell: Shell, words: list[str], stdin: Text | None) -> Text | None:
    if "--" in words:
        shell.variables.places = [shell.variables.places[0], *words[words.index("--") + 1 :]]
        shell.variables.counted = True
    return None


def _shift(shell: Shell, words: list[str], stdin: Text | None) -> Text | None:
    count = int(words[1]) if len(words) > 1 and words[1].isdigit() else 1
    places = shell.variables.places
    shell.variables.places = [places[0], *places[1 + count :]]
    return None


def _cat(shell: Shell, words: list[str], stdin: Text | None) -> Text | None:
    places = [word for word in words[1:] if word != "-" and not word.startswith("-")]
    if not places:
        return stdin
    path = shell.m.workspace.find(places[0], shell.cwd, shell.path) if len(places) == 1 else None
    return Text(shell.m.workspace.files[path].decode("utf-8", "replace"), shell.m.line) if path else None


def _tee(shell: Shell, words: list[str], stdin: Text | None) -> Text | None:
    for word in words[1:] if stdin is not None else []:
        if not word.startswith("-") and stdin is not None:
            write(shell, word, stdin, appends="-a" in words)
    return stdin


def _nothing(shell: Shell, words: list[str], stdin: Text | None) -> Text | None:
    return None


_HANDLERS: Final[Mapping[str, Callable[[Shell, list[str], Text | None], Text | None]]] = {
    "cd": _cd,
    "pushd": _cd,
    "exit": _leave,
    "return": _return,
    "source": _source,
    ".": _source,
    "eval": _evaluate,
    "read": _read,
    "set": _set,
    "shift": _shift,
    "cat": _cat,
    "tee": _tee,
    **dict.fromkeys(["trap", "alias", "[", "test", "wait", "sleep", "mkdir", "true", "false", ":"], _nothing),
}


# -- programs whose output is known ------------------------------------------------------------------------


def _echo(shell: Shell, words: list[str]) -> str:
    interprets = "-e" in words[:2]
    text = " ".join(
        word for i, word in enumerate(words) if not (i < 2 and word in ("-e", "-n", "-ne", "-en"))
    )
    return (text.replace("\\n", "\n").replace("\\t", "\t") if interprets else text) + "\n"


def _printf(shell: Shell, words: list[str]) -> str:
    if not words:
        return ""
    text, rest = words[0].replace("\\n", "\n").replace("\\t", "\t"), words[1:]
    for word in rest:
        text = text.replace("%s", word, 1)
    return text


def _dirname(shell: Shell, words: list[str]) -> str:
    return posixpath.dirname(words[-1]) or "." if words else "*"


def _basename(shell: Shell, words: list[str]) -> str:
    places = [word for word in words if not word.startswith("-")]
    name = posixpath.basename(places[0]) if places else "*"
    return name.removesuffix(places[1]) if len(places) > 1 else name


def _last(shell: Shell, words: list[str]) -> str:
    return words[-1] if words else "*"


_SPOKEN: Final[Mapping[str, Callable[[Shell, list[str]], str]]] = {
    "echo": _echo,
    "printf": _printf,
    "pwd": lambda shell, words: shell.cwd or ".",
    "dirname": _dirname,
    "basename": _basename,
    **dict.fromkeys(["realpath", "readlink", "which"], _last),
}
