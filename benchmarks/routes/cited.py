"""Do the lines that a verdict cites lie where a person found the reason?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from benchmarks.routes.verdicts import Verdict
from posttrace.analysis.routes.route import Evidence, Route

NEAR: Final = 2
"""Lines apart at most: a call and its name may stand on different lines of one statement."""


@dataclass(frozen=True)
class Cited:
    """Counts over units for which the person gives lines and the verdict is right and cites some.

    ``hit``: units with at least one line near one of the person's, of ``units``. ``found``: of the person's
    ``listed`` lines those that the verdict cites. ``near``: of the ``lines`` that verdicts cite, those near
    one of the person's; verdicts cite more than the one line that a person notes. ``silent``: right verdicts
    of training that cite no line at all.
    """

    units: int
    hit: int
    listed: int
    found: int
    lines: int
    near: int
    silent: int


def cited(verdicts: Iterable[Verdict]) -> Cited:
    """Compare the lines of right verdicts with the list; lines of a notebook count over its code cells."""
    units = hit = listed = found = lines = near = silent = 0
    for verdict in verdicts:
        route, theirs = verdict.route, verdict.unit.lines
        if route is None or route.label != verdict.unit.label:
            continue
        ours = _placed(route)
        silent += bool(route.stages) and not ours
        if not ours or not theirs:
            continue
        by_fact = [any(_near(fact, *line) for line in theirs) for fact in ours]
        by_line = [any(_near(fact, *line) for fact in ours) for line in theirs]
        units, hit = units + 1, hit + any(by_fact)
        listed, found = listed + len(by_line), found + sum(by_line)
        lines, near = lines + len(by_fact), near + sum(by_fact)
    return Cited(units, hit, listed, found, lines, near, silent)


def elsewhere(verdicts: Iterable[Verdict]) -> Iterator[str]:
    """One line each right verdict that cites lines, none of them near those of the list."""
    for verdict in verdicts:
        route, theirs = verdict.route, verdict.unit.lines
        if route is None or route.label != verdict.unit.label or not theirs or not _placed(route):
            continue
        if not any(_near(fact, *line) for fact in _placed(route) for line in theirs):
            listed = ", ".join(f"{end or ''}:{line}" for end, line in theirs)
            cites = ", ".join(f"{fact.rule} {fact.path}:{fact.line}" for fact in _placed(route))
            yield f"{verdict.unit.name}: {route.label}, for {listed} it cites {cites}"


def _placed(route: Route) -> list[Evidence]:
    return [fact for fact in route.evidence if fact.path is not None and fact.line is not None]


def _near(fact: Evidence, end: str | None, line: int) -> bool:
    placed = end is None or (fact.path or "").endswith(end)
    return placed and abs((fact.line or 0) - line) <= NEAR
