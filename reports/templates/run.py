"""The report on one run as a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from posttrace.reports.templates import prose
from posttrace.reports.templates.cells import Parameters, assembled, assignments, code, front_matter, text

if TYPE_CHECKING:
    from nbformat import NotebookNode

SETUP = """\
import posttrace as pt
from IPython.display import display
from posttrace.analysis.failures.failures import failures
from posttrace.reports import alt, evidence, figures, shown
from posttrace.reports.one_run import attempts, chapters, facts as run_facts, scope, stages, story
from posttrace.reports.runs import cohort, frames, provenance, routing
from posttrace.reports.figures.stages import stages as stage_strip
from posttrace.reports.memory import Memory
from posttrace.reports.style import PAGES"""

LOAD = """\
page = PAGES[style]
memory = Memory.of_user()
traces = cohort.alone(cohort.chosen(pt.load(paths), where))
run = traces.final[0]"""

ROUTE = "routes = routing.Routing.of(traces, memory)"

AUDIT = """\
audit = routes.within(pt.audit(traces, pt.AuditSettings(**settings), each=memory))
verdicts = frames.with_integrity(frames.verdicts(audit), traces)
scores = frames.trajectories(traces, verdicts)
routed = routes.submissions(verdicts, scores)
told = story.tell(traces, routed, scores, run.run_id)
spans = stages.stages(run, told)"""

SUMMARY = "summary = run_facts.headline(run, verdicts)\nsummary"

TRAJECTORY = """\
trajectory = shown.drawn(
    "trajectory",
    scores,
    lambda rows: figures.trajectories(rows, page=page),
    alt.trajectories(scores),
    missing="No score was recorded, neither of the base nor of a submission.",
    value="score_pct",
)
trajectory"""

SUBMISSIONS = """\
submissions = attempts.submissions(run, audit, routed, told)
change_table = chapters.change_table(told)
submissions"""

TIMELINE = """\
timeline = shown.Picture(
    "timeline",
    figures.timeline(told.events, page=page),
    told.events,
    alt=alt.timeline(told.events, told.name),
)
timeline"""

COMMANDS = """\
command_table = chapters.command_table(told)
command_table.folded(f"All commands that were seen ({len(told.commands)})")"""

STAGES = """\
arrived = [item.received_s for item in run.submissions if item.received_s is not None]
strip = shown.Picture("stages", stage_strip(spans, arrived, page=page), spans, alt=alt.stages(spans))
strip"""

EVIDENCE = """\
displays = [
    facts, trajectory, submissions, change_table, failed, timeline, command_table, strip, stage_table,
    usage, resources, process, limits, flags, heads,
]
asked = {
    "kind": "run", "paths": paths, "title": title, "settings": settings, "where": where, "style": style
}
evidence.Evidence(traces, audit, routes, title, summary.text, command, asked, displays)"""


def build(parameters: Parameters) -> NotebookNode:
    """Unexecuted notebook of one run."""
    return assembled(parameters, _cells(parameters))


def _cells(parameters: Parameters) -> list[NotebookNode]:
    return [
        front_matter(parameters.title),
        text(f"# {prose.heading(parameters.title)}", "title"),
        assignments(parameters),
        code(SETUP, "doing-imports"),
        code(LOAD, "doing-reading-traces"),
        code(ROUTE, "doing-routes"),
        code(AUDIT, "doing-audit"),
        code(SUMMARY, "summary"),
        text("## The run"),
        code("facts = run_facts.facts(traces, verdicts)\nfacts"),
        text("## Scores"),
        code(TRAJECTORY),
        text(prose.ONE_TRAJECTORY),
        text("## Submissions"),
        code(SUBMISSIONS),
        text(prose.submissions_caption(parameters.settings)),
        code("display(chapters.lead(told), *chapters.folds(told, routed))"),
        text("## Attempts that failed"),
        code("failed = attempts.failed_attempts(failures(traces), told)\nfailed"),
        text("## What ran when"),
        code(TIMELINE),
        text(prose.ONE_STORY),
        code(COMMANDS),
        code(STAGES),
        text(prose.STAGES),
        code("stage_table = stages.stage_table(spans)\nstage_table"),
        text("## Tokens, cost and machine"),
        code("usage, resources = run_facts.usage(traces), run_facts.resources(traces, run)"),
        code("display(usage, resources)"),
        text("## The process in numbers"),
        code("process = run_facts.process(run, verdicts, told, spans)\nprocess"),
        text("## What this run can and cannot show"),
        code("limits = scope.limits(traces, verdicts)\nlimits"),
        text(prose.NOISE_BOX, "box"),
        text("## Integrity\n\nWhat the recorder observed and the audit noticed:"),
        code("flags = provenance.flags(traces, verdicts)\nflags"),
        text(prose.FLAGS),
        text(prose.rebuild(parameters.command)),
        code("heads = provenance.heads(traces, verdicts)\nheads"),
        text(prose.HEADS),
        code(EVIDENCE, "evidence"),
    ]  # fmt: skip
