"""What a run spent its time on: each moment is given to one stage, by rules over what was recorded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import pandas as pd

from posttrace.analysis.runs.reread import reread
from posttrace.reports.display import percent
from posttrace.reports.one_run.clock import last_seen_s
from posttrace.reports.shown import Table
from posttrace.traces.events import AgentStep, BaselineEvaluated, CodeRevision, LogMetrics

if TYPE_CHECKING:
    from posttrace.analysis.runs.records import RunRecord
    from posttrace.reports.one_run.commands import Command
    from posttrace.reports.one_run.story import Story

STAGES: Final = {
    "evaluate": "the base was scored, or a submission was with the grader, whatever else ran",
    "train": "a command ran during which metrics were logged or a model folder was written",
    "code": "no such command ran, and code changed within the next 60 s",
    "explore": "another command ran, or the agent took a step within the next 60 s",
    "idle": "nothing was recorded: waiting, thinking, or not seen",
}
"""Stage -> its rule. A moment to which several rules apply belongs to the first of them."""
REACH_S: Final = 60.0
"""A change or a step tells of the time before it, up to so much."""
Span = tuple[float, float, str]


def stages(run: RunRecord, story: Story) -> pd.DataFrame:
    """Columns ``run_id, stage, start_s, end_s``: the run from its start to its end without a gap.

    A run that has no end in its trace goes to the last event.

    Without rows when the trace has no times. Raises ``TraceError`` when it changed since it was loaded.
    """
    if run.started.t_s is None:
        return _frame(run, [])
    found = list(reread(run, (AgentStep, BaselineEvaluated, CodeRevision, LogMetrics)))
    logged = [event.t_s for event in found if isinstance(event, LogMetrics) and event.t_s is not None]
    steps = [event.t_s for event in found if isinstance(event, AgentStep) and event.t_s is not None]
    end = last_seen_s(run) or 0.0
    scored = [e for e in found if isinstance(e, BaselineEvaluated) and e.t_s is not None]
    spans: list[Span] = [
        *((e.t_s - (e.duration_s or 0.0), e.t_s, "evaluate") for e in scored if e.t_s is not None),
        *_graded(run, end),
        *_commands(story.commands, [*logged, *_written(story)], end),
        *((t - REACH_S, t, "code") for t in _changed(story)),
        *((t - REACH_S, t, "explore") for t in steps),
    ]
    return _frame(run, list(partition(spans, end)))


def partition(spans: Iterable[Span], end: float) -> Iterator[Span]:
    """Cut [0, end] where a span begins or ends; each piece to the first stage that covers it, else idle."""
    inside = [(max(0.0, a), min(end, b), stage) for a, b, stage in spans if a < end and b > 0 and a < b]
    cuts = sorted({0.0, end, *(a for a, _, _ in inside), *(b for _, b, _ in inside)})
    current: Span | None = None
    for low, high in pairwise(cuts):
        covering = {stage for a, b, stage in inside if a <= low and high <= b}
        stage = next((name for name in STAGES if name in covering), "idle")
        if current is not None and current[2] == stage:
            current = (current[0], high, stage)
        else:
            if current is not None:
                yield current
            current = (low, high, stage)
    if current is not None:
        yield current


def stage_table(spans: pd.DataFrame) -> Table:
    """Seconds and share of each stage, with its rule."""
    lengths = (spans["end_s"] - spans["start_s"]).groupby(spans["stage"]).sum()
    total = float(lengths.sum())
    rows = pd.DataFrame(
        [(name, float(lengths.get(name, 0.0)), STAGES[name]) for name in STAGES],
        columns=pd.Index(["stage", "seconds", "rule"]),
    )
    rows["share_pct"] = 100 * rows["seconds"] / total if total else float("nan")
    if not total:
        rows = rows.iloc[:0]
    cells = pd.DataFrame(
        {
            "stage": rows["stage"],
            "seconds": rows["seconds"].map("{:,.1f}".format),
            "share, %": rows["share_pct"].map(percent),
            "a moment belongs to it when": rows["rule"],
        }
    )
    said = f"Shares are of {total:,.1f} s. The first rule that applies decides. Commands are sampled."
    notes = (said,) if total else ()
    numbers = ("seconds", "share, %")
    return Table("stage_shares", cells, rows, notes, numbers, missing="The trace has no times.")


def _graded(run: RunRecord, end: float) -> Iterator[Span]:
    for item in run.submissions:
        if item.received_s is not None:
            yield item.received_s, end if item.graded_s is None else item.graded_s, "evaluate"


def _commands(commands: Sequence[Command], signs: Sequence[float], end: float) -> Iterator[Span]:
    for command in commands:
        if command.ending != "session":
            stop = end if command.ended_s is None else command.ended_s
            trained = any(command.started_s <= t <= stop for t in signs)
            yield command.started_s, stop, "train" if trained else "explore"


def _written(story: Story) -> list[float]:
    rows = story.events[(story.events["lane"] == "model") & (story.events["kind"] == "written")]
    return [float(t) for t in rows["start_s"]]


def _changed(story: Story) -> list[float]:
    return [float(t) for t in story.events.loc[story.events["lane"] == "revision", "start_s"]]


def _frame(run: RunRecord, spans: Sequence[Span]) -> pd.DataFrame:
    table = pd.DataFrame(spans, columns=pd.Index(["start_s", "end_s", "stage"]))
    table = table.astype({"start_s": "float64", "end_s": "float64"})  # without rows it has no type
    table.insert(0, "run_id", run.run_id)
    return table
