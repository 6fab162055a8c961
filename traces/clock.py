"""The two clocks of a trace: wall time for people, monotonic seconds for differences."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Clock:
    """Stamps events. The origin of ``t_s`` is frozen when the clock is made.

    ``wall`` returns an aware datetime and may go back (a machine's time gets corrected); ``monotonic``
    returns seconds that never go back. Both are arguments so that a test can hold time still.
    """

    def __init__(
        self,
        *,
        wall: Callable[[], datetime] = _utc_now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._origin = monotonic()

    def stamp(self) -> tuple[str, float]:
        """Return now as ``ts`` (RFC 3339, UTC, microseconds, ``Z``) and ``t_s`` (seconds)."""
        now = self._wall().astimezone(UTC)
        return now.isoformat(timespec="microseconds").replace("+00:00", "Z"), self.t_s()

    def t_s(self) -> float:
        """Return seconds since the clock was made, to the microsecond."""
        return round(self._monotonic() - self._origin, 6)
