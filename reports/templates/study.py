"""The study report as a notebook: ordinary Markdown and code cells that a reader can rerun and extend."""

from __future__ import annotations

from typing import TYPE_CHECKING

from posttrace.reports.templates import prose
from posttrace.reports.templates.cells import Parameters, assembled, assignments, code, front_matter, text

if TYPE_CHECKING:
    from nbformat import NotebookNode

SETUP = """\
import posttrace as pt
from IPython.display import display
from posttrace.reports import alt, evidence, figures, shown
from posttrace.reports.one_run import chapters, story
from posttrace.reports.runs import cohort, frames, provenance, routing, tables
from posttrace.reports.render.html import run_anchor
from posttrace.reports.memory import Memory
from posttrace.reports.style import PAGES"""

LOAD = """\
page = PAGES[style]
memory = Memory.of_user()
traces = cohort.chosen(pt.load(paths), where)"""

ROUTE = "routes = routing.Routing.of(traces, memory)"

AUDIT = """\
audit = routes.within(pt.audit(traces, pt.AuditSettings(**settings), each=memory))
verdicts = frames.with_integrity(frames.verdicts(audit), traces)
submissions = frames.trajectories(traces, verdicts)
routed = routes.submissions(verdicts, submissions)
shares = routing.shares(routed)
delta_eq_pp = 100 * audit.settings.delta_eq"""

SUMMARY = """\
summary = tables.summary(verdicts, len(traces.excluded), delta_eq=audit.settings.delta_eq)
summary"""

VERDICTS = """\
notes = (*provenance.scales(traces), *routes.notes(verdicts))
verdict_table = tables.verdict_table(verdicts, notes)
verdict_table.linked("agent", verdicts["run_id"].map(run_anchor))"""

TRAJECTORIES = """\
trajectories = shown.drawn(
    "trajectories",
    submissions,
    lambda rows: figures.trajectories(rows, page=page),
    alt.trajectories(submissions),
    missing="No score was recorded, neither of a base nor of a submission.",
    value="score_pct",
)
trajectories"""

FOREST = """\
forest = shown.Picture(
    "forest",
    figures.forest(verdicts, delta_eq_pp=delta_eq_pp, page=page),
    verdicts,
    alt=alt.forest(verdicts),
)
forest"""

ROUTES = """\
route_bars = shown.Picture("routes", figures.routes(shares, page=page), shares, alt=alt.routes(shares))
route_bars"""

ROUTE_EVIDENCE = """\
route_evidence = routing.evidence_table(routed)
route_evidence.folded(f"Route and main evidence of every submission ({len(routed)})")"""

STORY = """\
told = story.tell(traces, routed, submissions, story.choose(routed))
timeline = shown.Picture(
    "timeline",
    figures.timeline(told.events, page=page),
    told.events,
    alt=alt.timeline(told.events, told.name),
)
display(shown.Prose(told.name), timeline)"""

CHAPTERS = """\
command_table, change_table = chapters.command_table(told), chapters.change_table(told)
display(chapters.lead(told), *chapters.folds(told, routed))
command_table.folded(f"All commands that were seen ({len(told.commands)})")"""

EVIDENCE = """\
displays = [
    verdict_table, trajectories, forest, route_bars, route_evidence,
    timeline, command_table, change_table, cell_table,
    run_counts, exclusions, denominators, sandboxes, flags, heads,
]
asked = {
    "kind": "study", "paths": paths, "title": title, "settings": settings, "where": where, "style": style
}
evidence.Evidence(traces, audit, routes, title, summary.text, command, asked, displays)"""


def build(parameters: Parameters) -> NotebookNode:
    """Unexecuted notebook of a study."""
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
        text("## Verdicts"),
        code(VERDICTS),
        text(prose.verdict_caption(parameters.settings)),
        text(prose.NOISE_BOX, "box"),
        text("## Score trajectories"),
        code(TRAJECTORIES),
        text(prose.TRAJECTORIES),
        text("## Gains and their bounds"),
        code(FOREST),
        text(prose.FOREST),
        text("## Routes"),
        code(ROUTES),
        text(prose.ROUTES),
        code(ROUTE_EVIDENCE),
        text("## One run in full"),
        code(STORY),
        text(prose.STORY),
        code(CHAPTERS),
        text("## Cell by cell"),
        code("cell_table = tables.cell_table(audit, verdicts)\ncell_table"),
        text(prose.cells_caption(parameters.settings)),
        text("## Exclusions and denominators"),
        code("run_counts = tables.run_counts(traces, verdicts)\nrun_counts"),
        text("Traces that were left out:"),
        code("exclusions = tables.exclusions(traces)\nexclusions"),
        text("How the audited runs ended, and what became of their submissions:"),
        code("denominators = tables.denominators(traces, verdicts)\ndenominators"),
        text("## Integrity\n\nWhat the sandbox put out of the agent's reach:"),
        code("sandboxes = provenance.sandboxes(traces)\nsandboxes"),
        text("What the recorder observed and the audit noticed:"),
        code("flags = provenance.flags(traces, verdicts)\nflags"),
        text(prose.FLAGS),
        text(prose.rebuild(parameters.command)),
        code("heads = provenance.heads(traces, verdicts)\nheads"),
        text(prose.HEADS),
        code(EVIDENCE, "evidence"),
    ]  # fmt: skip
