"""Read-me files: the commands in their fenced blocks, run as the shell scripts that they are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from posttrace.analysis.routes.static.entries.launchers import LAUNCHERS, is_python, is_shell, unwrapped
from posttrace.analysis.routes.static.entries.shell import run_script

if TYPE_CHECKING:
    from posttrace.analysis.routes.static.machine.machine import Machine

_FENCE: Final = re.compile(r"^\s*(```+|~~~+)\s*\{?\.?([\w+-]*)")
_SHELLS: Final = frozenset({"bash", "sh", "shell", "console", "zsh", "shell-session", "terminal", "cmd"})
_PROMPT: Final = re.compile(r"^\s*(?:\([\w.-]+\)\s*)?\$\s+")
_INDENTED: Final = re.compile(r"^(?: {4}|\t)\s*\S")
_BLANKS: Final = "    "
_MOST_BLOCKS: Final = 60
LARGEST_BYTES: Final = 2_000_000


def run_document(m: Machine, path: str) -> str:
    """Run the commands that a document shows, in order."""
    m.workspace.read.add(path)
    data = m.workspace.files[path]
    if len(data) > LARGEST_BYTES:
        m.workspace.problems.append(f"{path}: {len(data)} bytes are too many for a document, not read")
        return path
    text = data.decode("utf-8", "replace")
    for first, script in blocks(text)[:_MOST_BLOCKS]:
        before = len(m.workspace.problems)
        run_script(m, script, path, "", {}, [path], 1, first=first)
        del m.workspace.problems[before:]  # examples leave out much, and name files that a reader has
    return path


def blocks(text: str) -> list[tuple[int, str]]:
    """Blocks of shell commands, prompts taken off: line of the first, and the text."""
    found: list[tuple[int, str]] = []
    fence, language, lines, first = "", "", list[str](), 0
    for number, line in enumerate([*text.splitlines(), ""], 1):
        match = _FENCE.match(line)
        indented = bool(_INDENTED.match(line))
        if fence == _BLANKS and not indented:
            found += _commands(first, lines, "")
            fence = ""
        if not fence and (match or indented):
            fence, language = (match.group(1), match.group(2).lower()) if match else (_BLANKS, "")
            lines, first = ([], number + 1) if match else ([line], number)
        elif fence and fence != _BLANKS and line.strip().startswith(fence):
            found += _commands(first, lines, language)
            fence = ""
        elif fence:
            lines.append(line)
    return found


def _commands(first: int, lines: list[str], language: str) -> list[tuple[int, str]]:
    """A block as a script, if it is one; of a session with prompts, the lines behind them."""
    prompted = any(_PROMPT.match(line) for line in lines)
    if not lines or not (language in _SHELLS or (language == "" and any(map(_command, lines)))):
        return []
    if not prompted:
        indent = len(lines[0]) - len(lines[0].lstrip())
        return [(first, "\n".join(line[indent:] if not line[:indent].strip() else line for line in lines))]
    kept, goes_on = [], False
    for line in lines:
        prompt = bool(_PROMPT.match(line))
        kept.append(_PROMPT.sub("", line) if prompt else line if goes_on else "")
        goes_on = (prompt or goes_on) and line.rstrip().endswith("\\")
    return [(first, "\n".join(kept))]


def _command(line: str) -> bool:
    """Whether a line starts a program that is known to start training."""
    words = unwrapped(_PROMPT.sub("", line).split())
    started = line.split()[:1]
    if started and (started[0] in LAUNCHERS or started[0].endswith(".sh")):
        return True
    return bool(words.words) and (is_python(words.words[0]) or is_shell(words.words[0]))
