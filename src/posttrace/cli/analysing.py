"""The command that asks whether gains are real: audit."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from posttrace.cli.options import Paths, audit_options, csv_option, json_option, one_form, paths_argument
from posttrace.cli.progress import Tell, load, telling

if TYPE_CHECKING:
    from posttrace.analysis.across.study import Study
    from posttrace.analysis.audit.audit import Audit
    from posttrace.analysis.audit.settings import AuditSettings


@click.command(short_help="Does the gain exceed noise, the best of k being picked?")
@paths_argument
@audit_options
@json_option
@csv_option
@click.option(
    "--follow",
    "live",
    is_flag=True,
    help="Watch one run while it goes on: e-values after each submission.",
)
@click.option(
    "--study", "with_study", is_flag=True, help="Add all statistics over runs: cells, contrasts, rates."
)
@click.option(
    "--routes/--no-routes",
    "with_routes",
    default=True,
    show_default=True,
    help="Say how each run was trained, too.",
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

    PATH is traces or folders of them, or tables of reported results: CSV files, or published:NAME
    such as published:agent2 (an unknown name lists them all).

    Exit 1 when a trace is invalid or a run has a verdict named by --fail-on: exceeds, within_noise,
    no_gain_larger_than_delta, regression, undetermined, underpowered or invalid; with --follow, when
    the run's runner was killed.
    """
    import posttrace as pt
    from posttrace.analysis.audit.verdict import CODES
    from posttrace.traces.errors import InputError

    wanted = {code.strip() for code in fail_on.split(",")} - {""}
    if unknown := wanted - set(CODES):
        raise InputError(f"--fail-on {', '.join(sorted(unknown))}: verdicts are {', '.join(CODES)}")
    one_form(as_json, as_csv)
    chosen = pt.AuditSettings(**settings)
    if live:
        if as_csv or with_study or wanted:
            raise InputError(
                "--follow watches one run, as text or --json, without --csv, --study and --fail-on"
            )
        return _watched(paths, chosen, as_json=as_json)
    studied = with_study or not (as_json or as_csv)
    result, observed, study = telling(
        "audit", lambda tell: _computed(paths, chosen, tell, routes=with_routes, studied=studied)
    )
    if as_csv:
        click.echo(result.table().to_csv(index=False), nl=False)
    elif as_json:
        said = {"study": study.to_json()} if study else {}
        click.echo(json.dumps(result.to_json() | said, indent=2, allow_nan=False))
    elif study:
        _print(result, observed, study, everything=with_study)
    broken = any(exclusion.state == "invalid" for exclusion in result.excluded)
    return int(broken or any(row.verdict in wanted for row in result.runs))


def _computed(
    paths: Paths, settings: AuditSettings, tell: Tell, *, routes: bool, studied: bool
) -> tuple[Audit, dict[str, str] | None, Study | None]:
    """The audit, what is to be said of the integrity of its runs if they have traces, and their study."""
    import posttrace as pt
    from posttrace.analysis.published.tables import is_table, named_tables
    from posttrace.reports.display import plural
    from posttrace.reports.memory import Memory
    from posttrace.reports.terminal.screen import integrity_words

    if any(map(is_table, paths)):
        result = pt.audit_table(named_tables(paths), settings)
        return result, None, pt.study(result) if studied else None
    memory, traces = Memory.of_user(), load(paths, tell)
    runs = plural(len(traces.final), "run")
    tell(f"judging gains of {runs}")
    result = pt.audit(traces, settings, each=memory)
    if routes:
        tell(f"deriving routes of {runs}")
        result = result.with_routes(pt.routes(traces, each=memory))
    if studied:
        tell(f"comparing {runs}")
    return result, integrity_words(traces), pt.study(result, traces=traces) if studied else None


def _print(result: Audit, observed: dict[str, str] | None, study: Study, *, everything: bool) -> None:
    from posttrace.reports.terminal.screen import audit_table, print_frame
    from posttrace.reports.terminal.study import study_tables

    print_frame(*audit_table(result, observed))
    for shown in study_tables(study, everything=everything):
        click.echo()
        print_frame(*shown)


def _watched(paths: Paths, settings: AuditSettings, *, as_json: bool) -> int:
    from posttrace.analysis.published.tables import is_table
    from posttrace.cli.planning import follow
    from posttrace.traces.errors import InputError

    if len(paths) != 1 or is_table(paths[0]):
        raise InputError("--follow watches one run; give the folder of one run")
    return follow(paths[0], settings, as_json=as_json)
