"""A table as the rules read it: lines with cells by role. A column that is named like a task is its score."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import pandas as pd

from posttrace.analysis.lint.printed import Printed, parse
from posttrace.analysis.lint.vocabulary import NAMES, is_percent, roles
from posttrace.analysis.published.tables import Table

TOTAL: Final = re.compile(r"\b(total|sum)\b", re.IGNORECASE)
BASELINE: Final = re.compile(r"base(line)?", re.IGNORECASE)
WHOLE: Final = frozenset({"n_items", "n_runs", "submissions", "best_at", "part"})
"""Roles of counts that nobody rounds."""
MOST: Final = 10**12
"""A larger number of items or runs is no count."""
LEVELS: Final = frozenset({"score", "best", "baseline", "improvement", "mean", "max", "min"})
RATES: Final = frozenset({"rate", "percent"})
"""Roles whose numbers are printed on one scale."""
KEY: Final = ("workspace", "task", "agent", "driver", "mode", "base_model", "budget")
"""Roles that say which runs a line is about."""


@dataclass(frozen=True)
class Cell:
    """One printed cell: its column, text, and number where it is a plain one."""

    column: str
    text: str
    number: Printed | None


@dataclass(frozen=True)
class Line:
    """One row, or one cell of a wide table. ``row``: 1 is the first below the header.

    ``cells``: role -> its cells that are not empty. ``label``: text of the first column.
    """

    table: str
    row: int
    label: str
    cells: Mapping[str, tuple[Cell, ...]]

    def all(self, role: str) -> tuple[Cell, ...]:
        """Cells of a role whose text is a number."""
        return tuple(cell for cell in self.cells.get(role, ()) if cell.number)

    def cell(self, role: str) -> Cell | None:
        """The one cell of a role that is a number."""
        return next(iter(self.all(role)), None)

    def number(self, role: str) -> Printed | None:
        """The number of a role."""
        cell = self.cell(role)
        return cell.number if cell else None

    def count(self, role: str) -> int | None:
        """A positive whole number of a role; None for anything else, and for more than anybody counted."""
        number = self.number(role)
        counted = number is not None and 0 < number.value <= MOST and number.value % 1 == 0
        return int(number.value) if number and counted else None

    def text(self, role: str) -> str | None:
        """Text of a naming role."""
        cells = self.cells.get(role)
        return cells[0].text if cells else None

    @property
    def is_total(self) -> bool:
        """The row adds up others."""
        return bool(TOTAL.search(self.label))

    @property
    def is_baseline(self) -> bool:
        """The row is the base model's: its note or mode says so, or it is submission 0."""
        said = (self.text("note") or "", self.text("mode") or "")
        return any(BASELINE.fullmatch(text) for text in said) or self.text("submission") == "0"

    @property
    def key(self) -> dict[str, str]:
        """Naming role -> its text in lower case."""
        return {role: text.casefold() for role in KEY if (text := self.text(role))}

    @property
    def of(self) -> str:
        """What the line is about, in words."""
        return ", ".join(dict.fromkeys(text for role in KEY if (text := self.text(role)))) or self.label


@dataclass(frozen=True)
class Sheet:
    """A table with the role of each of its columns. ``tasks``: names that a wide table may use as columns."""

    table: Table
    tasks: Set[str] = field(default=frozenset())

    @property
    def name(self) -> str:
        """The table's name."""
        return self.table.name

    @cached_property
    def roles(self) -> dict[str, str]:
        """Column -> role."""
        return roles(list(self.table.cells.columns))

    @cached_property
    def wide(self) -> list[str]:
        """Columns that are named like tasks, in a table without a column of tasks."""
        if "task" in self.roles.values():
            return []
        return [column for column in self.table.cells.columns if column.casefold() in self.tasks]

    @property
    def has_numbers(self) -> bool:
        """There is a column that a rule reads."""
        return bool(self.wide or set(self.roles.values()) - set(NAMES))

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """Rows from top to bottom; each task of a wide table one line."""
        return tuple(line for row in range(len(self.table.cells)) for line in self._lines(row))

    @cached_property
    def data(self) -> tuple[Line, ...]:
        """Lines that are no totals."""
        return tuple(line for line in self.lines if not line.is_total)

    def scale(self, column: str) -> float:
        """What a share of one is printed as in a column: 100, or 1 where no number of its kind is above 1.

        A column named per cent, or with a per cent sign, is; rates are one kind, levels and gains the other.
        """
        kind: Set[str] = RATES if self.roles.get(column) in RATES else LEVELS
        return 100.0 if is_percent(column) or self._largest[kind] > 1 else 1.0

    @cached_property
    def _largest(self) -> dict[Set[str], float]:
        """Largest number of each kind in columns whose names do not tell the scale."""
        largest: dict[Set[str], float] = {LEVELS: 0.0, RATES: 0.0}
        for kind in largest:
            for cell in (cell for line in self.lines for role in kind for cell in line.all(role)):
                if cell.number and not is_percent(cell.column):
                    value = 100.0 if cell.text.endswith("%") else abs(cell.number.value)
                    largest[kind] = max(largest[kind], value)
        return largest

    def no_numbers(self) -> list[str]:
        """Texts in columns of numbers that are none."""
        return [
            cell.text
            for line in self.lines
            for role, cells in line.cells.items()
            if role not in NAMES
            for cell in cells
            if cell.number is None
        ]

    def _lines(self, row: int) -> Iterator[Line]:
        values = self.table.cells.iloc[row]
        label = next((str(value) for value in values if pd.notna(value)), "")
        cells: dict[str, tuple[Cell, ...]] = {}
        for column, role in self.roles.items():
            if pd.notna(values[column]):
                cells[role] = (*cells.get(role, ()), _cell(column, str(values[column]), role))
        if not self.wide:
            yield Line(self.name, row + 1, label, cells)
        for column in self.wide:
            if pd.notna(values[column]):
                yield Line(self.name, row + 1, label, cells | _score(column, str(values[column]), cells))


def _score(column: str, text: str, cells: Mapping[str, tuple[Cell, ...]]) -> dict[str, tuple[Cell, ...]]:
    mode = cells.get("mode")
    role = "baseline" if mode and BASELINE.fullmatch(mode[0].text) else "best"
    return {"task": (Cell(column, column, None),), role: (_cell(column, text, role),)}


def _cell(column: str, text: str, role: str) -> Cell:
    number = None if role in NAMES else parse(text)
    return Cell(column, text, number.exact() if number and role in WHOLE else number)
