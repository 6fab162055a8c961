"""What every rule is, and how it says what it found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from posttrace.analysis.lint.book import Book
from posttrace.analysis.lint.finding import Finding, Severity
from posttrace.analysis.lint.sheet import Cell, Line


class Rule(Protocol):
    """A check with a name. ``question``: what it asks of a table, in one line."""

    @property
    def name(self) -> str:
        """Word by which findings name the rule."""
        ...

    @property
    def question(self) -> str:
        """What is asked, in one line."""
        ...

    def __call__(self, book: Book) -> Iterator[Finding]:
        """Findings, table by table, row by row."""
        ...


def found(
    rule: Rule,
    at: tuple[Line, Cell],
    expected: str,
    explanations: Sequence[str],
    severity: Severity = "inconsistent",
) -> Finding:
    """A finding about one cell of one line."""
    line, cell = at
    return Finding(
        rule=rule.name,
        table=line.table,
        row=line.row,
        of=line.of,
        column=cell.column,
        value=cell.text,
        expected=expected,
        tolerance=float(f"{cell.number.tolerance:.3g}") if cell.number else None,
        explanations=tuple(explanations),
        severity=severity,
    )
