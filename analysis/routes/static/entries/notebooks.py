"""Notebooks as one program: code cells in order, commands of the shell as calls, other magics left out.

A line of a notebook is counted over its code cells, one after the other, so that a place is a file and a
number as for any program; evidence adds the cell (counted over the code cells from 1) and the line in it.
"""

from __future__ import annotations

import ast
import json
import re
import warnings
from bisect import bisect_right
from dataclasses import dataclass
from typing import Any, Final

SHELL: Final = "__shell__"
"""Name that stands for the ``os`` module in the program: ``__shell__.system(line)``, ``.chdir(path)``."""
_HEREDOC: Final = "END_OF_CELL"
_SHELLS: Final = frozenset({"bash", "sh", "shell", "script", "zsh"})
_CODE: Final = frozenset({"time", "timeit", "capture", "prun", "memit", "python", "python3", "px"})
"""Cell magics whose cell is code that runs."""
_LINE: Final = re.compile(r"^(\s*)(?:([\w, .\[\]]+?)\s*=\s*)?([!%])\s*(.*)$")
_NAME: Final = re.compile(r"(?<!\\)\$(\w+)|\{(\w[\w.\[\]'\"]*)\}")
_HELP: Final = re.compile(r"^\s*\?{1,2}[\w.]+\s*$|^\s*[\w.]+\?{1,2}\s*$")


class NotPython(Exception):
    """A file that is no notebook, or a notebook of another language."""


@dataclass(frozen=True)
class Source:
    """Text of the program; ``starts``: number of lines before each code cell."""

    text: str
    starts: tuple[int, ...]
    problems: tuple[str, ...] = ()

    def cell(self, line: int) -> tuple[int, int]:
        """Code cell of a line, from 1, and the line in it."""
        number = bisect_right(self.starts, line - 1)
        return number, line - (self.starts[number - 1] if number else 0)


IDLE: Final = " in lines that call nothing that trains"
_TRAINS: Final = re.compile(
    r"(train|fit|backward|step|learn|main|run|system|call|Popen)\w*\s*\(|\b(swift|torch\w*|deepspeed|accelerate)\b"
)


def source(content: bytes) -> Source:
    """Program of a notebook. Raises ``NotPython``."""
    try:
        book = json.loads(content.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError) as error:
        raise NotPython(f"is no notebook that can be read: {str(error)[:80]}") from None
    if not isinstance(book, dict):
        raise NotPython("is no notebook: its JSON is no object")
    language = _language(book)
    if language not in ("python", ""):
        raise NotPython(f"a notebook of {language}, which is not read")
    lines: list[str] = []
    starts: list[int] = []
    problems: list[str] = []
    for number, cell in enumerate(_cells(book), 1):
        starts.append(len(lines))
        code = _code(cell)
        if not _parses("\n".join(code)):
            idle = "" if _TRAINS.search("\n".join(code)) else IDLE
            problems.append(f"cell {number}: syntax error{idle}")
        lines.extend(code)
    return Source("\n".join(lines) + "\n", tuple(starts), tuple(problems))


def _language(book: dict[str, Any]) -> str:
    described = book.get("metadata") if isinstance(book.get("metadata"), dict) else {}
    assert isinstance(described, dict)
    for name, key in (("language_info", "name"), ("kernelspec", "language")):
        inner = described.get(name)
        if isinstance(inner, dict) and isinstance(inner.get(key), str):
            return str(inner[key]).lower()
    return ""


def _cells(book: dict[str, Any]) -> list[str]:
    """Text of the code cells; the third version of the format keeps them in worksheets."""
    sheets = book.get("worksheets")
    holders = sheets if isinstance(sheets, list) else [book]
    found: list[str] = []
    for holder in holders:
        cells = holder.get("cells") if isinstance(holder, dict) else None
        for cell in cells if isinstance(cells, list) else []:
            if isinstance(cell, dict) and cell.get("cell_type") == "code":
                text = cell.get("source", cell.get("input", ""))
                found.append("".join(map(str, text)) if isinstance(text, list) else str(text))
    return found


# -- one cell ----------------------------------------------------------------------------------------------


def _code(text: str) -> list[str]:
    """Lines of python for the lines of a cell, one for one."""
    lines = text.replace("\r\n", "\n").split("\n")
    first = next((i for i, line in enumerate(lines) if line.strip()), 0)
    if lines[first].startswith("%%"):
        return _magic_cell(lines, first)
    if _parses(text):
        return lines
    return _magic_lines(lines)


def _magic_cell(lines: list[str], first: int) -> list[str]:
    magic, _, rest = lines[first][2:].strip().partition(" ")
    body = lines[first + 1 :]
    blank = [""] * len(lines)
    if magic in _CODE:
        return [*blank[: first + 1], *_code("\n".join(body))]
    if magic in _SHELLS and rest.split()[:1] not in (["false"], ["echo"]):
        script = "\n" + "\n".join(body)
    elif magic in ("writefile", "file"):
        words = [word for word in rest.split() if not word.startswith("-")]
        target = words[0] if words else "unnamed"
        mode = ">>" if "-a" in rest.split() else ">"
        script = f"cat {mode} {target} <<'{_HEREDOC}'\n" + "\n".join(body) + f"\n{_HEREDOC}\n"
    else:
        return blank
    blank[first] = f"{SHELL}.system({script!r})"
    return blank


def _magic_lines(lines: list[str]) -> list[str]:
    made: list[str] = []
    at = 0
    while at < len(lines):
        match = _LINE.match(lines[at])
        if _HELP.match(lines[at]):
            made.append("")
        elif match is None:
            made.append(lines[at])
        else:
            text = match.group(4)
            after = at
            while text.endswith("\\") and after + 1 < len(lines):
                after += 1
                text = text[:-1] + " " + lines[after].strip()
            made.append(_call(match, text))
            made.extend([""] * (after - at))
            at = after
        at += 1
    return made


def _call(match: re.Match[str], text: str) -> str:
    indent, assigned, sign = match.group(1), match.group(2), match.group(3)
    made = f"{SHELL}.system({_filled(text.lstrip('!'))})" if sign == "!" else _magic(text.lstrip("%"))
    return f"{indent}{assigned} = {made or 'None'}" if assigned else f"{indent}{made or 'pass'}"


def _magic(text: str) -> str:
    name, _, rest = text.strip().partition(" ")
    if name in ("time", "timeit", "prun"):
        return rest if _parses(rest) else ""
    if name == "run":
        return f"{SHELL}.system({_filled('python ' + rest)})"
    if name in ("sx", "system", "bash", "sh"):
        return f"{SHELL}.system({_filled(rest)})"
    if name == "cd":
        return f"{SHELL}.chdir({_filled(rest.strip())})"
    return ""


def _filled(text: str) -> str:
    """A line for the shell as an expression: ``{name}`` and ``$name`` are variables of the program."""
    pieces: list[str] = []
    end = 0
    for match in _NAME.finditer(text):
        name = match.group(1) or match.group(2)
        if name.isdigit() or name.isupper() or not _parses(name):
            continue  # a positional parameter, or a variable of the environment
        pieces += [_escaped(text[end : match.start()]), "{", name, "}"]
        end = match.end()
    if not pieces:
        return repr(text)
    whole = "".join([*pieces, _escaped(text[end:])])
    made = f'f"""{whole}"""'
    return made if _parses(made) else repr(text)


def _escaped(text: str) -> str:
    text = text.replace("\\", "\\\\").replace('"', '\\"')
    return text.replace("{", "{{").replace("}", "}}")


def _parses(text: str) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
    return True
