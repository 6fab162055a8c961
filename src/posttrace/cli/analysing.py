"""The command that asks whether gains are real: audit."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from posttrace.cli.options import Paths, audit_options, csv_option, json_option, paths_argument

if TYPE_CHECKING:
    from posttrace.analysis.audit.settings import AuditSettings


@click.command(short_help="Does the gain exceed noise, the best of k being picked?")
@paths_argument
@audit_options
@json_option
@csv_option
@click.option("--follow", "live", is_flag=True, help="Watch one run that is going on, by e-values.")
@click.option(
    "--study", "with_study", is_flag=True, help="Add statistics over runs: cells, contrasts, rates."
)
@click.option(
    "--routes/--no-routes", "with_routes", default=True, show_default=True, help="Derive routes as well."
)
@click.option(
    "--fail-on", default="", metavar="CODE[,CODE]", help="Exit 1 when a run has one of these verdicts."
)
def audit(
    paths: Paths,
    as_json: bool = False,
    as_csv: bool = False,
    live: bool = False,
    with_study: bool = False,
    with_routes: bool = True,
    fail_on: str = "",
    **settings: Any,
) -> int:
    """Does the gain exceed evaluation noise when the best of k submissions was picked?

    PATH is traces or folders of them, or tables of reported results: CSV files, or published:NAME.

    Exit 1 when a trace is invalid or a run has a verdict named by --fail-on: exceeds, within_noise,
    no_gain_larger_than_delta, regression, undetermined, underpowered or invalid.
    """
    import posttrace as pt
    from posttrace.analysis.audit.verdict import CODES
    from posttrace.analysis.published.tables import is_table, named_tables
    from posttrace.reports.memory import Memory
    from posttrace.reports.terminal.screen import audit_table, integrity_words, print_frame
    from posttrace.reports.terminal.study import study_tables
    from posttrace.traces.errors import InputError

    wanted = {code.strip() for code in fail_on.split(",")} - {""}
    if unknown := wanted - set(CODES):
        raise InputError(f"--fail-on {', '.join(sorted(unknown))}: verdicts are {', '.join(CODES)}")
    if as_json and as_csv:
        raise InputError("--json and --csv: choose one")
    if live:
        if as_csv or with_study or wanted:
            raise InputError(
                "--follow watches one run, as text or --json, without --csv, --study and --fail-on"
            )
        return _watched(paths, pt.AuditSettings(**settings), as_json=as_json)
    chosen, observed, traces = pt.AuditSettings(**settings), None, None
    if any(map(is_table, paths)):
        result = pt.audit_table(named_tables(paths), chosen)
    else:
        traces = pt.load(paths)
        memory = Memory.of_user()
        result, observed = pt.audit(traces, chosen, each=memory), integrity_words(traces)
        if with_routes:
            result = result.with_routes(pt.routes(traces, each=memory))
    if as_csv:
        click.echo(result.table().to_csv(index=False), nl=False)
    elif as_json:
        said = {"study": pt.study(result, traces=traces).to_json()} if with_study else {}
        click.echo(json.dumps(result.to_json() | said, indent=2, allow_nan=False))
    else:
        print_frame(*audit_table(result, observed))
        for shown in study_tables(pt.study(result, traces=traces), everything=with_study):
            click.echo()
            print_frame(*shown)
    broken = any(exclusion.state == "invalid" for exclusion in result.excluded)
    return int(broken or any(row.verdict in wanted for row in result.runs))


def _watched(paths: Paths, settings: AuditSettings, *, as_json: bool) -> int:
    from posttrace.analysis.published.tables import is_table
    from posttrace.cli.planning import follow
    from posttrace.traces.errors import InputError

    if len(paths) != 1 or is_table(paths[0]):
        raise InputError("--follow watches one run; give the folder of one run")
    return follow(paths[0], settings, as_json=as_json)
