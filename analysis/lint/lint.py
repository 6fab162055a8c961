"""``lint``: do the numbers of a table fit each other?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import pandas as pd

from posttrace.analysis.lint.book import Book
from posttrace.analysis.lint.finding import Findings, merged
from posttrace.analysis.lint.rules.base import Rule
from posttrace.analysis.lint.rules.best_of import BestOf
from posttrace.analysis.lint.rules.best_of_k import BestOfK
from posttrace.analysis.lint.rules.bounds import Bounds
from posttrace.analysis.lint.rules.crosstable import CrossTable
from posttrace.analysis.lint.rules.errors import Errors
from posttrace.analysis.lint.rules.gains import Gains
from posttrace.analysis.lint.rules.granularity import Granularity
from posttrace.analysis.lint.rules.over_time import OverTime
from posttrace.analysis.lint.rules.rates import Rates
from posttrace.analysis.lint.rules.spread import Spread
from posttrace.analysis.lint.rules.totals import Totals
from posttrace.analysis.lint.sheet import Sheet
from posttrace.analysis.lint.vocabulary import recognised
from posttrace.analysis.published.tables import Table, open_tables
from posttrace.traces.errors import InputError

RULES: Final[tuple[Rule, ...]] = (
    Granularity(),
    Bounds(),
    BestOf(),
    OverTime(),
    BestOfK(),
    Rates(),
    Spread(),
    Errors(),
    Totals(),
    Gains(),
    CrossTable(),
)
SHOWN: Final = 4
"""Texts that a note quotes."""

Readable = Table | pd.DataFrame | str | Path


def lint(table: Readable | Sequence[Readable]) -> Findings:
    """Findings of all rules on one table, or on several that speak of the same runs.

    ``table``: a data frame, the path of a CSV file, ``published:GROUP`` or ``published:TABLE``, a ``Table``,
    or a sequence of these. Cells that are missing or no plain numbers are skipped; notes count them. Raises
    ``InputError`` when no column is known by name.
    """
    book = Book.of(_named_apart(_tables(table)))
    if not any(sheet.has_numbers for sheet in book.sheets):
        names = ", ".join(sheet.name for sheet in book.sheets)
        raise InputError(f"{names}: no column that can be checked; name some of {recognised()}")
    found = merged(finding for rule in RULES for finding in rule(book))
    return Findings(found, (_read(book), *(note for sheet in book.sheets for note in _notes(sheet))))


def _tables(given: Readable | Sequence[Readable]) -> tuple[Table, ...]:
    if isinstance(given, Table):
        return (given,)
    if isinstance(given, pd.DataFrame):
        return (_framed(given),)
    if isinstance(given, str | Path):
        return open_tables(given)
    if not given:
        raise InputError("no table to check; give at least one")
    return tuple(table for each in given for table in _tables(each))


def _named_apart(tables: Sequence[Table]) -> list[Table]:
    """The tables, of which a second one with the same name is called so."""
    times = Counter[str]()
    apart = []
    for table in tables:
        times[table.name] += 1
        again = f" ({times[table.name]})" if times[table.name] > 1 else ""
        apart.append(replace(table, name=table.name + again))
    return apart


def _framed(frame: pd.DataFrame) -> Table:
    """A frame as a table; a whole number of a float column is taken as printed without digits."""
    if frame.empty:
        raise InputError("a table without rows")
    text = frame.astype("string")
    for position, dtype in enumerate(frame.dtypes):
        if dtype.kind == "f":
            text.isetitem(position, text.iloc[:, position].str.removesuffix(".0").array)
    return Table.of(text)


def _read(book: Book) -> str:
    numbers = sum(len(line.all(role)) for sheet in book.sheets for line in sheet.lines for role in line.cells)
    tables = sum(sheet.has_numbers for sheet in book.sheets)
    return f"read {numbers} numbers in {tables} table{'s' * (tables != 1)}"


def _notes(sheet: Sheet) -> list[str]:
    if not sheet.has_numbers:
        return [f"{sheet.name}: no column that can be checked"]
    words = sheet.no_numbers()
    if not words:
        return []
    shown = ", ".join(dict.fromkeys(words[:SHOWN])) + (", ..." if len(words) > SHOWN else "")
    return [f"{sheet.name}: skipped cells that are no plain numbers: {len(words)} ({shown})"]
