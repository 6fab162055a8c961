"""A list of labelled units: a file, or several that run one after the other, at a commit of a repository."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from posttrace.traces.errors import InputError

COLUMNS: Final = ("repo", "commit", "path", "unit", "framework", "label", "handwritten", "evidence")
_CITED: Final = re.compile(r"\[([^\]]*)\]")
_LINE: Final = re.compile(r"^(?:L|(?P<file>[^\s:]+):L?)(?P<line>\d+)$")


@dataclass(frozen=True)
class Unit:
    """What a person read, and the route they found in it."""

    repo: str
    """``owner/name``."""
    commit: str
    paths: tuple[str, ...]
    """In the order in which they run."""
    unit: str
    """``file`` or ``pipeline``."""
    framework: str
    label: str
    handwritten: bool
    difficulty: str
    evidence: str

    @property
    def name(self) -> str:
        """``owner/name: path;path``."""
        return f"{self.repo}: {';'.join(self.paths)}"

    @property
    def lines(self) -> tuple[tuple[str | None, int], ...]:
        """Lines that the person cites: (end of a path, or null for the only file; line number from 1)."""
        parts = (part.strip() for found in _CITED.findall(self.evidence) for part in found.split(","))
        matches = filter(None, map(_LINE.match, parts))
        return tuple((match["file"], int(match["line"])) for match in matches)


def read_units(path: Path) -> list[Unit]:
    """The units of a CSV file with a header.

    Raises ``InputError`` when columns are missing or a row has no path or label.
    """
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: {error}; give the list of labelled units as CSV") from error
    missing = [name for name in COLUMNS if name not in table.columns]
    if missing:
        raise InputError(f"{path}: no column {', '.join(missing)}; needed are {', '.join(COLUMNS)}")
    rows = (dict(zip(table.columns, cells, strict=True)) for cells in table.itertuples(index=False))
    return [_unit(path, number, row) for number, row in enumerate(rows, start=2)]


def _unit(path: Path, number: int, row: Mapping[str, str]) -> Unit:
    paths = tuple(part.strip() for part in row["path"].split(";") if part.strip())
    if not paths or not row["label"].strip():
        raise InputError(f"{path}:{number}: a row needs a path and a label")
    return Unit(
        repo=row["repo"].strip(),
        commit=row["commit"].strip(),
        paths=paths,
        unit=row["unit"].strip(),
        framework=row["framework"].strip(),
        label=row["label"].strip(),
        handwritten=row["handwritten"].strip() == "1",
        difficulty=row.get("difficulty", "").strip(),
        evidence=row["evidence"],
    )
