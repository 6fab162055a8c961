"""The command line. Each command is thin: words in, one library call, a table or a path out."""

from __future__ import annotations

import click

from posttrace.cli.analysing import audit
from posttrace.cli.linting import lint
from posttrace.cli.packing import figures, tables
from posttrace.cli.planning import power
from posttrace.cli.reporting import report
from posttrace.cli.rescoring import rescore
from posttrace.cli.routing import failures, routes
from posttrace.cli.running import demo, run, status
from posttrace.cli.traces import repair, validate

__all__ = ["cli"]


@click.group(
    epilog="posttrace demo shows all of it on a small experiment, without a GPU, network or API key.",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="posttrace", message="%(prog)s %(version)s")
def cli() -> None:
    """What happened in a post-training run, which route the agent took, and is the gain real?"""


for _command in (
    demo,
    run,
    status,
    rescore,
    validate,
    repair,
    audit,
    routes,
    failures,
    report,
    lint,
    power,
    figures,
    tables,
):
    cli.add_command(_command)
