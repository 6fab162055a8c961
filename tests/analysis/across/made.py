"""Audits made up row by row, for tests of what a study says."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from posttrace.analysis.audit.audit import Audit, AuditSettings, RunVerdict
from posttrace.analysis.audit.cells import Cells, Run
from posttrace.analysis.runs.records import Exclusion


def verdict(task: str, agent: str, seed: int | None, gain: float, **changes: Any) -> RunVerdict:
    """A run that gained ``gain`` over a baseline of .5; what no test needs is NaN."""
    given: dict[str, Any] = {"driver": "none", "mode": "free", "base_model": "b"} | changes
    cell = "-".join(str(part) for part in (task, agent, given["driver"], given["mode"]))
    values: dict[str, Any] = dict.fromkeys(RunVerdict.__dataclass_fields__, math.nan)
    values |= {
        "run_id": f"{cell}-s{seed}",
        "cell_id": cell,
        "task": task,
        "agent": agent,
        "seed": seed,
        "k": 1,
        "baseline": 0.5,
        "reported_best": 0.5 + gain,
        "reported_gain": gain,
        "corrected_gain": gain,
        "verdict": "exceeds" if gain > 0.1 else "within_noise",
        "flags": (),
        "route": None,
        "attempted": None,
    }
    return RunVerdict(**(values | given))


def failed(task: str, agent: str, seed: int | None, **changes: Any) -> RunVerdict:
    """A run without a scored submission."""
    return verdict(task, agent, seed, math.nan, **({"k": 0, "verdict": "invalid"} | changes))


def audited(rows: Iterable[RunVerdict], excluded: int = 0, **settings: Any) -> Audit:
    """An audit with these rows, and the cells that follow."""
    kept = tuple(rows)
    chosen = AuditSettings(**settings)
    cells = Cells(chosen.exclude_policy)([_run(row) for row in kept])
    left_out = tuple(Exclusion(f"x{i}/trace.jsonl", "interrupted", "killed") for i in range(excluded))
    return Audit(chosen, kept, (), cells, left_out)


def _run(row: RunVerdict) -> Run:
    return Run(
        cell_id=row.cell_id,
        task=row.task,
        agent=row.agent,
        driver=row.driver,
        mode=row.mode,
        code=row.verdict,
        gain=row.corrected_gain,
        gain_kind="corrected",
        failed=row.k == 0,
        baseline=row.baseline,
        baseline_key=row.run_id,
        baseline_var=0.0,
    )
