"""Commands that look ahead and along: power before a run, evidence while it runs."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from posttrace.cli.options import csv_option, json_option, one_form

if TYPE_CHECKING:
    from posttrace.analysis.audit.settings import AuditSettings
    from posttrace.analysis.stats.plan.design import Claim
    from posttrace.analysis.stats.plan.planning import Answer, Needed

ITEMS = (50, 100, 200, 500, 1000, 2000, 5000)
SUBMISSIONS = (1, 5, 10, 30)
"""What a plan without --items or --submissions looks at."""
POLL_S = 0.5
COLUMNS = ("items", "submissions", "replicates", "runs")


@click.command(short_help="Which gain can a test of this size detect?")
@click.option("--items", type=int, help="Items of the test, n; without it a table over n.")
@click.option(
    "--submissions",
    type=int,
    help="Submissions of which the best is picked, k.  [default: 1; several in the table]",
)
@click.option("--replicates", default=1, show_default=True, help="Scorings of the baseline, m.")
@click.option("--runs", default=1, show_default=True, help="Runs of the agent, R.")
@click.option("--baseline", type=float, help="Score of the base model, p0, 0..1; or give --item-sd.")
@click.option(
    "--discordance",
    type=float,
    help="Share of items that come out differently without a gain.  [default: 2 p0 (1 - p0)]",
)
@click.option(
    "--item-sd",
    type=float,
    help="Continuous scores: sd over items of the difference to the baseline.",
)
@click.option("--run-sd", type=float, help="Sd of the gain between runs of one agent, 0..1.")
@click.option("--deterministic", is_flag=True, help="Scoring a model again gives the same outcomes.")
@click.option("--alpha", default=0.05, show_default=True, help="One-sided level of significance.")
@click.option(
    "--power", "wanted", default=0.8, show_default=True, help="Wanted probability to detect the gain."
)
@click.option("--gain", type=float, help="Gain to be detected, 0..1: its power, and what would be needed.")
@json_option
@csv_option
def power(
    items: int | None,
    submissions: int | None,
    wanted: float,
    gain: float | None,
    as_json: bool,
    as_csv: bool,
    **given: Any,
) -> None:
    """Which gain can a test of this size detect, and what would a gain need?

    \b
    posttrace power --baseline .3
    posttrace power --baseline .3 --items 200 --submissions 10 --gain .05
    """
    from posttrace.analysis.stats.plan.design import Design
    from posttrace.analysis.stats.plan.planning import answers

    one_form(as_json, as_csv)
    tried = (
        SUBMISSIONS if items is None and submissions is None else (1 if submissions is None else submissions,)
    )
    designs = [Design(n, k, **given) for n in (ITEMS if items is None else (items,)) for k in tried]
    found = answers(designs, gain, wanted)
    levers = [] if items is None or gain is None else _levers(found, gain, wanted)
    if as_json:
        click.echo(json.dumps(_json(found, levers, gain, wanted), indent=2, allow_nan=False))
    elif as_csv:
        _print_csv(found)
    else:
        _print(found, levers, gain, wanted)


def follow(path: str, settings: AuditSettings, *, as_json: bool = False) -> int:
    """Print the evidence after each submission of a run that is still going.

    Ends with the run, when interrupted, or when nobody writes the run any more (exit 1): what was printed
    stands whenever one stops.
    """
    from posttrace.analysis.follow.watch import follow as sights
    from posttrace.analysis.follow.words import as_json as plain
    from posttrace.analysis.follow.words import words
    from posttrace.runner.claim import abandoned
    from posttrace.runner.layout import RunDir
    from posttrace.traces.follow import awaited_trace

    trace = awaited_trace(Path(path))

    def wait() -> None:
        if abandoned(RunDir(trace.parent)):
            raise _Abandoned
        time.sleep(POLL_S)

    if not trace.exists():
        click.echo(f"waiting for {trace}", err=True)
    try:
        for sight in sights(trace, wait):
            said = words(sight, settings.alpha)
            click.echo(json.dumps(plain(sight, settings.alpha)) if as_json else "\n".join(said))
    except KeyboardInterrupt:
        click.echo("stopped watching; the run goes on", err=True)
    except _Abandoned:
        again = "posttrace run with the same words starts it again"
        click.echo(f"{trace}: the run was killed, nobody writes here any more; {again}", err=True)
        return 1
    return 0


class _Abandoned(Exception):
    """The run will not go on."""


def _levers(found: Sequence[Answer], gain: float, wanted: float) -> list[tuple[Claim, Needed]]:
    from posttrace.analysis.stats.plan.planning import LEVERS, needed

    return [
        (answer.claim, needed(answer.design, gain, lever, wanted, answer.claim))
        for answer in found
        for lever in LEVERS
    ]


def _rows(found: Sequence[Answer]) -> list[dict[str, Any]]:
    from posttrace.analysis.stats.plan.planning import UNATTAINABLE

    rows = []
    for answer in found:
        lost = math.isnan(answer.detectable)
        rows.append(
            {name: getattr(answer.design, name) for name in COLUMNS}
            | {
                "claim": answer.claim,
                "critical": answer.design.critical if answer.claim == "run" else None,
                "detectable": None if lost else answer.detectable,
                "power": None if math.isnan(answer.power) else answer.power,
                "reason": UNATTAINABLE if lost else None,
            }
        )
    return rows


def _json(
    found: Sequence[Answer], levers: Sequence[tuple[Claim, Needed]], gain: float | None, wanted: float
) -> dict[str, Any]:
    from dataclasses import asdict

    design = found[0].design
    settings = {key: value for key, value in asdict(design).items() if key not in COLUMNS}
    return {
        "schema": "posttrace-power/1",
        "settings": {**settings, "wanted_power": wanted, "gain": gain},
        "answers": _rows(found),
        "needed": [{"claim": claim, **asdict(lever)} for claim, lever in levers],
    }


def _print_csv(found: Sequence[Answer]) -> None:
    import pandas as pd

    click.echo(pd.DataFrame(_rows(found)).to_csv(index=False), nl=False)


def _print(
    found: Sequence[Answer], levers: Sequence[tuple[Claim, Needed]], gain: float | None, wanted: float
) -> None:
    from posttrace.reports.terminal.planning import answers_table, assumptions, grid_table, needed_table
    from posttrace.reports.terminal.screen import print_frame

    notes = assumptions(found[0].design, wanted, found)
    if len({answer.design.items for answer in found}) > 1:
        print_frame(*grid_table(found, gain), notes)
        return
    print_frame(*answers_table(found, gain), notes)
    if levers and gain is not None:
        click.echo()
        print_frame(*needed_table(levers, gain, wanted))
