"""The routes of a set of runs: one call, from loaded traces to tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property, partial
from typing import Any, Final

import pandas as pd

from posttrace.analysis.routes.classify import RunRoutes, run_routes
from posttrace.analysis.routes.confidence import judged
from posttrace.analysis.routes.explain import explain
from posttrace.analysis.routes.explanation import Explanation
from posttrace.analysis.routes.lineage.commands import Reader
from posttrace.analysis.routes.route import Evidence, Route
from posttrace.analysis.routes.static import read_command
from posttrace.analysis.runs.each import Each, in_turn
from posttrace.analysis.runs.frames import Columns, frame
from posttrace.analysis.runs.records import RunRecord
from posttrace.analysis.runs.tables import TraceSet
from posttrace.traces.errors import InputError

SCHEMA: Final = "posttrace-routes/1"
MOST_CANDIDATES: Final = 4
"""Labels of an ``unknown`` that a table lists; JSON has all."""

_RUN: Final[Columns] = {
    "run_id": "string",
    "trace": "string",
    "state": "string",
    "task": "string",
    "agent": "string",
    "seed": "Int64",
}
_ROUTE: Final[Columns] = {
    "route": "string",  # sft, grpo, sft>grpo, no_train, unknown, ...
    "coarse": "string",  # SFT, GRPO, hybrid, other
    "confidence": "float64",  # how often a reading of such evidence is right; NaN for unknown
    "tier": "string",  # A, B, C; <NA> for unknown
    "attributes": "string",  # name=value, comma-separated
    "candidates": "string",  # of unknown: labels left open, comma-separated, likeliest first
    "evidence": "string",  # path:line@commit of the main evidence
    "rule": "string",  # that the main evidence fired
    "says": "string",  # the main evidence in words
}
ROUTED_SUBMISSIONS: Final[Columns] = {
    **_RUN,
    "submission_id": "Int64",
    "status": "string",  # a grade status, or pending
    "model": "string",  # the folder that was submitted, relative to the workspace
    **_ROUTE,
}
ROUTED_RUNS: Final[Columns] = {
    **_RUN,
    "submission_id": "Int64",  # best graded submission, whose route stands here; <NA> when there is none
    **_ROUTE,
    "attempted": "string",  # objectives whose training was seen to run, submitted or not, comma-separated
    "problem": "string",  # why less is known: revisions.git is missing, the run has no end
}


@dataclass(frozen=True)
class Routes:
    """Routes of the runs of a ``TraceSet``, whatever their state, and their tables.

    Tables have the same columns and dtypes also when they have no row.
    """

    found: tuple[tuple[RunRecord, RunRoutes], ...]

    @cached_property
    def runs(self) -> pd.DataFrame:
        """One row a run (``ROUTED_RUNS``): the route of its best graded submission, and what it tried."""
        return frame((_run_row(run, routes) for run, routes in self.found), ROUTED_RUNS)

    @cached_property
    def submissions(self) -> pd.DataFrame:
        """One row a submission (``ROUTED_SUBMISSIONS``)."""
        rows = (row for run, routes in self.found for row in _submission_rows(run, routes))
        return frame(rows, ROUTED_SUBMISSIONS)

    def of(self, run_id: str) -> RunRoutes:
        """Routes of one run; of several with this id (copied folders), the one that counts.

        Raises ``InputError`` when there is none.
        """
        return self._named(run_id)[1]

    def _named(self, run_id: str) -> tuple[RunRecord, RunRoutes]:
        named = [(run, routes) for run, routes in self.found if run.run_id == run_id]
        if not named:
            raise InputError(f"no run {run_id} here; the runs table lists what was loaded")
        return min(named, key=lambda pair: pair[0].state != "final")

    def explain(self, run_id: str, *, read: Reader = read_command) -> Explanation:
        """How the routes of one run came about: its models, and the commands between them.

        Raises ``InputError`` when there is no such run, ``TraceError`` when its trace changed.
        """
        return explain(*self._named(run_id), read=read)

    def to_json(self) -> dict[str, Any]:
        """``posttrace-routes/1``: plain JSON with all the evidence."""
        return {"schema": SCHEMA, "runs": [_run_json(run, routes) for run, routes in self.found]}


def routes(traces: TraceSet, *, read: Reader = read_command, each: Each = in_turn) -> Routes:
    """Derive the route of every submission and run of ``traces``.

    What cannot be derived is ``unknown`` with the labels that the evidence leaves open. The code is read from
    ``revisions.git`` beside each trace; where that is missing, what hashes alone tell is all there is, and
    ``problem`` says so. ``read`` says what the source of a command does, ``each`` how to go through the runs.

    Raises ``TraceError`` when a trace changed since it was loaded.
    """
    found = each(partial(run_routes, read=read), traces.records)
    return Routes(tuple((run, _judged(routes)) for run, routes in zip(traces.records, found, strict=True)))


def _judged(found: RunRoutes) -> RunRoutes:
    """With the confidence of each route; one that is not sure enough is ``unknown``."""
    submissions = {number: judged(route) for number, route in found.submissions.items()}
    best = found.submission_id
    return replace(found, submissions=submissions, submitted=None if best is None else submissions[best])


def capped(labels: Sequence[str]) -> str:
    """Labels for a cell: the first ones, and how many more there are."""
    more = len(labels) - MOST_CANDIDATES
    return ", ".join(labels[:MOST_CANDIDATES]) + (f" and {more} more" if more > 0 else "")


def _about(run: RunRecord) -> tuple[Any, ...]:
    start = run.started
    return run.run_id, run.path, run.state, start.task.id, start.agent.id, start.seed


def _route_cells(route: Route | None) -> tuple[Any, ...]:
    if route is None:
        return (None,) * len(_ROUTE)
    main = route.evidence[0] if route.evidence else None
    return (
        *(route.label, route.coarse, route.confidence, route.tier),
        ", ".join(f"{name}={value}" for name, value in route.attributes.items()) or None,
        capped(route.candidates) or None,
        *((main.where or None, main.rule, main.says) if main else (None, None, None)),
    )


def _run_row(run: RunRecord, found: RunRoutes) -> tuple[Any, ...]:
    attempted = ", ".join(found.attempted) or None
    return *_about(run), found.submission_id, *_route_cells(found.submitted), attempted, found.problem


def _submission_rows(run: RunRecord, found: RunRoutes) -> Iterator[tuple[Any, ...]]:
    for item in run.submissions:
        route = found.submissions[item.submission_id]
        model = found.models[item.submission_id]
        yield *_about(run), item.submission_id, item.status, model, *_route_cells(route)


def _run_json(run: RunRecord, found: RunRoutes) -> dict[str, Any]:
    return {
        **dict(zip(_RUN, _about(run), strict=True)),
        "submission_id": found.submission_id,
        "submitted": None if found.submitted is None else _route_json(found.submitted),
        "attempted": list(found.attempted),
        "problem": found.problem,
        "submissions": [
            {
                "submission_id": item.submission_id,
                "status": item.status,
                "model": found.models[item.submission_id],
                **_route_json(found.submissions[item.submission_id]),
            }
            for item in run.submissions
        ],
    }


def _route_json(route: Route) -> dict[str, Any]:
    return {
        "route": route.label,
        "coarse": route.coarse,
        "confidence": route.confidence,
        "tier": route.tier,
        "attributes": dict(route.attributes),
        "candidates": list(route.candidates),
        "evidence": [_evidence_json(fact) for fact in route.evidence],
    }


def _evidence_json(fact: Evidence) -> Mapping[str, Any]:
    return {**asdict(fact), "where": fact.where}
