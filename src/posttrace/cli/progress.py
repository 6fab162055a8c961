"""How every command tells of long work: one line on stderr, in place for a person, as lines for a pipe."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from posttrace.analysis.runs.tables import TraceSet

Result = TypeVar("Result")
Tell = Callable[[str], object]


def telling(name: str, work: Callable[[Tell], Result]) -> Result:
    """Do ``work``, which is given what to tell its progress to; a person also sees the seconds pass.

    Nothing is told of work that ends, or is refused, at once. ``work`` returns what it has to say: while
    it goes on, a terminal takes what is written to stdout for its own.
    """
    from posttrace.reports.terminal.screen import live

    doing: list[str] = []
    begun = time.monotonic()
    person = sys.stderr.isatty()

    def lines() -> dict[str, str]:
        since = f", {time.monotonic() - begun:.0f} s" if person else ""
        last = doing[-1:]  # taken at once: the other thread may clear it
        return {name: last[0] + since} if last else {}

    def told() -> Result:
        try:
            return work(doing.append)
        finally:
            doing.clear()

    return live(told, lines)


def load(paths: Sequence[str], tell: Tell) -> TraceSet:
    """The traces of ``paths``; ``tell`` hears how many were read."""
    import posttrace as pt

    return pt.load(paths, progress=lambda n, of: tell(f"reading traces ({n} of {of})"))
