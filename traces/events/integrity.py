"""``integrity.flag``: something a reader of the score must know."""

from __future__ import annotations

from typing import Any

from posttrace.traces.events.base import Event


class IntegrityFlag(Event, tag="integrity.flag", kw_only=True):
    """An observation, not a verdict."""

    kind: str
    """base_copy, base_symlink, endpoint_abuse, path_escape, record_tampering, test_overlap,
    budget_overrun, ..."""
    count: int = 1
    evidence: dict[str, Any] = {}
