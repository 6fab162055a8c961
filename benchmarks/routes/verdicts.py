"""What is said of each unit: by the route of its code, and by the floors."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from types import FrameType
from typing import Final

from benchmarks.routes.clones import Text, Unreadable, read_text
from benchmarks.routes.floors import FLOORS
from benchmarks.routes.units import Unit
from posttrace.analysis.routes.route import Route
from posttrace.analysis.routes.source.mentions import with_mentions
from posttrace.analysis.routes.source.source import source_route

BATCH: Final = 8
"""Units that a process takes at once: neighbours share a repository, whose text is then read once."""


@dataclass(frozen=True)
class Verdict:
    """What is said of one unit."""

    unit: Unit
    route: Route | None = None
    """As ``source_route`` gives it; null when the unit could not be read, or failed."""
    floors: dict[str, str] = field(default_factory=dict)
    """Label by each floor."""
    seconds: float = 0.0
    unreadable: str | None = None
    """Why the unit was not judged; such units are counted apart."""
    failure: str | None = None
    """Why there is no route although the unit was read: too long, or an error of ours; it counts as wrong."""


class _TooLong(BaseException):
    """Raised by the timer; no handler for errors may swallow it."""


@dataclass(frozen=True)
class Judge:
    """Reads units from ``clones`` and judges them, each for at most ``seconds``."""

    clones: Path
    seconds: float = 60.0
    processes: int = 2

    def __call__(self, units: Sequence[Unit]) -> list[Verdict]:
        """A verdict for each unit, in their order."""
        placed = sorted(range(len(units)), key=lambda i: (units[i].repo, units[i].commit, i))
        batches = [placed[i : i + BATCH] for i in range(0, len(placed), BATCH)]
        found: dict[int, Verdict] = {}
        with self._pool(self.processes) as pool:
            judged = {tuple(batch): pool.submit(self.batch, [units[i] for i in batch]) for batch in batches}
            for batch, verdicts in judged.items():
                with suppress(BrokenProcessPool):
                    found.update(zip(batch, verdicts.result(), strict=True))
        return [found[i] if i in found else self._alone(unit) for i, unit in enumerate(units)]

    def _pool(self, processes: int) -> ProcessPoolExecutor:
        # spawned: a child that is forked beside threads may hang
        return ProcessPoolExecutor(processes, mp_context=get_context("spawn"))

    def _alone(self, unit: Unit) -> Verdict:
        """The verdict on a unit whose process died, perhaps of a neighbour."""
        with self._pool(1) as pool:
            try:
                return pool.submit(self.one, unit).result()
            except BrokenProcessPool:
                floors = dict.fromkeys(FLOORS, "no_train")
                return Verdict(unit, floors=floors, failure="the process that read it died")

    def batch(self, units: Iterable[Unit]) -> list[Verdict]:
        """Verdicts of some units, one after the other in this process."""
        return [self.one(unit) for unit in units]

    def one(self, unit: Unit) -> Verdict:
        """The verdict on one unit."""
        try:
            text = read_text(self.clones, unit.repo, unit.commit)
            own = {path: _content(text, path) for path in unit.paths}
        except Unreadable as error:
            return Verdict(unit, unreadable=str(error))
        floors = {name: floor(own) for name, floor in FLOORS.items()}
        started = time.perf_counter()
        try:
            with _at_most(self.seconds):
                found = source_route(text, unit.paths, commit=unit.commit)
                route = with_mentions(found, text, unit.paths, commit=unit.commit)
        except _TooLong:
            return Verdict(unit, None, floors, self.seconds, failure=f"more than {self.seconds:g} s")
        except Exception as error:  # an error of ours is a finding of the evaluation, as a wrong label is
            seconds = time.perf_counter() - started
            return Verdict(unit, None, floors, seconds, failure=f"{type(error).__name__}: {error}"[:200])
        return Verdict(unit, route, floors, time.perf_counter() - started)


def _content(text: Text, path: str) -> str:
    try:
        data = text.content(path)
    except KeyError:
        raise Unreadable(f"{path} is not in the commit") from None
    if data is None:
        raise Unreadable(f"{path} is no text that can be read")
    return data.decode("utf-8", "replace")


@contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    """Raise ``_TooLong`` in the block after ``seconds``; only in the main thread of a process."""

    def ring(_signal: int, _frame: FrameType | None) -> None:
        raise _TooLong

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
