"""Tables about trust: integrity flags, what the sandbox enforced, and the head hashes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from posttrace.reports.display import plural
from posttrace.reports.shown import Table

if TYPE_CHECKING:
    from posttrace.analysis.tables import TraceSet

ASSETS = ("records", "test_data", "network", "processes", "resources")
"""What a sandbox may put out of an agent's reach, in the words of the traces."""


def protection(kind: str, isolates: list[str]) -> str:
    """What the sandbox enforced against an agent that tries: ``unprotected (local)`` when nothing."""
    known = [name for name in ASSETS if name in isolates] + sorted(set(isolates) - set(ASSETS))
    if not known:
        return f"unprotected ({kind})"
    return f"{kind}: isolates {', '.join(name.replace('_', ' ') for name in known)}"


def sandboxes(traces: TraceSet) -> Table:
    """How many audited runs were protected, and from what."""
    kinds = pd.Series(
        [protection(run.started.sandbox.kind, run.started.sandbox.isolates) for run in traces.final],
        dtype="str",
    )
    rows = kinds.value_counts().sort_index().rename_axis("sandbox").reset_index(name="runs")
    bare = sum(not run.started.sandbox.isolates for run in traces.final)
    notes = (
        f"{bare} of {plural(len(traces.final), 'run')} unprotected: the agent was an ordinary process that "
        "could read the test data and rewrite the record. These numbers rest on its good faith.",
    )
    return Table("sandboxes", rows, rows, notes if bare else (), ("runs",))


def flags(traces: TraceSet, verdicts: pd.DataFrame) -> Table:
    """Integrity observations of audited runs, as recorded: observations, not verdicts."""
    labels = verdicts.set_index("run_id")[["task", "run_label"]]
    rows = pd.DataFrame(
        [
            (run.run_id, *labels.loc[run.run_id], kind, n)
            for run in traces.final
            if run.run_id in labels.index
            for kind, n in sorted(run.flags.items())
        ],
        columns=pd.Index(["run_id", "task", "run", "observation", "count"]),
    )
    cells = rows.drop(columns="run_id").assign(observation=rows["observation"].str.replace("_", " "))
    return Table("flags", cells, rows, (), ("count",))


def heads(traces: TraceSet, verdicts: pd.DataFrame) -> Table:
    """Run, start and head hash: whoever holds the traces can check that these are the ones."""
    started = {run.run_id: run for run in traces.final}
    rows = pd.DataFrame(
        [
            (
                row.task,
                row.run_label,
                row.run_id,
                started[row.run_id].started.ts,
                started[row.run_id].head_hash,
            )
            for row in verdicts.itertuples()
        ],
        columns=pd.Index(["task", "run", "run id", "started", "head hash"]),
    )
    cells = rows.assign(
        started=rows["started"].map(lambda ts: None if ts is None else ts[:16].replace("T", " "))
    )
    return Table("heads", cells, rows)
