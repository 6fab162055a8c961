"""Commands that write pages: report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from posttrace.cli.options import Paths, audit_options, paths_argument


@click.command()
@paths_argument
@click.option("-o", "--out", default="report.html", show_default=True, type=click.Path(path_type=Path))
@click.option("--title", default=None)
@audit_options
def report(paths: Paths, out: Path, title: str | None, **settings: Any) -> None:
    """Write one self-contained HTML page: verdicts, trajectories, gains, exclusions."""
    import posttrace as pt

    written = pt.report(list(paths), out, title=title, settings=pt.AuditSettings(**settings))
    click.echo(f"report: {written}")
