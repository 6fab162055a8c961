"""Read-me files: the commands in their fenced blocks, run as the shell scripts that they are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from posttrace.analysis.routes.static.shell import run_script

if TYPE_CHECKING:
    from posttrace.analysis.routes.static.machine import Machine

_FENCE: Final = re.compile(r"^\s*(```+|~~~+)\s*\{?\.?([\w+-]*)")
_SHELLS: Final = frozenset({"bash", "sh", "shell", "console", "zsh", "shell-session", "terminal", "cmd", ""})
_PROMPT: Final = re.compile(r"^\s*(?:\([\w.-]+\)\s*)?[$>]\s+")
_MOST_BLOCKS: Final = 60


def run_document(m: Machine, path: str) -> str:
    """Run the commands that a document shows, in order."""
    m.workspace.read.add(path)
    text = m.workspace.files[path].decode("utf-8", "replace")
    for first, script in blocks(text)[:_MOST_BLOCKS]:
        run_script(m, script, path, "", {}, [path], 1, first=first)
    return path


def blocks(text: str) -> list[tuple[int, str]]:
    """Fenced blocks of shell commands, prompts taken off: line of the first, and the text."""
    found: list[tuple[int, str]] = []
    fence, shell, lines, first = "", False, list[str](), 0
    for number, line in enumerate(text.splitlines(), 1):
        match = _FENCE.match(line)
        if not fence and match:
            fence, shell = match.group(1), match.group(2).lower() in _SHELLS
            lines, first = [], number + 1
        elif fence and line.strip().startswith(fence):
            if shell and lines:
                found.append((first, _commands(lines)))
            fence = ""
        elif fence:
            lines.append(line)
    return found


def _commands(lines: list[str]) -> str:
    """Of a session with prompts, the lines behind them; what else is there is output."""
    if not any(_PROMPT.match(line) and not line.lstrip().startswith(">") for line in lines):
        return "\n".join(lines)
    kept, goes_on = [], False
    for line in lines:
        prompt = bool(_PROMPT.match(line))
        kept.append(_PROMPT.sub("", line) if prompt else line if goes_on else "")
        goes_on = (prompt or goes_on) and line.rstrip().endswith("\\")
    return "\n".join(kept)
