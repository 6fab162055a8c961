"""The command that scores again what a run kept: rescore."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from posttrace.cli.progress import Tell, telling


@click.command(short_help="Evaluate a kept checkpoint of a run again.")
@click.argument("path", metavar="RUN", type=click.Path(path_type=Path))
@click.option(
    "--submission", default="best", show_default=True, metavar="best|baseline|N", help="Which checkpoint."
)
@click.option(
    "--replicates", default=3, show_default=True, type=click.IntRange(min=1), help="Evaluations to make."
)
@click.option(
    "--split",
    default="sealed",
    show_default=True,
    type=click.Choice(["feedback", "sealed", "fresh"]),
    help="Items: those the agent was scored on, those kept for a verdict, or further ones.",
)
def rescore(path: Path, submission: str, replicates: int, split: str) -> None:
    """Evaluate a kept checkpoint again, into rescore-<n>.jsonl beside the trace.

    RUN is the folder of one run: OUT/EXPERIMENT/CELL/seed-S/attempt-N. Once its best and its baseline were
    scored on sealed or on fresh items, posttrace audit rests its verdict on these.
    """
    from posttrace.reports.display import plural
    from posttrace.reports.terminal.runs import rescored_words
    from posttrace.runner.grading.rescore import rescore as again
    from posttrace.traces import read_events
    from posttrace.traces.errors import InputError
    from posttrace.traces.events import SubmissionRescored

    if submission not in ("best", "baseline") and not submission.isdigit():
        raise InputError(f"--submission {submission}: give best, baseline or a number")
    which: Any = int(submission) if submission.isdigit() else submission

    def work(tell: Tell) -> Path:
        tell(f"{plural(replicates, 'evaluation')} of {submission} on {split} items")
        return again(path, which, replicates, split)  # type: ignore[arg-type]  # click.Choice checked it

    written = telling("rescore", work)
    click.echo(written)
    scored = [event for event in read_events(written) if isinstance(event, SubmissionRescored)]
    click.echo(rescored_words(scored[0].submission_id, split, [event.score for event in scored]), err=True)
