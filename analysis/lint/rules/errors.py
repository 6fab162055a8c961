"""Are the errors of one table all SDs, or all standard errors?"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from posttrace.analysis.lint.book import Book
from posttrace.analysis.lint.finding import Finding
from posttrace.analysis.lint.printed import Printed, differ, number
from posttrace.analysis.lint.rules.base import found
from posttrace.analysis.lint.sheet import Cell, Line
from posttrace.analysis.lint.vocabulary import PATTERNS, normal

Pair = tuple[Printed, Printed]
LEVELS = ("percent", "score", "best", "mean")
STEMS = 2
"""Values that two rows must share before they count as the same result printed twice."""


@dataclass(frozen=True)
class Errors:
    """SD = SEM sqrt(N): in one row that has both, and between two rows that print the same result twice.

    Two rows are the same result when the name of one begins with the other's, N is the same, and at least
    two values with errors agree. Their errors must be equal, or differ by sqrt(N) where the rows say so.
    """

    name: str = "errors"
    question: str = "are errors under one name all SDs, or all standard errors?"

    def __call__(self, book: Book) -> Iterator[Finding]:
        """Errors that differ from the same error elsewhere."""
        for line in book.data:
            yield from self._row(line)
        for sheet in book.sheets:
            for a, b in _namesakes([line for line in sheet.data if line.all("error")]):
                yield from self._twice(a, b)

    def _row(self, line: Line) -> Iterator[Finding]:
        sd, sem, n = line.number("sd"), line.cell("sem"), line.count("n_runs")
        if not (sd and sem and sem.number and n):
            return
        if not any(_ratio_fits((sd, sem.number), math.sqrt(each)) for each in (n, n - 1)):  # either divisor
            expected = f"{number(sd.value / math.sqrt(n))} = {sd.text}/sqrt({n})"
            yield found(
                self, (line, sem), expected, ["an interval's half width", "another N for one of the two"]
            )

    def _twice(self, a: Line, b: Line) -> Iterator[Finding]:
        shared, n = _shared(a, b), a.count("n_runs")
        if len(shared) < STEMS or n is None or n < 2 or n != b.count("n_runs"):
            return
        kinds = {(line.text("error_is") or "").casefold() for line in (a, b)}
        for first, second in shared:
            assert first.number is not None  # ``_shared`` chose numbers
            assert second.number is not None
            large, small = sorted((first.number, second.number), key=lambda each: -each.value)
            same, root = not differ(large, small), _ratio_fits((large, small), math.sqrt(n))
            if (same and len(kinds) == 1) or (root and kinds == {"sd", "sem"}):
                continue
            at = (b, second)
            if root:
                words = f"{first.text} (row {a.row}): a factor of {number(large.value / small.value)}"
                fit = [
                    f"an SD in one row, its standard error in the other: sqrt({n}) = {number(math.sqrt(n))}"
                ]
                yield found(self, at, words, fit, "information" if kinds == {""} else "inconsistent")
            else:
                words = f"{first.text} (row {a.row}), or by sqrt({n}) = {number(math.sqrt(n))} apart"
                yield found(self, at, words, ["different runs in the two rows"], "inconsistent")


def _namesakes(lines: Sequence[Line]) -> Iterator[tuple[Line, Line]]:
    """Two rows of which the name of one begins with the other's, the upper one first."""
    ordered = sorted(lines, key=_name)  # what begins with a name follows it
    for i, line in enumerate(ordered):
        for other in ordered[i + 1 :]:
            if not _name(other).startswith(_name(line)):
                break
            yield (line, other) if line.row < other.row else (other, line)


def _name(line: Line) -> str:
    return line.key.get("agent", line.label.casefold())


def _ratio_fits(pair: Pair, ratio: float) -> bool:
    large, small = pair
    return large.low <= ratio * small.high and large.high >= ratio * small.low


def _shared(a: Line, b: Line) -> list[tuple[Cell, Cell]]:
    """Error cells above 0 of two rows that print the same values; none when a value differs."""
    first, second = _by_stem(a), _by_stem(b)
    stems = first.keys() & second.keys()
    named = all(a.key[role].startswith(b.key[role]) for role in a.key.keys() & b.key.keys())
    named |= all(b.key[role].startswith(a.key[role]) for role in a.key.keys() & b.key.keys())
    if not named or any(differ(first[stem][0], second[stem][0]) for stem in stems):
        return []
    cells = [(first[stem][1], second[stem][1]) for stem in first if stem in stems]
    return [(x, y) for x, y in cells if x.number and y.number and min(x.number.value, y.number.value) > 0]


def _by_stem(line: Line) -> dict[str, tuple[Printed, Cell]]:
    """Stem -> the value and the cell of its error: low_pct and low_err."""
    values = {normal(c.column): c.number for role in LEVELS for c in line.all(role) if c.number}
    found_: dict[str, tuple[Printed, Cell]] = {}
    for cell in line.all("error"):
        match = PATTERNS["error"].fullmatch(normal(cell.column))
        stem = match["stem"] if match else ""
        value = next((number for name, number in values.items() if name.split("_")[0] == stem), None)
        if value:
            found_[stem] = (value, cell)
    return found_
