"""Commands that run: demo, run, status."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from posttrace.cli.analysing import audit
from posttrace.cli.options import Paths, json_option
from posttrace.cli.packing import packed
from posttrace.cli.reporting import report

if TYPE_CHECKING:
    from posttrace.runner.sweep import Planned, SweepResult

INTERRUPTED = 130


@click.command(short_help="Run the embedded experiment: sweep, audit, report, paper pack.")
@click.option(
    "-o",
    "--out",
    default="demo",
    show_default=True,
    type=click.Path(path_type=Path),
    help="Folder of the runs, the report and the pack.",
)
@click.pass_context
def demo(ctx: click.Context, out: Path) -> int:
    """Run the embedded experiment: sweep, audit, report, and the paper pack.

    Scripted agents on three small tasks: 21 runs in about three minutes, without a GPU, network or key. What
    has ended is not run again.

    Exit 1 when a run could not be carried out. A failed agent is part of the show.
    """
    from posttrace.runner.sweep import launch, prepare

    jobs = prepare(["+experiment=demo", f"out={out}"])
    swept = _watched(jobs, launch)
    _show_sweep(jobs, swept)
    if any(r.status == "interrupted" for r in swept.ran):
        click.echo("interrupted; the same command goes on from here", err=True)
        return INTERRUPTED
    if not swept.ran and not swept.skipped:
        return 1
    ctx.invoke(audit, paths=(str(out),))
    ctx.invoke(report, words=(str(out),), out=out / "report.html", title="posttrace demo")
    click.echo(packed(out))
    broken = any(r.status == "infrastructure_failed" for r in swept.ran)  # a failed agent is part of the show
    return int(broken or any(n.is_failure for n in swept.not_run))


@click.command()
@click.option("-m", "--multirun", is_flag=True, help="A sweep: comma-separated values make a grid.")
@click.option("--dry-run", is_flag=True, help="Show what would run, be skipped or retried.")
@click.option(
    "--config-dir",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder of your own options: agent/NAME.yaml, task/NAME.yaml, ...",
)
@click.argument("overrides", nargs=-1, type=click.UNPROCESSED, metavar="[KEY=VALUE...]")
def run(multirun: bool, dry_run: bool, config_dir: Path | None, overrides: Paths) -> int:
    """Run one experiment or, with -m, a sweep.

    \b
    posttrace run agent=copy seed=3
    posttrace run -m agent=sft,lottery task=spell,house seed=0,1,2
    posttrace run -m +experiment=study

    KEY=VALUE is Hydra's grammar. agent, task, base_model, driver, mode, budget, grading and sandbox choose a
    file of conf/, and an unknown name lists those there are. budget.steps=20 sets one value, out=DIR the
    folder of the runs (without it: outputs), experiment=NAME a folder below it (without it: default). What
    has ended is not run again.

    Exit 1 when a run did not end as completed, 130 when interrupted.
    """
    from posttrace.runner.preflight import check_words
    from posttrace.runner.sweep import launch, prepare
    from posttrace.traces.errors import ConfigError

    if config_dir:
        folder = str(config_dir.resolve()).replace("'", "\\'")
        overrides = (f"hydra.searchpath=['file://{folder}']", *overrides)
    jobs = prepare(overrides)
    if len(jobs) > 1 and not multirun:
        raise ConfigError(f"these overrides are {len(jobs)} runs; add -m for a sweep")
    if dry_run:
        for job in jobs:
            check_words(job.config)
        _show_plan(jobs)
        return 0
    swept = _watched(jobs, launch)
    _show_sweep(jobs, swept)
    if any(r.status == "interrupted" for r in swept.ran):
        return INTERRUPTED
    return int(any(r.status != "completed" for r in swept.ran) or any(n.is_failure for n in swept.not_run))


@click.command(short_help="How do runs stand: state, budget left, best so far?")
@click.argument("folder", type=click.Path(path_type=Path))
@json_option
def status(folder: Path, as_json: bool) -> None:
    """How do the runs below FOLDER stand: state, budget left, best so far?"""
    from dataclasses import asdict

    from posttrace.reports.terminal.runs import status_table
    from posttrace.reports.terminal.screen import print_frame
    from posttrace.runner.status import states

    rows = [asdict(state) for state in states(folder)]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
    else:
        print_frame(status_table(rows), f"Runs in {folder}; scores on each task's own scale")


def _watched(jobs: list[Planned], launch: Callable[[list[Planned]], SweepResult]) -> SweepResult:
    from posttrace.reports.terminal.screen import live

    due = [job for job in jobs if job.plan.action in ("run", "retry")]
    return live(lambda: launch(jobs), lambda: _lines(due))


def _lines(jobs: list[Planned]) -> dict[str, str]:
    """One line for each job that has begun, as a person wants to hear of it."""
    from posttrace.runner.layout import RunDir
    from posttrace.runner.status import state_of

    lines = {}
    for job in jobs:
        run = RunDir(job.seed_dir / f"attempt-{job.plan.attempt}")
        if run.trace.is_file():
            state = state_of(run)
            if not state.run_id:  # its first line is being written
                continue
            scored = f", best {state.best:.4g}" if state.best is not None else ""
            base = f", base {state.baseline:.4g}" if state.baseline is not None else ""
            name = f"{state.agent} {state.task} seed {state.seed}"
            noun = "submission" if state.submissions == 1 else "submissions"
            lines[name] = f"{state.state.replace('_', ' ')}{base}, {state.submissions} {noun}{scored}"
    return lines


def _show_plan(jobs: list[Planned]) -> None:
    from posttrace.reports.terminal.runs import plan_table
    from posttrace.reports.terminal.screen import print_frame

    rows = [
        {
            "task": job.task,
            "agent": job.config["agent"]["id"],
            "seed": job.config["seed"],
            "attempt": job.plan.attempt,
            "action": job.plan.action,
            "why": job.plan.why,
            "cell": job.cell_id,
        }
        for job in jobs
    ]
    print_frame(plan_table(rows, [job.overrides for job in jobs]), "What would run")


def _show_sweep(jobs: list[Planned], swept: SweepResult) -> None:
    from posttrace.reports.terminal.runs import ended_table
    from posttrace.reports.terminal.screen import print_frame

    named = {f"{job.cell_id}-s{job.config['seed']}": job for job in jobs}
    rows = [
        {
            "task": named[r.run_id.rpartition("-a")[0]].task,
            "agent": named[r.run_id.rpartition("-a")[0]].config["agent"]["id"],
            "run": r.run_id,
            "status": r.status.replace("_", " "),
            "submissions": r.submissions,
            "best": r.best,
            "head hash": r.head_hash,
        }
        for r in swept.ran
    ]
    if rows:
        print_frame(ended_table(rows), "Runs that ended")
    for r in swept.ran:
        if r.reason:
            click.echo(f"{r.path}: {r.reason}", err=True)
    for job in swept.skipped:
        click.echo(f"{job.seed_dir}: {job.plan.action}: {job.plan.why}", err=True)
    if any(job.plan.action == "skip" for job in swept.skipped):
        click.echo("what has ended stands: give another seed, agent.version, experiment or out", err=True)
    for job_not_run in swept.not_run:
        click.echo(job_not_run.reason, err=True)
