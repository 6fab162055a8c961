"""Rows of the tables that need a second pass: revisions, steps, usage, resources."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import pandas as pd

from posttrace.traces.events import AnyEvent, CodeRevision
from posttrace.traces.events.agent import AgentStep, Usage
from posttrace.traces.events.resource import ResourceSample


def revision_row(run_id: str, event: AnyEvent) -> tuple[Any, ...]:
    """Row of ``REVISIONS``."""
    assert isinstance(event, CodeRevision)
    status = Counter(file.status for file in event.files)
    head = (run_id, event.seq, event.ts, event.t_s, event.commit, event.parent, event.trigger)
    changed = status["added"], status["modified"], status["deleted"]
    lines = _total(file.added for file in event.files), _total(file.removed for file in event.files)
    return (*head, *changed, *lines, len(event.skipped), event.truncated)


def step_row(run_id: str, event: AnyEvent) -> tuple[Any, ...]:
    """Row of ``STEPS``."""
    assert isinstance(event, AgentStep)
    usage = event.usage or Usage()
    known = [result.is_error for result in event.results if result.is_error is not None]
    return (
        *(run_id, event.seq, event.ts, event.t_s, event.source, event.model),
        *(_chars(event.message), _chars(event.reasoning)),
        *(len(event.tool_calls), ",".join(call.name for call in event.tool_calls) or None),
        *(len(event.results), sum(known) if known else None, event.truncated_bytes),
        *(usage.input_tokens, usage.cached_tokens, usage.output_tokens, usage.cost_usd),
    )


def usage_rows(steps: pd.DataFrame) -> Iterator[tuple[Any, ...]]:
    """Rows of ``USAGE`` from the table of steps; a sum over nothing known is unknown, not 0."""
    counted = ["input_tokens", "cached_tokens", "output_tokens", "cost_usd"]
    for (run_id, model), group in steps.groupby(["run_id", "model"], dropna=False, sort=True):
        with_usage = int(group[counted].notna().any(axis=1).sum())
        sums = (group[name].sum(min_count=1) for name in counted)
        yield (run_id, model, len(group), with_usage, *sums)


def resource_row(run_id: str, event: AnyEvent) -> tuple[Any, ...]:
    """Row of ``RESOURCES``."""
    assert isinstance(event, ResourceSample)
    load = [gpu.util_pct for gpu in event.gpus if gpu.util_pct is not None]
    memory = [gpu.mem_bytes for gpu in event.gpus]
    return (
        *(run_id, event.seq, event.ts, event.t_s, event.cpu_pct, event.rss_bytes, event.disk_bytes),
        len(event.gpus),
        sum(load) / len(load) if load else None,
        None if not memory or None in memory else _total(memory),
    )


def _total(values: Iterable[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _chars(text: str | None) -> int | None:
    return None if text is None else len(text)
