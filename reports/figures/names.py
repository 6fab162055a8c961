"""Names in figures: how wide they are, folded where their parts meet, cut in the middle as a last resort."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache
from typing import Final

from posttrace.reports import style
from posttrace.reports.display import plain

PARTS: Final = " · "
"""Between the parts of a name."""
LINES: Final = 3
LETTERS: Final = (20, 60, 2)
"""Of a line: from, to, step."""
BOLD: Final = 1.15
"""Width of bold text against ``width``."""
LINE: Final = 0.15
"""Height of a line of a title, in inches at full size."""
PIECES: Final = re.compile(r"[^-_/]*[-_/]|[^-_/]+")
"""What a word that is longer than a line is taken apart into."""


@cache
def width(line: str) -> float:
    """Width of a line in sizes of the text; inside ``style.applied``."""
    from matplotlib.textpath import TextPath

    return float(TextPath((0, 0), line, size=100).get_extents().width) / 100 if line.strip() else 0.0


def advance(line: str) -> float:
    """About ``width``, from the letters one by one: quick for many lines of the same letters."""
    return sum(map(_step, line))


@cache
def _step(letter: str) -> float:
    return width(f"|{letter}|") - width("||")


def drawable(name: str) -> str:
    """The name on one line; letters that no font of the figures has are said by their code points."""
    return "".join(char if _has(char) else f"U+{ord(char):04X} " for char in plain(name)).rstrip()


@cache
def _has(char: str) -> bool:
    from matplotlib import font_manager

    names = style.families()
    return any(font_manager.get_font(font_manager.findfont(name)).get_char_index(ord(char)) for name in names)


def folded(name: str, letters: int) -> str:
    """The name on lines of so many letters: between its parts where that does, else between words."""
    return "\n".join(_lines(name, letters, len))


def folded_alike(names: Iterable[str]) -> list[str]:
    """Names on at most ``LINES`` lines, as narrow as that allows."""
    listed = [drawable(name) for name in names]
    tried = ([folded(name, letters) for name in listed] for letters in range(*LETTERS))
    return next((found for found in tried if all(name.count("\n") < LINES for name in found)), listed)


def fitted(names: Iterable[str], room_in: float, size: float, lines: int = 2) -> dict[str, str]:
    """Name -> how it is drawn on at most so many lines of ``room_in`` inches, in text of ``size`` points.

    Folded as in ``folded``; what is longer loses its middle to an ellipsis. Names that would look the same
    then are numbered. Inside ``style.applied``.
    """
    room = 72 * room_in / style.pt(size)
    shown = {name: _fitted(drawable(name), room, lines) for name in dict.fromkeys(names)}
    if len(set(shown.values())) == len(shown):
        return shown
    numbered = {name: f"{i}{PARTS}{name}" for i, name in enumerate(shown, start=1)}
    return {name: _fitted(drawable(said), room, lines) for name, said in numbered.items()}


def titles(names: Iterable[str], room_in: float, size: float = 9.0, lines: int = 2) -> dict[str, str]:
    """The same for titles of panels, which are bold."""
    return fitted(names, 0.98 * room_in / BOLD, size, lines)


def more_lines(shown: dict[str, str]) -> int:
    """Lines that the longest name has beyond the first."""
    return max((name.count("\n") for name in shown.values()), default=0)


def _fitted(name: str, room: float, lines: int) -> str:
    """All of the name, or of each of its parts as many letters of both ends as fit."""
    whole = _lines(name, room, advance)
    if len(whole) <= lines:
        return "\n".join(whole)
    first, _, rest = name.partition(PARTS)
    if rest and lines > 1:
        return f"{_fitted(first, room, 1)}\n{_fitted(rest, room, lines - 1)}"
    fits, too_long = 1, len(name)
    while too_long - fits > 1:
        kept = (fits + too_long) // 2
        if len(_lines(_without_middle(name, kept), room, advance)) <= lines:
            fits = kept
        else:
            too_long = kept
    return "\n".join(_lines(_without_middle(name, fits), room, advance))


def _without_middle(name: str, kept: int) -> str:
    """So many letters of the name, half of them from its end."""
    tail = kept // 2
    return f"{name[: kept - tail].rstrip()}…{name[len(name) - tail :].lstrip()}"


def _lines(name: str, room: float, size: Callable[[str], float]) -> list[str]:
    """Lines of a ``size`` of at most ``room``, where no letter alone is larger."""
    lines: list[str] = []
    for part in name.split(PARTS):
        if lines and size(lines[-1] + PARTS + part) <= room:
            lines[-1] += PARTS + part
        else:
            lines += _wrapped(part, room, size)
    return lines


def _wrapped(part: str, room: float, size: Callable[[str], float]) -> list[str]:
    lines = [""]
    for word in part.split():
        glue = " " if lines[-1] else ""
        if size(lines[-1] + glue + word) <= room:
            lines[-1] += glue + word
        elif size(word) <= room:
            lines.append(word)
        else:
            for bit in _bits(word, room, size):
                fits = size(lines[-1] + glue + bit) <= room or not lines[-1]
                lines = [*lines[:-1], lines[-1] + glue + bit] if fits else [*lines, bit]
                glue = ""
    return lines


def _bits(word: str, room: float, size: Callable[[str], float]) -> list[str]:
    """Pieces of a word, and the letters of a piece that is still too long."""
    pieces = PIECES.findall(word)
    return [bit for piece in pieces for bit in ([piece] if size(piece) <= room else piece)]
