"""``resource.sample``: what the run used; every 10 s; also the heartbeat."""

from __future__ import annotations

import msgspec

from posttrace.traces.events.base import Event


class GpuSample(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """One GPU."""

    id: str
    util_pct: float | None
    mem_bytes: int | None


class ResourceSample(Event, tag="resource.sample", kw_only=True):
    """The agent's whole process tree and the workspace's disk."""

    cpu_pct: float | None
    """100 = one core."""
    rss_bytes: int | None
    disk_bytes: int | None
    gpus: list[GpuSample] = []
