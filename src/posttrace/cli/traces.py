"""Commands on traces as files: validate, repair."""

from __future__ import annotations

import json
from pathlib import Path

import click

from posttrace.cli.options import Paths, json_option, paths_argument


@click.command()
@paths_argument
@json_option
def validate(paths: Paths, as_json: bool) -> int:
    """Check traces: schema, sequence, hash chain, invariants. Exit 1 when there are errors."""
    from dataclasses import asdict

    from posttrace.traces import find_rescores, find_traces
    from posttrace.traces import validate as check

    traces = [file for trace in find_traces(paths) for file in (trace, *find_rescores(trace))]
    findings = [finding for trace in traces for finding in check(trace)]
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
    """Cut torn last lines off the traces at PATH, keeping a backup of each."""
    from posttrace.traces import find_traces
    from posttrace.traces import repair as cut

    for trace in find_traces([path]):
        click.echo(cut(trace))
