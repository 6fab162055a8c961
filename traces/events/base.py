"""What every event shares: the tag, the order, the two clocks."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import UNSET, UnsetType

SCHEMA: Final = "posttrace/1"


class Event(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, tag_field="type"):
    """One line of a trace, without the ``hash`` that the writer splices on.

    The writer stamps ``seq``, ``ts`` and ``t_s``; whoever makes an event leaves them at their defaults.
    Unknown is ``None``, never 0. Units stand in names (``_s``, ``_bytes``, ``_tokens``, ``_usd``).
    """

    seq: int = -1
    """Order of the line in its file: 0, 1, 2, ..."""
    ts: str | None = None
    """Wall clock, RFC 3339, UTC, microseconds. May go back. Null only in imported traces."""
    t_s: float | None = None
    """Monotonic seconds since the run started. Never goes back. Null only in imported traces."""
    extra: dict[str, Any] | UnsetType = UNSET
    """Whatever a source knew that has no field here."""


class Items(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Per-item outcomes of one evaluation, on the task's native scale; all lists have one entry an item."""

    ids: list[str]
    values: list[float | None]
    """Outcome of each item; null where the evaluator lost the item."""
    clusters: list[str] | None = None
    """Items that share a cluster (a document, a game type) are not independent."""
    lost: dict[str, str] | None = None
    """Item id -> why the evaluator has no outcome for it."""


class Evaluator(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Who scored. Scores of different evaluators or versions are never compared."""

    id: str
    version: str
