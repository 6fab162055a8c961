"""How runs stand, from their traces alone: what ``posttrace status`` shows and a running sweep prints."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from posttrace.runner.claim import alive
from posttrace.runner.layout import RunDir
from posttrace.traces import find_traces, read_events
from posttrace.traces.errors import TraceError
from posttrace.traces.events import (
    BaselineEvaluated,
    ResourceSample,
    RunFinished,
    RunStarted,
    SubmissionGraded,
    SubmissionReceived,
)

WATCHED = (RunStarted, BaselineEvaluated, SubmissionReceived, SubmissionGraded, ResourceSample, RunFinished)

BROKEN = "no readable record"


@dataclass(frozen=True)
class RunState:
    """One attempt as it stands; scores on the task's native scale, ``None`` = not known yet."""

    run_id: str
    path: str
    agent: str
    task: str
    seed: int | None
    state: str
    """baseline, running, a final status, or interrupted."""
    submissions: int
    submissions_left: int | None
    baseline: float | None
    best: float | None
    elapsed_s: float | None
    wall_left_s: float | None


def states(root: Path) -> list[RunState]:
    """Every attempt below ``root``. Raises ``InputError`` when there is none."""
    return [state_of(RunDir(trace.parent)) for trace in find_traces([root])]


def state_of(run: RunDir) -> RunState:
    """One attempt whose trace exists; a record that is empty or broken is a state too."""
    try:
        found = read_state(run)
    except TraceError:
        found = None
    return found or RunState("", str(run.root), "", "", None, BROKEN, 0, *(None,) * 5)


def read_state(run: RunDir) -> RunState | None:
    """One attempt; ``None`` before its first line. Raises ``TraceError`` for a record that is broken."""
    if not run.trace.is_file():
        return None
    events = list(read_events(run.trace, kinds=WATCHED))
    if not events or not isinstance(events[0], RunStarted):
        return None
    started, last = events[0], events[-1]
    received = sum(isinstance(e, SubmissionReceived) for e in events)
    grades = [e for e in events if isinstance(e, SubmissionGraded)]
    scores = [e.score for e in grades if e.score is not None]
    # a score spends budget, and one that is still awaited holds its place
    spent = received - sum(e.status != "graded" for e in grades)
    baseline = [e.score for e in events if isinstance(e, BaselineEvaluated) and e.split == "feedback"]
    budget, elapsed = started.budget, last.t_s
    best = (max if started.task.higher_is_better else min)(scores) if scores else None
    return RunState(
        run_id=started.run_id,
        path=str(run.root),
        agent=started.agent.id,
        task=started.task.id,
        seed=started.seed,
        state=_state(run, last, scored=len(baseline) >= _replicates(started)),
        submissions=received,
        submissions_left=None if budget.submissions is None else budget.submissions - spent,
        baseline=fmean(baseline) if baseline else None,
        best=best,
        elapsed_s=elapsed,
        wall_left_s=None if budget.wall_s is None or elapsed is None else max(0.0, budget.wall_s - elapsed),
    )


def _state(run: RunDir, last: object, *, scored: bool) -> str:
    if isinstance(last, RunFinished):
        return last.status
    if not alive(run):
        return "interrupted"
    return "running" if scored else "baseline"


def _replicates(started: RunStarted) -> int:
    """Scorings of the base that come before the agent; 1 where a foreign record does not say."""
    grading = started.config.get("grading")
    return int(grading.get("baseline_replicates", 1)) if isinstance(grading, dict) else 1
