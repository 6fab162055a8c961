"""What of a snapshot an event says: as many rows as fit, and of skipped files only what is news."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, TypeVar

import msgspec

from posttrace.traces.events import SkippedFile

LIST_BYTES: Final = 3 << 20
"""Of one list of an event; two of them keep below the longest line of a trace."""
GONE: Final = "gone"

Row = TypeVar("Row", bound=msgspec.Struct)


def cut(rows: Iterable[Row]) -> tuple[list[Row], int]:
    """As many rows as an event has room for, and how many there are beyond."""
    kept: list[Row] = []
    room, more = LIST_BYTES, 0
    for row in rows:
        room -= len(msgspec.json.encode(row)) + 1
        if room > 0:
            kept.append(row)
        else:
            more += 1
    return kept, more


class Listing:
    """The skipped files as the events so far tell them.

    Whoever takes all ``skipped`` lists in order, the later entry of a path replacing the earlier one, has
    the whole list at each event. An entry for which an event had no room is news to the next one.
    """

    def __init__(self) -> None:
        self._told: dict[tuple[str, str | None], SkippedFile] = {}

    def news(self, found: Iterable[SkippedFile], *, complete: bool) -> tuple[list[SkippedFile], int]:
        """Entries that no event has told yet, and how many there was no room for.

        Unless the walk was ``complete``, what it did not find may still be there and is not ``gone``.
        """
        seen = {(item.path, item.path_b64): item for item in found}
        rows, more = cut(self._changes(seen, complete))
        for row in rows:
            key = (row.path, row.path_b64)
            if row.reason == GONE:
                del self._told[key]
            else:
                self._told[key] = row
        return rows, more

    def _changes(
        self, seen: dict[tuple[str, str | None], SkippedFile], complete: bool
    ) -> Iterator[SkippedFile]:
        yield from (item for key, item in seen.items() if self._told.get(key) != item)
        if complete:
            for path, exact in sorted(self._told.keys() - seen.keys(), key=lambda key: key[0]):
                yield SkippedFile(path=path, path_b64=exact, reason=GONE)
