"""Commands that ask how models were trained, and why runs failed: routes, failures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from posttrace.cli.options import Paths, csv_option, json_option, one_form, paths_argument
from posttrace.cli.progress import Tell, load, telling

if TYPE_CHECKING:
    from posttrace.analysis.failures.failures import Failures
    from posttrace.analysis.routes.routes import Routes
    from posttrace.analysis.routes.source.sources import SourceRoute
    from posttrace.analysis.runs.tables import TraceSet

NAMED = 3
"""Run ids that an error names."""


@click.command(short_help="By which route was each submission trained?")
@paths_argument
@json_option
@csv_option
@click.option("--source", is_flag=True, help="PATH is source code, in the order in which it would run.")
@click.option(
    "--explain",
    metavar="RUN",
    help="Show the lineage of the models of this run id, and the rules behind the routes.",
)
@click.option(
    "--labels",
    type=click.Path(path_type=Path),
    help="CSV of run_id, label (and submission_id): how far do the routes agree with them?",
)
def routes(
    paths: Paths, as_json: bool, as_csv: bool, source: bool, explain: str | None, labels: Path | None
) -> int:
    """By which route was each submission trained, and on what evidence?

    PATH is traces or folders of them. A route is the order of training objectives, such as sft>grpo.

    With --source: by which route would code train? Several files (scripts, notebooks, shell scripts,
    configurations, modules) are one pipeline; of a folder its entry points are taken. Nothing is executed.

    Exit 1 when a trace is invalid.
    """
    import posttrace as pt
    from posttrace.reports.display import plural
    from posttrace.reports.memory import Memory
    from posttrace.reports.terminal.screen import left_out, print_frame, routes_table
    from posttrace.traces.errors import InputError

    one_form(as_json, as_csv)
    if source + (explain is not None) + (labels is not None) > 1:
        raise InputError("--source, --explain and --labels: choose one")
    if source:
        return _of_source(paths, as_json=as_json, csv=as_csv)

    def work(tell: Tell) -> tuple[TraceSet, Routes]:
        traces = load(paths, tell)
        tell(f"deriving routes of {plural(len(traces.records), 'run')}")
        return traces, pt.routes(traces, each=Memory.of_user())

    traces, found = telling("routes", work)
    if explain is not None:
        return _explained(found, explain, as_json=as_json)
    if labels is not None:
        return _agreement(found, labels, as_json=as_json)
    if as_json:
        click.echo(json.dumps(found.to_json(), indent=2, allow_nan=False))
    elif as_csv:
        click.echo(found.submissions.to_csv(index=False), nl=False)
    else:
        shown, title, notes = routes_table(found)
        print_frame(shown, title, [*notes, *map(left_out, traces.invalid)])
    return int(bool(traces.invalid))


@click.command(short_help="Why did runs and iterations fail?")
@paths_argument
@json_option
@csv_option
def failures(paths: Paths, as_json: bool, as_csv: bool) -> int:
    """Why did runs and iterations fail? Causes with the lines that show them.

    PATH is traces or folders of them.

    Exit 1 when a trace is invalid.
    """
    from posttrace.analysis.failures.failures import failures as find
    from posttrace.reports.display import plural
    from posttrace.reports.terminal.failures import failures_table
    from posttrace.reports.terminal.screen import left_out, print_frame

    one_form(as_json, as_csv)

    def work(tell: Tell) -> tuple[TraceSet, Failures]:
        traces = load(paths, tell)
        tell(f"explaining failures of {plural(len(traces.records), 'run')}")
        return traces, find(traces)

    traces, found = telling("failures", work)
    if as_json:
        click.echo(json.dumps(found.to_json(), indent=2, allow_nan=False))
    elif as_csv:
        click.echo(found.causes.to_csv(index=False), nl=False)
    else:
        shown, title, notes = failures_table(found)
        print_frame(shown, title, [*notes, *map(left_out, traces.invalid)])
    return int(bool(traces.invalid))


def _explained(found: Routes, run_id: str, *, as_json: bool) -> int:
    from posttrace.reports.terminal.explain import print_explanation
    from posttrace.traces.errors import InputError

    known = list(found.runs["run_id"])
    if run_id not in known:
        more = f" and {len(known) - NAMED} more; posttrace status lists them" if len(known) > NAMED else ""
        named = ", ".join(known[:NAMED]) or "none that can be read; posttrace validate says why"
        raise InputError(f"--explain {run_id}: no run has this id; there are {named}{more}")
    explanation = found.explain(run_id)
    if as_json:
        click.echo(json.dumps(explanation.to_json(), indent=2, allow_nan=False))
    else:
        print_explanation(explanation)
    return 0


def _agreement(found: Routes, labels: Path, *, as_json: bool) -> int:
    import numpy as np

    from posttrace.analysis.routes.agreement import agreement, read_labels
    from posttrace.reports.terminal.screen import print_frame

    agreed = agreement(found, read_labels(labels), rng=np.random.default_rng(0))
    if as_json:
        click.echo(json.dumps(agreed.to_json(), indent=2, allow_nan=False))
        return 0
    print_frame(agreed.table(), f"Routes against the labels of {labels.name}")
    print_frame(agreed.confusion.reset_index(), "Label (rows) and route (columns)")
    different = agreed.items[~agreed.items["same"].astype(bool)]
    if len(different):
        print_frame(different, "Where they differ")
    return 0


def _of_source(paths: Paths, *, as_json: bool, csv: bool) -> int:
    from posttrace.analysis.routes.source.sources import source_routes
    from posttrace.reports.terminal.screen import print_frame
    from posttrace.traces.errors import InputError

    def work(tell: Tell) -> SourceRoute:
        tell("reading code")
        return source_routes(paths)

    found = telling("routes", work)
    if not found.entries:  # of no code nothing can be said, least of all that it trains nothing
        raise InputError(f"{', '.join(paths)}: no program that could be run; give source files, in order")
    if as_json:
        click.echo(json.dumps(found.to_json(), indent=2, allow_nan=False))
    elif csv:
        click.echo(found.table().to_csv(index=False), nl=False)
    else:
        print_frame(found.facts(), found.title, found.notes)
    return 0
