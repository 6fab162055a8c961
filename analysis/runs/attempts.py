"""Which attempt of a (cell, seed) counts: the first that ended as an outcome of the agent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from posttrace.analysis.runs.records import RunRecord
from posttrace.traces.events import FINAL


def settle(records: Iterable[RunRecord]) -> tuple[RunRecord, ...]:
    """Give every run its state, in the order given.

    Of the runs of one (cell, seed) the first whose status is final is ``final`` and later ones with a final
    status are ``superseded``: to prefer a later one would be selection. ``interrupted`` and
    ``infrastructure_failed`` are no outcomes of the agent and keep their names. First means: lowest attempt,
    then earliest start (two experiments number attempts each on their own), then path.
    """
    runs = tuple(records)
    first: dict[tuple[str, object], RunRecord] = {}
    for run in sorted(runs, key=_order):
        if run.status in FINAL:
            first.setdefault(_cell_seed(run), run)
    return tuple(_settled(run, first.get(_cell_seed(run))) for run in runs)


def _order(run: RunRecord) -> tuple[int, str, str]:
    return run.started.attempt, run.started.ts or "", run.path


def _cell_seed(run: RunRecord) -> tuple[str, object]:
    """Runs whose seed nobody recorded are no attempts at the same seed: each stands for itself."""
    seed = run.started.seed
    return run.started.cell_id, run.run_id if seed is None else seed


def _settled(run: RunRecord, first: RunRecord | None) -> RunRecord:
    if run.status == "interrupted":
        return replace(run, state="interrupted", state_reason=run.status_reason or "interrupted")
    if run.status == "infrastructure_failed":
        reason = run.status_reason or "the infrastructure failed"
        return replace(run, state="infrastructure_failed", state_reason=reason)
    if run is first or first is None:
        return replace(run, state="final", state_reason=None)
    return replace(run, state="superseded", state_reason=_why(run, first))


def _why(run: RunRecord, first: RunRecord) -> str:
    if run.run_id != first.run_id:
        return f"{first.path} is the first final attempt"
    if run.head_hash == first.head_hash:
        return f"a copy of {first.path}"
    return f"{first.path} has the same run id and another record: only one of the two can be the run"
