"""Reported tables as they were printed: every cell a string, so that digits after the point are not lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from posttrace.traces.errors import InputError

PREFIX: Final = "published:"
"""How the name of a shipped table or group of tables begins."""
DATA: Final = Path(__file__).parent / "data"


@dataclass(frozen=True)
class Table:
    """One table. ``cells``: every value a stripped string as printed, missing ones NA; columns as named."""

    name: str
    cells: pd.DataFrame

    @classmethod
    def read(cls, path: Path, name: str | None = None) -> Table:
        """Read a CSV file. Raises ``InputError`` when it is missing, is no CSV, or has no rows."""
        try:
            cells = pd.read_csv(path, dtype="string", keep_default_na=False, na_values=[""])
        except FileNotFoundError:
            raise InputError(f"{path}: no such file") from None
        except (OSError, UnicodeDecodeError, pd.errors.ParserError) as error:
            raise InputError(f"{path}: cannot be read as a CSV table ({error})") from None
        except pd.errors.EmptyDataError:
            raise InputError(f"{path}: an empty file; a CSV table with a header is needed") from None
        return cls.of(cells, name or str(path))

    @classmethod
    def of(cls, frame: pd.DataFrame, name: str = "table") -> Table:
        """A frame as a table; numbers are written in the shortest way that reads back the same.

        Raises ``InputError`` for a frame without rows, or with two columns of one name.
        """
        if frame.empty:
            raise InputError(f"{name}: a table without rows")
        if frame.columns.duplicated().any():
            twice = frame.columns[frame.columns.duplicated()][0]
            raise InputError(f"{name}: column {twice} is there twice")
        cells = frame.astype("string").apply(lambda column: column.str.strip())
        return cls(name, cells.replace("", pd.NA).rename(columns=str).reset_index(drop=True))

    def require(self, columns: Sequence[str]) -> None:
        """Raise ``InputError`` that names the columns this table lacks."""
        missing = [column for column in columns if column not in self.cells]
        if missing:
            there = ", ".join(self.cells.columns)
            raise InputError(f"{self.name}: no column {', '.join(missing)}; there are {there}")

    def numbers(self, column: str) -> pd.Series:
        """A column as float64; NaN where a cell is missing or is no number ("11-13", ">1.5")."""
        return pd.to_numeric(self.cells[column], errors="coerce").astype("float64")

    def decimals(self, column: str) -> pd.Series:
        """Digits after the point of each cell as printed; 0 for an integer or a cell that is no number."""
        return self.cells[column].str.extract(r"\.(\d+)$")[0].str.len().fillna(0).astype("int64")


def names() -> dict[str, list[str]]:
    """Group -> names of the shipped tables: agent2, ftdojo, gome, mlebench, rdagent."""
    found: dict[str, list[str]] = {}
    for path in sorted(DATA.glob("*.csv")):
        found.setdefault(path.stem.split("_")[0], []).append(path.stem)
    return found


def open_tables(word: str | Path) -> tuple[Table, ...]:
    """Tables that a word names: ``published:GROUP``, ``published:TABLE``, or the path of a CSV file.

    Raises ``InputError`` for a name that is not shipped and for a file that cannot be read.
    """
    text = str(word)
    if not text.startswith(PREFIX):
        return (Table.read(Path(word)),)
    name, shipped = text.removeprefix(PREFIX), names()
    stems = shipped.get(name) or [stem for group in shipped.values() for stem in group if stem == name]
    if not stems:
        raise InputError(f"{text}: shipped are {', '.join(PREFIX + group for group in shipped)}")
    return tuple(Table.read(DATA / f"{stem}.csv", stem) for stem in stems)


Tabular = Table | pd.DataFrame | str | Path
"""What a function on tables takes: one, a frame, a CSV file, or ``published:NAME``."""


def as_tables(what: Tabular) -> tuple[Table, ...]:
    """The table or tables that ``what`` is or names. Raises ``InputError`` as ``open_tables``."""
    if isinstance(what, Table):
        return (what,)
    return (Table.of(what),) if isinstance(what, pd.DataFrame) else open_tables(what)


def is_table(word: str) -> bool:
    """A word of the command line that names a table rather than traces."""
    return word.startswith(PREFIX) or word.lower().endswith(".csv")


def named_tables(words: Sequence[str]) -> tuple[Table, ...]:
    """All tables that words name. Raises ``InputError`` when some of the words name none."""
    others = [word for word in words if not is_table(word)]
    if others:
        raise InputError(f"{', '.join(others)}: no table; give CSV files or {PREFIX}NAME, and traces apart")
    return tuple(table for word in words for table in open_tables(word))
