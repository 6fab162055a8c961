"""What else differs between runs: the settings beside agent, driver, mode and base model, from the traces."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from posttrace.analysis.audit.audit import Runs
    from posttrace.analysis.runs.records import RunRecord


def conditions(traces: Runs) -> dict[str, dict[str, str]]:
    """Run id -> budget, sandbox and grading, as text that is equal where they are."""
    return {record.run_id: _of(record) for record in traces.final}


def _of(record: RunRecord) -> dict[str, str]:
    started = record.started
    limits = msgspec.to_builtins(started.budget)
    return {
        "budget": ", ".join(f"{name} {value:g}" for name, value in limits.items() if value is not None),
        "sandbox": started.sandbox.kind,
        "grading": json.dumps(started.config.get("grading"), sort_keys=True),
    }
