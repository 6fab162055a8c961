"""Does the best so far ever fall as the budget grows?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from posttrace.analysis.lint.book import Book
from posttrace.analysis.lint.finding import Finding, Severity
from posttrace.analysis.lint.printed import below
from posttrace.analysis.lint.rules.base import found
from posttrace.analysis.lint.sheet import Cell, Line
from posttrace.analysis.lint.vocabulary import PATTERNS, normal

HIGHER: Final = re.compile("best|max|delta|gain|improvement|score|acc")
LOWER: Final = re.compile("loss|err|perplexity|cost|time")
"""Words of stems that grow, or may fall, when a run gets better."""
SO_FAR: Final = ("best", "max", "best_so_far")
"""Stems of columns whose name says that they cannot fall."""


@dataclass(frozen=True)
class OverTime:
    """Columns of one stem at growing budgets (delta_6h, delta_12h) as the best so far of one run.

    Only a stem like best_6h says so by itself; for other stems a fall is information.
    """

    name: str = "over-time"
    question: str = "does a best so far never fall as the budget grows?"

    def __call__(self, book: Book) -> Iterator[Finding]:
        """Cells below the one of a smaller budget."""
        for line in book.data:
            for stem, cells in _stems(line).items():
                for (_, earlier), (_, later) in pairwise(sorted(cells, key=lambda at: at[0])):
                    if earlier.number and later.number and below(later.number, earlier.number):
                        expected = f"at least {earlier.column} = {earlier.text}, if best so far of one run"
                        fit = ["separate runs for each budget", "the last checkpoint, not the best so far"]
                        severity: Severity = "inconsistent" if stem in SO_FAR else "information"
                        yield found(self, (line, later), expected, fit, severity)


def _stems(line: Line) -> dict[str, list[tuple[int, Cell]]]:
    found_: dict[str, list[tuple[int, Cell]]] = {}
    for cell in line.all("at_budget"):
        match = PATTERNS["at_budget"].fullmatch(normal(cell.column))
        if match and HIGHER.search(match["stem"]) and not LOWER.search(match["stem"]):
            found_.setdefault(match["stem"], []).append((int(match["hours"]), cell))
    return found_
