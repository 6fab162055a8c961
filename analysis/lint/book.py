"""Tables that are read together: what one says about the rows of another."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from posttrace.analysis.lint.sheet import Line, Sheet
from posttrace.analysis.lint.vocabulary import roles
from posttrace.analysis.published.tables import Table


@dataclass(frozen=True)
class Book:
    """Sheets in the order given."""

    sheets: tuple[Sheet, ...]

    @classmethod
    def of(cls, tables: Sequence[Table]) -> Book:
        """Tables as sheets; the tasks that one names may be columns of another."""
        tasks: set[str] = set()
        for table in tables:
            for column, role in roles(list(table.cells.columns)).items():
                if role == "task":
                    tasks |= {str(task).casefold() for task in table.cells[column].dropna()}
        return cls(tuple(Sheet(table, frozenset(tasks)) for table in tables))

    @cached_property
    def data(self) -> tuple[Line, ...]:
        """All lines that are no totals."""
        return tuple(line for sheet in self.sheets for line in sheet.data)

    def n_items(self, line: Line) -> int | None:
        """Test items behind a line: its own number, or what a table of tasks says."""
        return line.count("n_items") or next(
            (n for task in self._tasks(line) if (n := task.count("n_items"))), None
        )

    def metric(self, line: Line) -> str | None:
        """The metric that a line or a table of tasks states."""
        return line.text("metric") or next(
            (text for task in self._tasks(line) if (text := task.text("metric"))), None
        )

    def _tasks(self, line: Line) -> list[Line]:
        return self._described.get(line.key.get("task", ""), [])

    @cached_property
    def _described(self) -> dict[str, list[Line]]:
        found: dict[str, list[Line]] = {}
        for line in self.data:
            if "task" in line.key and not line.cells.keys() & {"score", "best", "baseline", "mean", "max"}:
                found.setdefault(line.key["task"], []).append(line)
        return found

    def repeated(self, line: Line) -> Line | None:
        """The one line that gives the mean of repeated runs of what ``line`` is about; itself if it does."""
        if line.number("mean"):
            return line
        if "task" not in line.key or "agent" not in line.key:
            return None
        same = [other for other in self._means if same_runs(line, other)]
        return same[0] if len(same) == 1 else None

    @cached_property
    def _means(self) -> list[Line]:
        return [line for line in self.data if line.number("mean")]


def same_runs(a: Line, b: Line) -> bool:
    """Every naming role that both lines have is the same; a base model may be shortened to its size."""
    shared = a.key.keys() & b.key.keys() - {"workspace"}
    return "task" in shared and all(
        _same_model(a.key[role], b.key[role]) if role == "base_model" else a.key[role] == b.key[role]
        for role in shared
    )


def _same_model(a: str, b: str) -> bool:
    short, long = sorted((a, b), key=len)
    return short == long or short in re.split(r"[-_/\s]+", long)
