"""Commands on tables that others printed: lint."""

from __future__ import annotations

import json

import click

from posttrace.cli.options import Paths, csv_option, json_option, one_form


@click.command()
@click.argument("tables", nargs=-1, required=True, metavar="TABLE...")
@json_option
@csv_option
def lint(tables: Paths, as_json: bool, as_csv: bool) -> int:
    """Do the numbers of a printed table fit each other?

    TABLE is a CSV file, published:GROUP or published:TABLE (an unknown name lists the groups). Several
    are read as one report.

    Exit 1 when numbers cannot all hold as they are labelled. Numbers that hold under a condition which the
    table does not state are told as information.
    """
    import posttrace as pt
    from posttrace.reports.terminal.findings import findings_tables
    from posttrace.reports.terminal.screen import print_frame

    one_form(as_json, as_csv)
    findings = pt.lint(tables)
    if as_json:
        click.echo(json.dumps(findings.to_json(), indent=2, allow_nan=False))
    elif as_csv:
        click.echo(findings.table().to_csv(index=False), nl=False)
    else:
        for number, shown in enumerate(findings_tables(findings)):
            if number:
                click.echo()
            print_frame(*shown)
    return int(findings.inconsistent)
