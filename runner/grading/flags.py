"""Integrity flags of the grading server, so many that a flood of requests cannot fill the record."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from posttrace.traces.events import IntegrityFlag

SHOWN: Final = 20
"""Flags of a kind that are written one by one."""
PERIOD_S: Final = 60.0
"""Seconds between counting flags afterwards."""
MAX_TEXT: Final = 300


@dataclass
class _Tally:
    seen: int = 0
    unwritten: int = 0
    written_s: float = 0.0


class FlagLog:
    """Writes the first 20 flags of a kind, then one counting flag a minute. Callable from any thread."""

    def __init__(self, write: Callable[[IntegrityFlag], object], now_s: Callable[[], float]) -> None:
        self._write = write
        self._now_s = now_s
        self._tallies: dict[tuple[str, str], _Tally] = {}
        self._lock = threading.Lock()

    def note(self, kind: str, what: str, **evidence: Any) -> None:
        """Record one observation; (``kind``, ``what``) come from the code, ``evidence`` from outside."""
        with self._lock:
            tally = self._tallies.setdefault((kind, what), _Tally())
            tally.seen += 1
            if tally.seen <= SHOWN:
                tally.written_s = self._now_s()
                shown = {name: _short(value) for name, value in evidence.items()}
                self._write(IntegrityFlag(kind=kind, evidence={"what": what, **shown}))
                return
            tally.unwritten += 1
            if self._now_s() - tally.written_s >= PERIOD_S:
                self._count(kind, what, tally)

    def flush(self) -> None:
        """Write the counts that are still owed."""
        with self._lock:
            for (kind, what), tally in self._tallies.items():
                if tally.unwritten:
                    self._count(kind, what, tally)

    def _count(self, kind: str, what: str, tally: _Tally) -> None:
        self._write(IntegrityFlag(kind=kind, count=tally.unwritten, evidence={"what": what, "counted": True}))
        tally.unwritten, tally.written_s = 0, self._now_s()


def _short(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    text = value.encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + "..."
