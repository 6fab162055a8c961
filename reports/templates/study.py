"""The study report as a notebook: ordinary Markdown and code cells that a reader can rerun and extend."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from posttrace.reports.notebook import nbformat
from posttrace.reports.templates import prose

if TYPE_CHECKING:
    from nbformat import NotebookNode


@dataclass(frozen=True)
class Parameters:
    """What one report is about. ``paths`` are as seen from the notebook's folder."""

    paths: Sequence[str]
    title: str
    settings: dict[str, Any]
    command: str
    """Rebuilds the report, typed in the notebook's folder."""


SETUP = """\
import posttrace as pt
from IPython.display import display
from posttrace.reports import alt, chapters, evidence, figures, frames, provenance
from posttrace.reports import routing, shown, story, tables

traces = pt.load(paths)
routes = routing.Routing.of(traces)
audit = routes.within(pt.audit(traces, pt.AuditSettings(**settings)))
verdicts = frames.with_integrity(frames.verdicts(audit), traces)
submissions = frames.trajectories(traces, verdicts)
routed = routes.submissions(verdicts, submissions)
shares = routing.shares(routed)
delta_eq_pp = 100 * audit.settings.delta_eq"""

SUMMARY = """\
summary = tables.summary(verdicts, len(traces.excluded), delta_eq=audit.settings.delta_eq)
summary"""

TRAJECTORIES = """\
trajectories = shown.Picture(
    "trajectories",
    figures.trajectories(submissions),
    submissions,
    alt=alt.trajectories(submissions),
)
trajectories"""

FOREST = """\
forest = shown.Picture(
    "forest",
    figures.forest(verdicts, delta_eq_pp=delta_eq_pp),
    verdicts,
    alt=alt.forest(verdicts),
)
forest"""

ROUTES = """\
route_bars = shown.Picture("routes", figures.routes(shares), shares, alt=alt.routes(shares))
route_bars"""

ROUTE_EVIDENCE = """\
route_evidence = routing.evidence_table(routed)
route_evidence.folded(f"Route and main evidence of every submission ({len(routed)})")"""

STORY = """\
told = story.tell(traces, routed, submissions, story.choose(routed))
timeline = shown.Picture(
    "timeline", figures.timeline(told.events), told.events, alt=alt.timeline(told.events, told.name)
)
display(shown.Prose(told.name), timeline)"""

CHAPTERS = """\
command_table, change_table = chapters.command_table(told), chapters.change_table(told)
display(*chapters.folds(told, routed))
command_table.folded(f"All commands that were seen ({len(told.commands)})")"""

EVIDENCE = """\
displays = [
    verdict_table, trajectories, forest, route_bars, route_evidence,
    timeline, command_table, change_table, cell_table,
    run_counts, exclusions, denominators, sandboxes, flags, heads,
]
evidence.Evidence(traces, audit, routes, title, summary.text, command, displays)"""


def build(parameters: Parameters) -> NotebookNode:
    """Unexecuted notebook. The same parameters give the same notebook, cell ids included."""
    cells = _cells(parameters)
    for i, cell in enumerate(cells):
        cell["id"] = f"cell-{i:02d}"
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    metadata = {"kernelspec": kernel, "title": parameters.title}
    notebook: NotebookNode = nbformat().v4.new_notebook(cells=cells, metadata=metadata)
    return notebook


def _cells(parameters: Parameters) -> list[NotebookNode]:
    text, code = _markdown, _code
    return [
        _front_matter(parameters.title),
        text(f"# {prose.heading(parameters.title)}", "title"),
        code(_assignments(parameters), "parameters"),
        code(SETUP),
        code(SUMMARY, "summary"),
        text("## Verdicts"),
        code("verdict_table = tables.verdict_table(verdicts, routes.notes(verdicts))\nverdict_table"),
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
        text(prose.CELLS),
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


def _front_matter(title: str) -> NotebookNode:
    """Quarto's settings, in the one cell that the built-in renderer drops. JSON is YAML."""
    settings = [
        f"title: {json.dumps(title)}",
        "format:\n  html:\n    embed-resources: true\n    html-math-method: mathml\n    toc: true",
        "execute:\n  enabled: false\n  echo: false",
    ]
    return _cell("raw", "\n".join(["---", *settings, "---"]))


def _assignments(parameters: Parameters) -> str:
    values = {
        "paths": list(parameters.paths),
        "title": parameters.title,
        "settings": parameters.settings,
        "command": parameters.command,
    }
    shown = (f"{name} = {_literal(value)}" for name, value in values.items())
    return "\n".join(["# paths are as seen from this notebook's folder", *shown])


def _literal(value: Any) -> str:
    if not isinstance(value, dict):
        return repr(value)
    return "\n".join(["{", *(f"    {key!r}: {entry!r}," for key, entry in value.items()), "}"])


def _markdown(source: str, *tags: str) -> NotebookNode:
    return _cell("markdown", source, *tags)


def _code(source: str, *tags: str) -> NotebookNode:
    return _cell("code", source, *tags)


def _cell(kind: str, source: str, *tags: str) -> NotebookNode:
    make = getattr(nbformat().v4, f"new_{kind}_cell")
    cell: NotebookNode = make(source, metadata={"tags": list(tags)} if tags else {})
    return cell
