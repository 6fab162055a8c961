"""Is a total the sum of its rows, and do parts add up?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from posttrace.analysis.lint.book import Book
from posttrace.analysis.lint.finding import Finding, Severity
from posttrace.analysis.lint.printed import Printed, number
from posttrace.analysis.lint.rules.base import found
from posttrace.analysis.lint.sheet import Cell, Line, Sheet
from posttrace.analysis.lint.vocabulary import normal

AVERAGE = re.compile("avg|average|mean|median|per_|max|min")
"""Words of amounts that do not add up."""
AMOUNTS = ("count", "submissions", "n_items", "n_runs")
SHARES = ("percent", "rate")


@dataclass(frozen=True)
class Totals:
    """Rows named total or sum against the rows above them, up to the total before; parts of n_runs.

    Amounts add up; a share of a total is a mean of the rows with weights: equal ones and each amount are
    tried. Whole numbers that end in zeros may be rounded there.
    """

    name: str = "totals"
    question: str = "is a total the sum of its rows, and do parts add up to the whole?"

    def __call__(self, book: Book) -> Iterator[Finding]:
        """Totals and parts that do not add up."""
        for sheet in book.sheets:
            for line in sheet.lines:
                rows = _above(sheet, line) if line.is_total and not sheet.wide else []
                if len(rows) > 1:
                    yield from self._sums(line, rows)
                    yield from self._shares(line, rows)
                yield from self._parts(line)

    def _sums(self, line: Line, rows: Sequence[Line]) -> Iterator[Finding]:
        wrong, right = list[tuple[Cell, str]](), list[str]()
        for role in AMOUNTS:
            for cell in line.all(role):
                addends = _column(rows, role, cell.column)
                if AVERAGE.search(normal(cell.column)) or not addends or not cell.number:
                    continue
                low, high = _range(addends)
                total = _rounded(cell.number)
                if total.low <= high and total.high >= low:
                    right.append(cell.column)
                else:
                    rounding = (
                        f", {number(low)} to {number(high)} with rounding" if high - low >= 1e-6 else ""
                    )
                    value = number(sum(each.value for each in addends))
                    wrong.append((cell, f"{value}, the sum of the {len(rows)} rows above{rounding}"))
        only = f" (they would count in this column only: {', '.join(right)} add up)" if right else ""
        for cell, expected in wrong:
            yield found(self, (line, cell), expected, [f"rows that the table does not show{only}"])

    def _shares(self, line: Line, rows: Sequence[Line]) -> Iterator[Finding]:
        for role in SHARES:
            for cell in line.all(role):
                parts = _column(rows, role, cell.column)
                if not cell.number or len(parts) < len(rows):
                    continue
                least, most = min(part.low for part in parts), max(part.high for part in parts)
                outside = cell.number.high < least or cell.number.low > most
                means = _means(rows, parts)
                ranges = [(low, high) for _, low, high in means.values()]
                if any(cell.number.low <= high and cell.number.high >= low for low, high in ranges):
                    continue
                shown = "; ".join(f"{number(mean)} by {name}" for name, (mean, _, _) in means.items())
                fit = [] if outside else ["a mean with other weights"]
                severity: Severity = "inconsistent" if outside else "information"
                yield found(self, (line, cell), f"a weighted mean of the rows: {shown}", fit, severity)

    def _parts(self, line: Line) -> Iterator[Finding]:
        whole, parts = line.cell("n_runs"), line.all("part")
        if not (whole and whole.number and len(parts) > 1) or line.is_total:
            return
        total = sum(part.number.value for part in parts if part.number)
        if total != whole.number.value:
            names = " + ".join(part.column for part in parts)
            many = total > whole.number.value
            fit = ["runs that count in several columns"] if many else ["a route without a column"]
            severity: Severity = "inconsistent" if many else "information"
            yield found(self, (line, whole), f"{number(total)} = {names}", fit, severity)


def _above(sheet: Sheet, line: Line) -> list[Line]:
    """Rows that a total adds up: above it and any total next to it, down from the total before."""
    earlier = [each for each in sheet.lines if each.row < line.row]
    while earlier and earlier[-1].is_total:
        earlier.pop()
    rows: list[Line] = []
    while earlier and not earlier[-1].is_total:
        rows.append(earlier.pop())
    return rows[::-1]


def _column(rows: Sequence[Line], role: str, column: str) -> list[Printed]:
    cells = [cell for row in rows for cell in row.all(role) if cell.column == column]
    return [cell.number for cell in cells if cell.number]


def _rounded(printed: Printed, at_most: float = float("inf")) -> Printed:
    """A whole number with the unit that its closing zeros suggest; an exact count stays exact."""
    if printed.unit != 1 or printed.value == 0 or printed.value % 1:
        return printed
    digits = f"{abs(int(printed.value))}"
    unit = 10.0 ** (len(digits) - len(digits.rstrip("0")))
    return Printed(printed.text, printed.value, min(unit, at_most))


def _range(addends: Sequence[Printed]) -> tuple[float, float]:
    """Sums that the addends allow; all whole ones are rounded alike, where most digits are shown."""
    units = [_rounded(each).unit for each in addends if each.value]
    coarse = [_rounded(each, max(1.0, min(units, default=1.0))) for each in addends]
    return sum(each.low for each in coarse), sum(each.high for each in coarse)


def _means(rows: Sequence[Line], parts: Sequence[Printed]) -> dict[str, tuple[float, float, float]]:
    """Name of the weights -> the weighted mean, and its smallest and largest with rounding."""
    weights = {"equal weights": [1.0] * len(rows)}
    for role in AMOUNTS:
        for cell in rows[0].all(role):
            column = [each.value for each in _column(rows, role, cell.column)]
            if len(column) == len(rows) and sum(column) > 0:
                weights[cell.column] = column
    frame = pd.DataFrame(weights)
    shares = frame / frame.sum()
    columns = np.array([(part.value, max(0.0, part.low), part.high) for part in parts])
    means = {str(name): share.to_numpy() @ columns for name, share in shares.items()}
    return {name: (float(mean), float(low), float(high)) for name, (mean, low, high) in means.items()}
