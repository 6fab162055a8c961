"""What a rule found, and what would explain it without anybody being wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import pandas as pd

Severity = Literal["inconsistent", "information"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)


@dataclass(frozen=True)
class Finding:
    """One printed number that does not fit the others.

    ``inconsistent``: read as labelled, the numbers cannot all hold. ``information``: they hold under a
    condition that the table does not state. ``row``: 1-based, the first line below the header is 1; ``rows``:
    every row with the same finding. ``of``: what the row is about, from its naming columns. ``expected``:
    in words. ``tolerance``: by how much rounding may have moved ``value``, in its own units; None where the
    comparison is not about digits. ``explanations``: what would make the numbers fit.
    """

    rule: str
    table: str
    row: int
    of: str
    column: str
    value: str
    expected: str
    tolerance: float | None
    explanations: tuple[str, ...]
    severity: Severity = "inconsistent"
    rows: tuple[int, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "rule": self.rule,
            "severity": self.severity,
            "table": self.table,
            "row": self.row,
            "rows": list(self.rows or (self.row,)),
            "of": self.of,
            "column": self.column,
            "value": self.value,
            "expected": self.expected,
            "tolerance": self.tolerance,
            "explanations": list(self.explanations),
        }


@dataclass(frozen=True)
class Findings(Sequence[Finding]):
    """Findings in the order of rules, tables and rows; ``notes``: what was read, and what was not."""

    found: tuple[Finding, ...]
    notes: tuple[str, ...] = ()

    @property
    def inconsistent(self) -> bool:
        """At least one finding that no stated condition resolves."""
        return any(finding.severity == "inconsistent" for finding in self.found)

    def __len__(self) -> int:
        return len(self.found)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.found)

    def __getitem__(self, index: Any) -> Any:
        return self.found[index]

    def to_json(self) -> list[dict[str, Any]]:
        """A list of objects, one for each finding."""
        return [finding.to_json() for finding in self.found]

    def table(self) -> pd.DataFrame:
        """One row for each finding; rows and explanations joined by "; "."""
        rows = [
            each | {name: "; ".join(map(str, each[name])) for name in ("rows", "explanations")}
            for each in self.to_json()
        ]
        return pd.DataFrame(rows, columns=COLUMNS)


COLUMNS = [
    "rule",
    "severity",
    "table",
    "row",
    "rows",
    "of",
    "column",
    "value",
    "expected",
    "tolerance",
    "explanations",
]


def merged(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """One finding where several rows repeat the same number and the same words about it."""
    groups: dict[tuple[object, ...], list[Finding]] = {}
    for each in findings:
        same = (each.rule, each.table, each.column, each.value, each.expected, each.explanations)
        groups.setdefault(same, []).append(each)
    return tuple(
        replace(group[0], rows=tuple(dict.fromkeys(each.row for each in group)), of=_shared(group))
        for group in groups.values()
    )


def _shared(group: list[Finding]) -> str:
    """Names that all rows of a group share, in the order of the first."""
    parts = [each.of.split(", ") for each in group]
    return ", ".join(part for part in parts[0] if all(part in other for other in parts))
