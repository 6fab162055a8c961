"""The report on printed tables as a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from posttrace.reports.templates import prose_published as prose
from posttrace.reports.templates.cells import Parameters, assembled, assignments, code, front_matter, text
from posttrace.reports.templates.prose import heading

if TYPE_CHECKING:
    from nbformat import NotebookNode

SETUP = """\
import posttrace as pt
from IPython.display import display
from posttrace.reports import evidence, shown
from posttrace.reports.published import alt, paper, tables
from posttrace.reports.figures.modes import modes
from posttrace.reports.figures.published_curves import published_curves
from posttrace.reports.figures.published_gains import published_gains
from posttrace.reports.style import PAGES"""

READ = """\
page = PAGES[style]
published = paper.Published.of(paths, pt.AuditSettings(**settings))
verdicts = published.verdicts()"""

SUMMARY = 'summary = paper.summary(verdicts, settings["delta_eq"])\nsummary'

GAINS = """\
main = paper.main_rows(verdicts)
gains = shown.Picture("gains", published_gains(main, page=page), main, alt=alt.gains(main))
display(gains, paper.cited(main))"""

DETECTABLE = """\
detectable = tables.detectable(verdicts, settings["alpha"])
display(detectable, paper.cited(verdicts[verdicts["mde80_pp"].notna()]))"""

DRIVERS = """\
drivers = tables.drivers(verdicts, settings["alpha"])
display(drivers, paper.cited(tables.compared(verdicts)))"""

MODES = """\
by_mode = paper.modes(verdicts)
mode_map = shown.drawn(
    "modes",
    by_mode,
    lambda rows: modes(rows, page=page),
    alt.modes(by_mode),
    missing="No agent is reported in several modes on two tasks or more.",
)
display(mode_map, paper.cited(by_mode))"""

CURVE = """\
by_{name} = paper.curves(published, "{name}")
{name}_curves = shown.drawn(
    "{name}_curves",
    by_{name},
    lambda rows: published_curves(rows, "{label}", page=page),
    alt.curves(by_{name}, "{label}"),
    missing="No table has gains by {label}.",
)
display({name}_curves, paper.cited(by_{name}))"""

EVIDENCE = """\
displays = [
    verdict_table, gains, selection, detectable, mode_map, drivers, time_curves, pass_curves,
    findings, sources,
]
asked = {
    "kind": "published", "paths": paths, "title": title, "settings": settings, "where": where, "style": style
}
evidence.Evidence(None, published.audit, None, title, summary.text, command, asked, displays)"""


def build(parameters: Parameters) -> NotebookNode:
    """Unexecuted notebook of a report on printed tables."""
    return assembled(parameters, _cells(parameters))


def _cells(parameters: Parameters) -> list[NotebookNode]:
    return [
        front_matter(parameters.title),
        text(f"# {heading(parameters.title)}", "title"),
        assignments(parameters),
        code(SETUP, "doing-imports"),
        code(READ, "doing-audit-and-lint"),
        code(SUMMARY, "summary"),
        text(prose.NOISE, "box"),
        text("## Gains and their bounds"),
        code(GAINS),
        text(prose.GAINS),
        text("## What picking the best would show by itself"),
        code('selection = tables.selection(verdicts, settings["alpha"])\nselection'),
        text(prose.SELECTION),
        text("## What tests of this size can show"),
        code(DETECTABLE),
        text("## Modes and tasks"),
        code(MODES),
        text(prose.MODES),
        text("## Drivers"),
        code(DRIVERS),
        text("## Budget"),
        code(CURVE.format(name="time", label="time budget")),
        text(prose.TIME),
        text("## Best of several runs"),
        code(CURVE.format(name="pass", label="number of runs, best of which counts")),
        text(prose.PASS),
        text("## Do the numbers fit each other?"),
        code(
            "findings = tables.finding_table(published.findings)\n"
            'findings.folded(f"All that the linter found ({len(findings.cells)})")'
        ),
        code("tables.finding_counts(published.findings)"),
        text(prose.FINDINGS),
        text("## Every reported result"),
        code("verdict_table = paper.verdict_table(verdicts)\nverdict_table"),
        text(prose.verdicts(parameters.settings)),
        text(prose.rebuild(parameters.command)),
        code("sources = paper.sources(published)\nsources"),
        code(EVIDENCE, "evidence"),
    ]  # fmt: skip
