"""Commands on traces as files: validate, repair."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from posttrace.cli.options import Paths, json_option, paths_argument
from posttrace.cli.progress import Tell, telling

if TYPE_CHECKING:
    from posttrace.traces import Finding


@click.command()
@paths_argument
@json_option
def validate(paths: Paths, as_json: bool) -> int:
    """Check traces: schema, sequence, hash chain, invariants.

    PATH is traces or folders of them; the rescore files beside a trace are checked as well.

    Exit 1 when there are errors; warnings alone do not fail.
    """
    from dataclasses import asdict

    from posttrace.traces import find_rescores, find_traces
    from posttrace.traces import validate as check

    traces = [file for trace in find_traces(paths) for file in (trace, *find_rescores(trace))]

    def work(tell: Tell) -> list[Finding]:
        findings: list[Finding] = []
        for n, trace in enumerate(traces, start=1):
            findings += check(trace)
            tell(f"{n} of {len(traces)} files")
        return findings

    findings = telling("validate", work)
    errors = sum(f.severity == "error" for f in findings)
    if as_json:
        click.echo(json.dumps([asdict(f) | {"path": str(f.path)} for f in findings], indent=2))
    else:
        for f in findings:
            click.echo(f)
        counts = {"file": len(traces), "error": errors, "warning": len(findings) - errors}
        click.echo(", ".join(f"{n} {noun}{'s' * (n != 1)}" for noun, n in counts.items()), err=True)
    return int(errors > 0)


@click.command(short_help="Cut torn last lines off traces, keeping a backup of each.")
@click.argument("path", type=click.Path(path_type=Path))
def repair(path: Path) -> None:
    """Cut torn last lines off the traces at PATH, keeping a backup of each.

    PATH is a trace or a folder of them. A line is torn when its run was killed while it was written.
    """
    from posttrace.traces import find_traces
    from posttrace.traces import repair as cut

    for trace in find_traces([path]):
        click.echo(cut(trace))
