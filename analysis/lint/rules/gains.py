"""Is the improvement the best minus the baseline?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from posttrace.analysis.lint.book import Book
from posttrace.analysis.lint.finding import Finding
from posttrace.analysis.lint.printed import number
from posttrace.analysis.lint.rules.base import found
from posttrace.analysis.lint.sheet import Line
from posttrace.analysis.lint.vocabulary import is_share


@dataclass(frozen=True)
class Gains:
    """improvement = best - baseline, within the rounding of the three."""

    name: str = "gains"
    question: str = "is the improvement the best minus the baseline?"

    def __call__(self, book: Book) -> Iterator[Finding]:
        """Improvements that are no such difference."""
        for line in book.data:
            yield from self._line(book, line)

    def _line(self, book: Book, line: Line) -> Iterator[Finding]:
        best, base = line.number("best") or line.number("score"), line.number("baseline")
        cell = line.cell("improvement")
        if not (best and base and cell and cell.number):
            return
        low, high = best.low - base.high, best.high - base.low
        if cell.number.low <= high and cell.number.high >= low:
            return
        gain = best.value - base.value
        expected = f"{number(gain)} = {best.text} - {base.text}"
        if cell.number.low <= -low and cell.number.high >= -high and not is_share(book.metric(line)):
            fit = ["a metric of which lower is better"]
            yield found(self, (line, cell), expected, fit, "information")
        else:
            fit = [*_relative(line), "the baseline of another evaluation"]
            yield found(self, (line, cell), expected, fit)


def _relative(line: Line) -> list[str]:
    """The gain in per cent of the baseline, where that is what is printed."""
    best, base, gain = (line.number(role) for role in ("best", "baseline", "improvement"))
    if not (best and base and gain) or base.low <= 0:
        return []
    low, high = 100 * (best.low / base.high - 1), 100 * (best.high / base.low - 1)
    fit = gain.low <= high and gain.high >= low
    return ["a relative gain, in per cent of the baseline"] if fit else []
