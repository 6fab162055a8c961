"""The command line. Each command is thin: words in, one library call, a table or a path out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from posttrace.runner.sweep import Planned, SweepResult

INTERRUPTED = 130
POLICIES = ("drop", "zero", "baseline")

Paths = tuple[str, ...]
paths_argument = click.argument("paths", nargs=-1, required=True, metavar="PATH...")
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="posttrace", message="%(prog)s %(version)s")
def cli() -> None:
    """What happened in a post-training run, which route the agent took, and is the gain real?"""


def audit_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The settings of the audit, by the names of ``AuditSettings``."""
    for option in (
        click.option("--exclude-policy", default="drop", show_default=True, type=click.Choice(POLICIES)),
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


@cli.command()
@click.option("-o", "--out", default="demo", show_default=True, type=click.Path(path_type=Path))
@click.pass_context
def demo(ctx: click.Context, out: Path) -> int:
    """Run the embedded experiment: sweep, audit, report."""
    from posttrace.runner.sweep import launch, prepare

    jobs = prepare(["+experiment=demo", f"out={out}"])
    swept = _watched(jobs, launch)
    _show_sweep(swept)
    if any(r.status == "interrupted" for r in swept.ran):
        click.echo("interrupted; the same command goes on from here", err=True)
        return INTERRUPTED
    if not swept.ran and not swept.skipped:
        return 1
    ctx.invoke(audit, paths=(str(out),))
    ctx.invoke(report, paths=(str(out),), out=out / "report.html", title="posttrace demo")
    broken = any(r.status == "infrastructure_failed" for r in swept.ran)  # a failed agent is part of the show
    return int(broken or any(n.is_failure for n in swept.not_run))


@cli.command(context_settings={"ignore_unknown_options": True})
@click.option("-m", "--multirun", is_flag=True, help="A sweep: comma-separated values make a grid.")
@click.option("--dry-run", is_flag=True, help="Show what would run, be skipped or retried.")
@click.option(
    "--config-dir",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder of your own options: agent/NAME.yaml, task/NAME.yaml, ...",
)
@click.argument("overrides", nargs=-1, type=click.UNPROCESSED)
def run(multirun: bool, dry_run: bool, config_dir: Path | None, overrides: Paths) -> int:
    """Run one experiment or, with -m, a sweep, in Hydra's words: agent=copy seed=0,1,2 +experiment=NAME."""
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
    _show_sweep(swept)
    if any(r.status == "interrupted" for r in swept.ran):
        return INTERRUPTED
    return int(any(r.status != "completed" for r in swept.ran) or any(n.is_failure for n in swept.not_run))


@cli.command()
@click.argument("folder", type=click.Path(path_type=Path))
@json_option
def status(folder: Path, as_json: bool) -> None:
    """How the runs below FOLDER stand: state, budget left, best so far."""
    from dataclasses import asdict

    from posttrace.runner.status import states

    rows = [asdict(state) for state in states(folder)]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
    else:
        _table(f"Runs in {folder}", [{k: v for k, v in row.items() if k != "path"} for row in rows])


@cli.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--submission", default="best", show_default=True, help="best, baseline or a number.")
@click.option("--replicates", default=3, show_default=True, type=click.IntRange(min=1))
@click.option(
    "--split", default="sealed", show_default=True, type=click.Choice(["feedback", "sealed", "fresh"])
)
def rescore(path: Path, submission: str, replicates: int, split: str) -> None:
    """Evaluate a kept checkpoint of the run PATH again, into rescore-<n>.jsonl beside its trace."""
    from posttrace.runner.grading.rescore import rescore as again
    from posttrace.traces.errors import InputError

    if submission not in ("best", "baseline") and not submission.isdigit():
        raise InputError(f"--submission {submission}: give best, baseline or a number")
    which: Any = int(submission) if submission.isdigit() else submission
    click.echo(again(path, which, replicates, split))  # type: ignore[arg-type]  # click.Choice checked it


@cli.command()
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
        click.echo(f"{len(traces)} files, {errors} errors, {len(findings) - errors} warnings", err=True)
    return int(errors > 0)


@cli.command()
@click.argument("path", type=click.Path(path_type=Path))
def repair(path: Path) -> None:
    """Cut torn last lines off the traces at PATH, keeping a backup of each."""
    from posttrace.traces import find_traces
    from posttrace.traces import repair as cut

    for trace in find_traces([path]):
        click.echo(cut(trace))


@cli.command()
@paths_argument
@audit_options
@json_option
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@click.option("--routes/--no-routes", "with_routes", default=True, help="Derive routes as well.")
@click.option(
    "--fail-on", default="", metavar="CODE[,CODE]", help="Exit 1 when a run has one of these verdicts."
)
def audit(
    paths: Paths,
    as_json: bool = False,
    as_csv: bool = False,
    with_routes: bool = True,
    fail_on: str = "",
    **settings: Any,
) -> int:
    """Does the gain exceed evaluation noise when the best of k submissions was picked?

    Exit 1 when a trace is invalid or a run has a verdict named by --fail-on.
    """
    import posttrace as pt
    from posttrace.analysis.verdict import CODES
    from posttrace.reports.terminal import audit_table, integrity_words, print_frame
    from posttrace.traces.errors import InputError

    wanted = {code for code in fail_on.split(",") if code}
    if unknown := wanted - set(CODES):
        raise InputError(f"--fail-on {', '.join(sorted(unknown))}: verdicts are {', '.join(CODES)}")
    if as_json and as_csv:
        raise InputError("--json and --csv: choose one")
    traces = pt.load(paths)
    result = pt.audit(traces, pt.AuditSettings(**settings))
    if with_routes:
        result = result.with_routes(pt.routes(traces))
    if as_json:
        click.echo(json.dumps(result.to_json(), indent=2, allow_nan=False))
    elif as_csv:
        click.echo(result.table().to_csv(index=False), nl=False)
    else:
        print_frame(*audit_table(result, integrity_words(traces)))
    broken = any(exclusion.state == "invalid" for exclusion in result.excluded)
    return int(broken or any(row.verdict in wanted for row in result.runs))


@cli.command()
@paths_argument
@json_option
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
def routes(paths: Paths, as_json: bool, as_csv: bool) -> int:
    """By which route was each submission trained, and on what evidence?

    Exit 1 when a trace is invalid.
    """
    import posttrace as pt
    from posttrace.reports.terminal import print_frame, routes_table
    from posttrace.traces.errors import InputError

    if as_json and as_csv:
        raise InputError("--json and --csv: choose one")
    traces = pt.load(paths)
    found = pt.routes(traces)
    if as_json:
        click.echo(json.dumps(found.to_json(), indent=2, allow_nan=False))
    elif as_csv:
        click.echo(found.submissions.to_csv(index=False), nl=False)
    else:
        shown, title, notes = routes_table(found)
        print_frame(shown, title, [*notes, *(f"{left.path}: {left.reason}" for left in traces.invalid)])
    return int(bool(traces.invalid))


@cli.command()
@paths_argument
@click.option("-o", "--out", default="report.html", show_default=True, type=click.Path(path_type=Path))
@click.option("--title", default=None)
@audit_options
def report(paths: Paths, out: Path, title: str | None, **settings: Any) -> None:
    """Write one self-contained HTML page: verdicts, trajectories, gains, exclusions."""
    import posttrace as pt

    written = pt.report(list(paths), out, title=title, settings=pt.AuditSettings(**settings))
    click.echo(f"report: {written}")


def _watched(jobs: list[Planned], launch: Callable[[list[Planned]], SweepResult]) -> SweepResult:
    from posttrace.reports.terminal import live

    return live(lambda: launch(jobs), lambda: _lines(jobs))


def _lines(jobs: list[Planned]) -> dict[str, str]:
    """One line for each job that has begun, as a person wants to hear of it."""
    from posttrace.runner.layout import RunDir
    from posttrace.runner.status import state_of

    lines = {}
    for job in jobs:
        run = RunDir(job.seed_dir / f"attempt-{job.plan.attempt}")
        if run.trace.is_file():
            state = state_of(run)
            scored = f", best {state.best:.4g}" if state.best is not None else ""
            base = f", base {state.baseline:.4g}" if state.baseline is not None else ""
            name = f"{state.agent} {state.task} seed {state.seed}"
            noun = "submission" if state.submissions == 1 else "submissions"
            lines[name] = f"{state.state}{base}, {state.submissions} {noun}{scored}"
    return lines


def _show_plan(jobs: list[Planned]) -> None:
    rows = [
        {
            "cell": job.cell_id,
            "agent": job.config["agent"]["id"],
            "task": job.task,
            "seed": job.config["seed"],
            "attempt": job.plan.attempt,
            "action": job.plan.action,
            "why": job.plan.why,
        }
        for job in jobs
    ]
    _table("What would run", rows)


def _show_sweep(swept: SweepResult) -> None:
    rows = [
        {
            "run": r.run_id,
            "status": r.status,
            "submissions": r.submissions,
            "best": r.best,
            "head hash": r.head_hash,
        }
        for r in swept.ran
    ]
    if rows:
        _table("Runs that ended", rows)
    for r in swept.ran:
        if r.reason:
            click.echo(f"{r.run_id}: {r.reason}", err=True)
    for job in swept.skipped:
        click.echo(f"{job.seed_dir}: {job.plan.action}: {job.plan.why}", err=True)
    for job_not_run in swept.not_run:
        click.echo(job_not_run.reason, err=True)


def _table(title: str, rows: list[dict[str, Any]]) -> None:
    import pandas as pd

    from posttrace.reports.terminal import print_frame

    print_frame(pd.DataFrame(rows), title)
