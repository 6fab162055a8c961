"""Tables about trust: integrity flags, what the sandbox enforced, and the head hashes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from posttrace.analysis.audit.wording import NO_STOP
from posttrace.reports.display import listed, plural
from posttrace.reports.observations import observation
from posttrace.reports.shown import Table

if TYPE_CHECKING:
    from posttrace.analysis.runs.records import RunRecord
    from posttrace.analysis.runs.tables import TraceSet
    from posttrace.traces.events import TaskInfo

ASSETS = ("records", "test_data", "network", "processes", "resources")
"""What a sandbox may put out of an agent's reach, in the words of the traces."""
ELSEWHERE = ("unprotected", NO_STOP)
"""How flags of the audit begin that are no observation: a table of its own has them, or a missing number."""


def protection(kind: str, isolates: list[str]) -> str:
    """What the sandbox enforced against an agent that tries: ``unprotected (local)`` when nothing."""
    known = [name for name in ASSETS if name in isolates] + sorted(set(isolates) - set(ASSETS))
    if not known:
        return f"unprotected ({kind})"
    return f"{kind}: isolates {', '.join(name.replace('_', ' ') for name in known)}"


def scale(task: TaskInfo) -> str | None:
    """How a score is shown where that is not as it was recorded."""
    if not task.higher_is_better:
        return f"lower is better, so a score is shown as 100 % minus its share of {task.scale_max:g}"
    return None if task.scale_max in (1, 100) else f"a score is shown in percent of {task.scale_max:g}"


def scales(traces: TraceSet) -> tuple[str, ...]:
    """A note for each task whose scores are not shown as they were recorded."""
    tasks = [run.started.task for run in traces.final]
    return tuple(dict.fromkeys(f"{task.id}: {said}." for task in tasks if (said := scale(task))))


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
    """What the recorder observed in audited runs and what the audit noticed: observations, not verdicts.

    One line an observation; ``rows`` has one a run. What a sandbox enforces has a table of its own.
    """
    recorded = {run.run_id: run.flags for run in traces.final}
    found = []
    for run in verdicts.to_dict("records"):
        kinds, name = recorded[run["run_id"]], f"{run['task']} · {run['run_label']}"
        found += [(run["run_id"], name, "recorder", _said(kind), n) for kind, n in sorted(kinds.items())]
        known = {f"{kind} x{n}" for kind, n in kinds.items()}
        noticed = [text for text in run["flags"] if text not in known and not text.startswith(ELSEWHERE)]
        found += [(run["run_id"], name, "audit", text, 1) for text in noticed]
    rows = pd.DataFrame(found, columns=pd.Index(["run_id", "run", "by", "observation", "count"]))
    lines = [
        (by, what, int(group["count"].sum()), listed(group["run"], len(verdicts)))
        for (by, what), group in rows.groupby(["by", "observation"])
    ]
    cells = pd.DataFrame(lines, columns=pd.Index(["by", "observation", "count", "runs"]))
    return Table("flags", cells, rows, (), ("count",))


def _said(kind: str) -> str:
    words = observation(kind)
    return f"{words.name}: {words.says}" if words.says else words.name


def heads(traces: TraceSet, verdicts: pd.DataFrame) -> Table:
    """Run, start and head hash: whoever holds the traces can check that these are the ones."""
    labels = verdicts.set_index("run_id")[["task", "run_label"]]
    rows = pd.DataFrame(
        [
            (*labels.loc[run_id], run_id, run.started.ts, run.head_hash)
            for run_id, run in _in_order(traces, verdicts)
        ],
        columns=pd.Index(["task", "run", "run id", "started", "head hash"]),
    )
    started = [None if ts is None else ts[:16].replace("T", " ") for ts in rows["started"]]
    return Table("heads", rows.assign(started=pd.Series(started, dtype="object")), rows, group="task")


def _in_order(traces: TraceSet, verdicts: pd.DataFrame) -> list[tuple[str, RunRecord]]:
    records = {run.run_id: run for run in traces.final}
    return [(str(run_id), records[str(run_id)]) for run_id in verdicts["run_id"]]
