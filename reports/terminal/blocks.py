"""A frame as tables that fit a terminal: blocks of columns, each with those that tell its rows apart."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import pandas as pd
from rich import box
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from posttrace.analysis.digits import significant
from posttrace.reports.display import DASH, plain

NUMBER: Final = re.compile(r"[–<.\d-]*")
TEXT: Final = 28
"""Characters that a column of words keeps; what is shorter is not folded."""
GAP: Final = 3
"""What the box adds to a column."""
MOST_KEYS: Final = 4


@dataclass(frozen=True)
class Column:
    """A heading and what stands below it, as text."""

    title: str
    cells: Sequence[str]

    @property
    def is_numeric(self) -> bool:
        """Numbers, p-values and dashes alone: set to the right."""
        return all(NUMBER.fullmatch(cell) for cell in self.cells)

    @property
    def natural(self) -> int:
        """Characters at which nothing is folded."""
        return max(map(cell_len, (self.title, *self.cells)))

    @property
    def least(self) -> int:
        """Characters below which numbers, names or words of the heading would be torn."""
        widest = max(map(cell_len, self.cells), default=0)
        return max(min(widest, TEXT), *(cell_len(word) for word in self.title.split() or [""]), 1)


def blocks(frame: pd.DataFrame, width: int) -> Iterator[Table]:
    """``frame`` in one table when ``width`` characters can take it, otherwise in several.

    Every one begins with the leading columns that tell the rows apart, or with their numbers. Nothing is left
    out or cut short: a cell that is wider than its column is folded.
    """
    rest = [
        Column(str(name).replace("_", " "), [_cell(value) for value in frame[name]]) for name in frame.columns
    ]
    keys = [] if _least(rest) <= width else _keys(rest, width)
    rest = rest[len(keys) :] if keys[:1] == rest[:1] else rest
    while True:
        taken = 1
        while taken < len(rest) and _least(keys + rest[: taken + 1]) <= width:
            taken += 1
        yield _table(keys + rest[:taken], width)
        rest = rest[taken:]
        if not rest:
            return


def _keys(columns: Sequence[Column], width: int) -> list[Column]:
    """The few leading columns that tell rows apart; where few and narrow ones do not, the rows' numbers."""
    for n in range(1, min(MOST_KEYS, len(columns)) + 1):
        rows = list(zip(*(column.cells for column in columns[:n]), strict=True))
        if len(set(rows)) == len(rows) and 2 * _least(columns[:n]) <= width:
            return list(columns[:n])
    return [Column("#", [str(number + 1) for number in range(len(columns[0].cells))])]


def _least(columns: Sequence[Column]) -> int:
    return 1 + sum(column.least + GAP for column in columns)


def _widths(columns: Sequence[Column], width: int) -> list[int]:
    """What each column gets: all it needs, up to the largest bound that all of them can have."""
    room = width - 1 - GAP * len(columns)
    for bound in range(max(column.natural for column in columns), 0, -1):
        found = [max(column.least, min(column.natural, bound)) for column in columns]
        if sum(found) <= room:
            return found
    return [min(column.least, max(1, width - GAP - 1)) for column in columns]


def _table(columns: Sequence[Column], width: int) -> Table:
    table = Table(header_style="bold", box=box.SIMPLE_HEAD)
    for column, wide in zip(columns, _widths(columns, width), strict=True):
        justify: Literal["left", "right"] = "right" if column.is_numeric else "left"
        table.add_column(column.title, justify=justify, width=wide, overflow="fold")
    for row in zip(*(column.cells for column in columns), strict=True):
        table.add_row(*map(Text, row))  # text of a trace, not markup
    return table


def _cell(value: object) -> str:
    if value is None or (isinstance(value, float) and pd.isna(value)):
        return DASH
    return significant(value, 5) if isinstance(value, float) else plain(value)
