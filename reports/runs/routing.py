"""Routes as a report shows them: beside the verdicts, and one row a submission, or why there are none."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from posttrace.analysis.routes.route import STEP, UNKNOWN
from posttrace.analysis.routes.routes import Routes, routes
from posttrace.analysis.runs.each import Each, in_turn
from posttrace.reports.display import DASH, count, listed, percent
from posttrace.reports.figures.routes import COLUMNS
from posttrace.reports.shown import Table
from posttrace.traces.errors import PosttraceError

if TYPE_CHECKING:
    from posttrace.analysis.audit.audit import Audit
    from posttrace.analysis.runs.tables import TraceSet

KEYS: Final = ("run_id", "submission_id")


@dataclass(frozen=True)
class Routing:
    """The routes of a set of runs, or the reason why there are none."""

    found: Routes = field(default_factory=lambda: Routes(()))
    failure: str | None = None

    @classmethod
    def of(cls, traces: TraceSet, each: Each = in_turn) -> Routing:
        """Derive the routes of the runs that count; those still being written are left alone.

        A trace that stops it leaves a report without routes, and its reason. ``each``: see ``routes``.
        """
        try:
            return cls(routes(replace(traces, records=traces.final), each=each))
        except PosttraceError as error:
            return cls(failure=str(error))

    def to_json(self) -> dict[str, Any]:
        """The routes with all of their evidence; ``failure`` is null unless there are none."""
        return {**self.found.to_json(), "failure": self.failure}

    def within(self, audit: Audit) -> Audit:
        """The same audit with the route of each run, and what it attempted; null where there are none."""
        return audit if self.failure is not None else audit.with_routes(self.found)

    def notes(self, verdicts: pd.DataFrame) -> tuple[str, ...]:
        """What a run trained beyond its submitted route, and why a route is a dash or rests on less.

        One note a reason, naming the runs.
        """
        if self.failure is not None:
            return (f"Route {DASH}: routes could not be derived: {self.failure}",)
        names = dict(zip(verdicts["run_id"], verdicts["task"] + " · " + verdicts["run_label"], strict=True))
        runs = self._final(self.found.runs)
        runs = runs[runs["run_id"].isin(list(names))]

        def named(run_ids: pd.Series) -> str:
            return listed((names[run] for run in run_ids), len(verdicts))

        return (
            *(
                f"Trained, but not on the way to the best submission: {beyond} ({named(found)})."
                for beyond, found in verdicts.groupby(_beyond(verdicts))["run_id"]
            ),
            *(f"Route of {named(found)}: {problem}." for problem, found in runs.groupby("problem")["run_id"]),
        )

    def submissions(self, verdicts: pd.DataFrame, trajectories: pd.DataFrame) -> pd.DataFrame:
        """One row a submission of an audited run, in their order: its score, its route and the evidence.

        Without routes the rows are there all the same, with nulls.
        """
        labels = verdicts[["run_id", "task", "agent_label", "run_label"]]
        scored = trajectories.loc[
            trajectories["kind"] != "baseline", ["run_id", "submission_id", "score_pct"]
        ]
        rows = self._final(self.found.submissions).drop(columns=["task", "agent", "seed", "state", "trace"])
        placed = labels.merge(scored, on="run_id", sort=False)
        return placed.merge(rows, on=list(KEYS), how="left", sort=False)

    def _final(self, table: pd.DataFrame) -> pd.DataFrame:
        return table[table["state"] == "final"].drop_duplicates([name for name in KEYS if name in table])


def _beyond(verdicts: pd.DataFrame) -> pd.Series:
    """Objectives that a run trained and its submitted route lacks; null where it lacks none or is unknown."""
    beyond = [
        [o for o in tried or () if o != UNKNOWN and o not in route.split(STEP) and route != UNKNOWN]
        for tried, route in zip(verdicts["attempted"], verdicts["route"].fillna(""), strict=True)
    ]
    return pd.Series([", ".join(found) or None for found in beyond], index=verdicts.index, dtype="object")


def shares(submissions: pd.DataFrame) -> pd.DataFrame:
    """Share of the submissions received of each task and agent by route: see ``figures.routes.COLUMNS``."""
    keys = ["task", "agent_label"]
    counts = submissions.groupby([*keys, "route"], sort=False).size().rename("submissions").reset_index()
    counts["of"] = counts.groupby(keys)["submissions"].transform("sum")
    counts["share_pct"] = 100 * counts["submissions"] / counts["of"]
    return counts[list(COLUMNS)]


def evidence_table(submissions: pd.DataFrame) -> Table:
    """Per submission its route and the main evidence, as ``path:line`` at a commit."""
    routes = [
        f"{route} ({_either(str(open_))})" if route == UNKNOWN and pd.notna(open_) else route
        for route, open_ in zip(submissions["route"].fillna(DASH), submissions["candidates"], strict=True)
    ]
    cells = pd.DataFrame(
        {
            "task": submissions["task"],
            "run": submissions["run_label"],
            "submission": submissions["submission_id"].map(count),
            "status": submissions["status"].fillna(DASH),
            "score %": submissions["score_pct"].map(percent),
            "route": routes,
            "tier": submissions["tier"].fillna(DASH),
            "main evidence": submissions["evidence"].fillna(DASH),
            "which says": submissions["says"].fillna(DASH),
        }
    )
    return Table("route_evidence", cells, submissions, (), ("submission", "score %"), "task")


def _either(labels: str) -> str:
    """``sft, rft or grpo``."""
    *others, last = labels.split(", ")
    return f"{', '.join(others)} or {last}" if others else f"{last}?"
