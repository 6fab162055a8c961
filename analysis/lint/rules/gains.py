"""Is the improvement the best minus the baseline?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from posttrace.analysis.lint.book import Book
from posttrace.analysis.lint.finding import Finding
from posttrace.analysis.lint.printed import number
from posttrace.analysis.lint.rules.base import found
from posttrace.analysis.lint.sheet import Line


@dataclass(frozen=True)
class Gains:
    """improvement = best - baseline, within the rounding of the three."""

    name: str = "gains"
    question: str = "is the improvement the best minus the baseline?"

    def __call__(self, book: Book) -> Iterator[Finding]:
        """Improvements that are no such difference."""
        for line in book.data:
            yield from self._line(line)

    def _line(self, line: Line) -> Iterator[Finding]:
        best, base = line.number("best") or line.number("score"), line.number("baseline")
        cell = line.cell("improvement")
        if not (best and base and cell and cell.number):
            return
        low, high = best.low - base.high, best.high - base.low
        if cell.number.low <= high and cell.number.high >= low:
            return
        gain = best.value - base.value
        expected = f"{number(gain)} = {best.text} - {base.text}"
        yield found(self, (line, cell), expected, [*_relative(line), "the baseline of another evaluation"])


def _relative(line: Line) -> list[str]:
    """The gain in per cent of the baseline, where that is what is printed."""
    best, base, gain = (line.number(role) for role in ("best", "baseline", "improvement"))
    if not (best and base and gain) or base.low <= 0:
        return []
    low, high = 100 * (best.low / base.high - 1), 100 * (best.high / base.low - 1)
    fit = gain.low <= high and gain.high >= low
    return ["a relative gain, in per cent of the baseline"] if fit else []
