"""What one run can and cannot show, read off its own record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

import pandas as pd

from posttrace.analysis.audit.baseline import Baseline
from posttrace.analysis.audit.wording import DETERMINISTIC, SCOPES
from posttrace.analysis.runs.reread import reread
from posttrace.reports.display import count, percent, plural
from posttrace.reports.one_run.facts import unseen
from posttrace.reports.runs.provenance import protection
from posttrace.reports.shown import Table
from posttrace.traces.events import AgentStep, CodeRevision, Event, ProcessObserved, ResourceSample

if TYPE_CHECKING:
    from posttrace.analysis.runs.records import RunRecord
    from posttrace.analysis.runs.tables import TraceSet

KINDS: Final[Mapping[type[Event], str]] = {
    AgentStep: "messages, tool calls, tokens and cost of the agent",
    ProcessObserved: "commands",
    CodeRevision: "the code",
    ResourceSample: "load of the machine",
}
"""Events that a trace may lack, and what is unknown without them."""


def limits(traces: TraceSet, verdicts: pd.DataFrame) -> Table:
    """Scope, selection, sizes, isolation and gaps of the record."""
    run = traces.final[0]
    rows = pd.DataFrame(list(_limits(run, verdicts)), columns=pd.Index(["about", "this run"]))
    return Table("limits", rows, rows.assign(run_id=run.run_id))


def _limits(run: RunRecord, verdicts: pd.DataFrame) -> Iterator[tuple[str, str]]:
    row = verdicts.iloc[0]
    tested = pd.notna(row["p_raw"])
    scope = f"{row['scope']}: {SCOPES[row['scope']]}"
    yield "scope", scope if tested else "nothing was tested: no p, no bounds"
    yield "selection", _selection(row)
    yield "items", _items(row)
    yield "scoring", _scoring(run)
    verdict = "a verdict" if tested else "no verdict"
    yield (
        "one run",
        (
            f"{verdict} on this checkpoint; a claim about the agent needs other runs (seeds): nothing here "
            "says how much another run would differ"
        ),
    )
    sandbox = run.started.sandbox
    bare = "" if sandbox.isolates else ": nothing kept the agent from the test data or from the record"
    yield "isolation", f"{protection(sandbox.kind, sandbox.isolates)}{bare}"
    yield "not recorded", "; ".join(_gaps(run)) or "no gap is known"
    if run.state_reason or run.torn or run.status == "interrupted":
        torn = "the last line of the trace was cut off" if run.torn else ""
        reasons = filter(None, (run.state_reason, torn))
        yield "standing", f"run {run.status.replace('_', ' ')}; {'; '.join(reasons) or 'it may go on'}"


def _selection(row: pd.Series) -> str:
    if pd.isna(row["k"]) or not row["k"]:
        return "no submission counts, so none was picked"
    split, many = unseen(row["flags"]), row["k"] > 1
    picked = f"the best is the largest of k = {count(row['k'])}" if many else "one submission counts: no pick"
    if split is not None:
        return f"{picked}; the verdict is on {split} items, which were not used to pick"
    if not many:
        return picked
    if pd.isna(row["p_raw"]):
        return f"{picked}; nothing was tested that could allow for it"
    gain = ", bounds and corrected gain" if pd.notna(row["corrected_gain_pp"]) else " and bounds"
    return f"{picked}; p{gain} allow for that"


def _items(row: pd.Series) -> str:
    if pd.isna(row["n_items"]):
        return "no verdict rests on items"
    found = f"; a gain of {percent(row['mde80_pp'])} pp would be found 8 times in 10 (MDE)"
    return f"the verdict rests on {count(row['n_items'])}{found if pd.notna(row['mde80_pp']) else ''}"


def _scoring(run: RunRecord) -> str:
    """Whether scoring again can give another score, as far as the baseline's own scorings tell."""
    scorings = run.baseline_on(run.split)
    n = Baseline.of(run).n
    if not n:
        return "the record holds no scoring of the baseline"
    said = f"the baseline is the mean of {plural(n, 'scoring')}"
    with_items = [s.values.tobytes() for s in scorings if s.values is not None]
    if len(with_items) < 2:
        return f"{said}; whether scoring again gives the same is not known from it"
    if len(set(with_items)) == 1:
        return f"{said}, and all {len(with_items)} agree on every item. {DETERMINISTIC}"
    return f"{said}; scorings differ from one another, so scoring again gives another score"


def _gaps(run: RunRecord) -> Iterator[str]:
    seen = {type(event) for event in reread(run, tuple(KINDS))}
    yield from (words for kind, words in KINDS.items() if kind not in seen)
    if ProcessObserved in seen:
        yield "commands shorter than the sampling interval"
    if run.started.t_s is None:
        yield "times"
    if any(item.evaluation is not None and item.evaluation.values is None for item in run.submissions):
        yield "outcomes of single items"
    if not run.baseline:
        yield "scorings of the baseline"
    yield from (f"{name} (unknown to the importer)" for name in run.started.recorder.unknown)
