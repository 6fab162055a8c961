"""``integrity.flag``: something a reader of the score must know."""

from __future__ import annotations

from typing import Any

from posttrace.traces.events.base import Event


class IntegrityFlag(Event, tag="integrity.flag", kw_only=True):
    """An observation, not a verdict."""

    kind: str
    """Of a submission: base_copy (the base's weights were submitted and scored), base_copy_unscored (they
    were submitted and got no score of their own: an error, a duplicate, ...), base_symlink, path_escape,
    test_overlap.
    Of a request: refused_budget, refused_queue, refused_closing and bad_request (honest mistakes, most
    often), endpoint_abuse (a wrong token, an unknown path, a wrong method).
    Of the run: record_tampering (of the trace, the revisions or a kept checkpoint), budget_overrun,
    observer_failed, ..."""
    count: int = 1
    """How often it was seen; above 1 in a flag that counts what is not shown one by one."""
    evidence: dict[str, Any] = {}
