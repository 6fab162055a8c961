"""Routes of the study, made by hand: what a report shows does not depend on how they were found."""

from __future__ import annotations

from posttrace.analysis.routes.classify import RunRoutes
from posttrace.analysis.routes.route import Evidence, Route
from posttrace.analysis.routes.routes import Routes
from posttrace.analysis.runs.records import RunRecord
from posttrace.analysis.runs.tables import TraceSet
from posttrace.reports.runs.routing import Routing

SFT = Route(
    ("sft",), "A", (Evidence("masked_nll", "likelihood of given tokens", "code/sft.py", 61, "a" * 40),)
)
HYBRID = Route(
    ("sft", "grpo"), "B", (Evidence("group_mean", "rewards minus their group", "code/rl.py", 88, "b" * 40),)
)
COPY = Route((), "A", (Evidence("base_copy", "the weights are those of the base model"),))
OPEN = Route(("unknown",), None, (), {}, ("grpo", "reinforce"))

PLAN = {"sft": (SFT, SFT, HYBRID), "lottery": (COPY,), "crash": (OPEN,), "grpo": (HYBRID, OPEN)}
"""Agent -> route of its submissions in order, the last for all that follow."""
STORELESS = "revisions.git is not beside the trace"


def by_hand(traces: TraceSet) -> Routing:
    return Routing(Routes(tuple((run, run_routes(run)) for run in traces.records)))


def run_routes(run: RunRecord) -> RunRoutes:
    plan = PLAN[run.started.agent.id]
    routes = {item.submission_id: plan[min(i, len(plan) - 1)] for i, item in enumerate(run.submissions)}
    best = run.best.submission_id if run.best is not None else None
    return RunRoutes(
        attempted=("sft",) if run.started.agent.id == "lottery" else plan[0].stages,
        submitted=None if best is None else routes[best],
        submission_id=best,
        submissions=routes,
        models={item.submission_id: item.path for item in run.submissions},
        problem=STORELESS if run.started.agent.id == "grpo" else None,
    )
