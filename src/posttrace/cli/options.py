"""Arguments and options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

POLICIES = ("drop", "zero", "baseline")

Paths = tuple[str, ...]
paths_argument = click.argument("paths", nargs=-1, required=True, metavar="PATH...")
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
csv_option = click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")


def audit_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The settings of the audit, by the names of ``AuditSettings``."""
    for option in (
        click.option(
            "--exclude-policy",
            default="drop",
            show_default=True,
            type=click.Choice(POLICIES),
            help="In means over runs, a run without a score is left out, scores 0, or gains 0.",
        ),
        click.option("--seed", default=0, show_default=True, help="Seed of the resampling."),
        click.option(
            "--resamples", default=10_000, show_default=True, help="Draws of the null distributions."
        ),
        click.option("--delta-eq", default=0.02, show_default=True, help="A gain below this is none, 0..1."),
        click.option("--delta-min", default=0.0, show_default=True, help="Gain to be exceeded, 0..1."),
        click.option("--alpha", default=0.05, show_default=True, help="One-sided level."),
    ):
        command = option(command)
    return command
