"""The route of each submission of a run, and what the run tried."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from posttrace.analysis.records import RunRecord
from posttrace.analysis.routes.history import History, read_history
from posttrace.analysis.routes.models import BASE
from posttrace.analysis.routes.route import UNKNOWN, Evidence, Route


@dataclass(frozen=True)
class RunRoutes:
    """The routes of one run."""

    attempted: tuple[str, ...]
    """Objectives whose training was seen to run, in order of their start, submitted or not."""
    submitted: Route | None
    """Of the best graded submission; null when there is none."""
    submission_id: int | None
    """That submission."""
    submissions: Mapping[int, Route]
    """Of every submission, by its number."""
    models: Mapping[int, str]
    """The folder that each submission named, relative to the workspace where it lies below it."""
    problem: str | None = None
    """Why the code of the run could not be read; null when it could."""


def run_routes(run: RunRecord) -> RunRoutes:
    """Derive the routes of one loaded run. Raises ``TraceError`` when its trace changed since."""
    history = read_history(run)
    found = {item.submission_id: _route(history, item.submission_id) for item in run.submissions}
    best = run.best.submission_id if run.best is not None else None
    return RunRoutes(
        attempted=(),
        submitted=None if best is None else found[best],
        submission_id=best,
        submissions=found,
        models={item.submission_id: history.relative(item.path) for item in run.submissions},
    )


def _route(history: History, submission: int) -> Route:
    weights = history.submitted.get(submission)
    if weights == BASE:
        says = "the weights are those of the base model, byte for byte"
        return Route((), "A", (Evidence("base_copy", says, history.base_path),))
    return Route((UNKNOWN,), None)
