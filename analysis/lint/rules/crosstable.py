"""Do tables that speak of the same runs print the same numbers?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Final

from posttrace.analysis.lint.book import Book, same_runs
from posttrace.analysis.lint.finding import Finding
from posttrace.analysis.lint.printed import Printed, below, differ
from posttrace.analysis.lint.rules.base import found
from posttrace.analysis.lint.sheet import Cell, Line, Sheet

At = tuple[Line, Cell]
AGAIN: Final = "another run of the same configuration"


@dataclass(frozen=True)
class CrossTable:
    """One baseline for each task and base model, one test size for each task, one best for each cell.

    A baseline or size counts as the usual one when more than half of at least three lines print it. Every
    best is compared with the same cell of the other tables, with the submissions of its runs, and an
    improvement with the largest of repeated runs.
    """

    name: str = "cross-table"
    question: str = "do lines about the same runs print the same numbers?"

    def __call__(self, book: Book) -> Iterator[Finding]:
        """Numbers that differ from what another line prints for the same thing."""
        yield from self._baselines(book)
        yield from self._sizes(book)
        yield from self._cells(book)
        yield from self._submissions(book)
        yield from self._repeated(book)

    def _baselines(self, book: Book) -> Iterator[Finding]:
        groups: dict[tuple[str, str], list[At]] = {}
        for line in book.data:
            cell = _baseline(line)
            if cell and {"task", "base_model"} <= line.key.keys():
                groups.setdefault((line.key["task"], line.key["base_model"]), []).append((line, cell))
        for group in groups.values():
            words = "the baseline of this task and base model"
            yield from self._unusual(group, words, "a baseline evaluated again")

    def _sizes(self, book: Book) -> Iterator[Finding]:
        groups: dict[str, list[At]] = {}
        for line in book.data:
            cell = line.cell("n_items")
            if cell and "task" in line.key:
                groups.setdefault(line.key["task"], []).append((line, cell))
        for group in groups.values():
            yield from self._unusual(group, "test items of this task", "another split of the task")

    def _unusual(self, group: Sequence[At], words: str, explanation: str) -> Iterator[Finding]:
        values = [cell.number.value for _, cell in group if cell.number]
        [(usual, times)] = Counter(values).most_common(1)
        if times < 2 or 2 * times <= len(values):
            return
        known = next(cell.number for _, cell in group if cell.number and cell.number.value == usual)
        for line, cell in group:
            if cell.number and known and differ(cell.number, known):
                expected = f"{known.text}, {words} in {times} other lines"
                yield found(self, (line, cell), expected, [explanation], "information")

    def _cells(self, book: Book) -> Iterator[Finding]:
        for sheet in book.sheets:
            for line in sheet.data:
                cell = line.cell("best")
                others = _elsewhere(book, sheet, line) if cell else []
                if cell and cell.number and others and all(_other(cell.number, each) for _, each in others):
                    shown = "; ".join(
                        f"{each.text} ({other.table}, row {other.row})" for other, each in others
                    )
                    yield found(self, (line, cell), f"the same as {shown}", [AGAIN])

    def _submissions(self, book: Book) -> Iterator[Finding]:
        bests = [line for line in book.data if line.cell("best") and not line.text("submission")]
        for group in _runs(book):
            at = max(group, key=lambda each: each[1].number.low if each[1].number else 0.0)
            whole = {"task", "agent", "mode", "base_model"} <= at[0].key.keys()
            same = [line for line in bests if whole and {"agent", "mode"} <= line.key.keys()]
            same = [line for line in same if same_runs(at[0], line)]
            numbers = [(line, best) for line in same if (best := line.number("best"))]
            if not numbers or not at[1].number:
                continue
            shown = "; ".join(f"{best.text} ({line.table}, row {line.row})" for line, best in numbers)
            if all(below(best, at[1].number) for _, best in numbers):
                yield found(self, at, f"at most the best of this cell: {shown}", [AGAIN])
            elif all(below(each, best) for each in _numbers(group) for _, best in numbers):
                fit = [AGAIN, "submissions that the table does not show"]
                yield found(self, at, f"the best of this cell: {shown}", fit, "information")

    def _repeated(self, book: Book) -> Iterator[Finding]:
        for line in book.data:
            cell, runs = line.cell("improvement"), book.repeated(line)
            if not (cell and cell.number and runs) or runs is line:
                continue
            largest = runs.number("max")
            if largest and below(largest, cell.number):
                where = f"{runs.table}, row {runs.row}"
                expected = f"at most {largest.text}, the largest of the repeated runs ({where})"
                yield found(self, (line, cell), expected, ["a run that is not one of those"], "information")


def _baseline(line: Line) -> Cell | None:
    if cell := line.cell("baseline"):
        return cell
    return line.cell("score") if line.is_baseline else None


def _numbers(group: Sequence[At]) -> list[Printed]:
    return [cell.number for _, cell in group if cell.number]


def _other(number: Printed, cell: Cell) -> bool:
    return cell.number is not None and differ(number, cell.number)


def _elsewhere(book: Book, sheet: Sheet, line: Line) -> list[At]:
    """The same cell in other tables: same task, base model and mode, same agent where both name one."""
    if not {"task", "base_model", "mode"} <= line.key.keys():
        return []
    if not sheet.wide and "agent" not in line.key:
        return []
    found_ = []
    # a wide table looks into all long ones, not the reverse: it may be about some of their agents only
    before = takewhile(lambda other: other is not sheet, book.sheets)
    for other in book.sheets if sheet.wide else before:
        for candidate in other.data if other is not sheet and not other.wide else ():
            cell = candidate.cell("best")
            if cell and same_runs(line, candidate) and {"base_model", "mode"} <= candidate.key.keys():
                found_.append((candidate, cell))
    return found_


def _runs(book: Book) -> Iterator[list[At]]:
    """Scored submissions of each run, without its baseline."""
    for sheet in book.sheets:
        groups: dict[tuple[tuple[str, str], ...], list[At]] = {}
        for line in sheet.data:
            cell = line.cell("score")
            if cell and line.text("submission") and not line.is_baseline:
                groups.setdefault(tuple(line.key.items()), []).append((line, cell))
        yield from groups.values()
