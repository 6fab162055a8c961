"""Tables about one run: what it was, what it used, and how it went."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from posttrace.analysis.audit.wording import RESTS_ON
from posttrace.reports.display import DASH, count, percent, plural, points, with_minus
from posttrace.reports.observations import NOTHING
from posttrace.reports.one_run import budget
from posttrace.reports.one_run.budget import NOT_RECORDED
from posttrace.reports.one_run.story import UNRECORDED
from posttrace.reports.runs.provenance import protection, scale
from posttrace.reports.shown import Prose, Table

if TYPE_CHECKING:
    from posttrace.analysis.runs.records import RunRecord, Submission
    from posttrace.analysis.runs.tables import TraceSet
    from posttrace.reports.one_run.story import Story


def headline(run: RunRecord, verdicts: pd.DataFrame) -> Prose:
    """The run in a sentence: verdict, best, baseline, what is left of the gain, route; then if it counts."""
    row = verdicts.iloc[0]
    standing = "" if run.state_reason is None else f" A study leaves this run out: {run.state_reason}."
    if pd.isna(row["reported_gain_pp"]):
        return Prose(f"{row['task']} · {row['run_label']}: {row['label']}.{standing}")
    parts = [
        f"Best {percent(row['reported_best_pct'])} % of {_counted(run, row['k'])}",
        f"baseline {percent(row['baseline_pct'])} %",
        f"gain {points(row['reported_gain_pp'])} pp",
        *_corrected(row),
        f"route {row['route'] if pd.notna(row['route']) else NOT_RECORDED}",
    ]
    said = f"{row['task']} · {row['run_label']}: {row['label']}. {', '.join(parts)}.".replace("..", ".")
    return Prose(f"{said}{standing}")


def _counted(run: RunRecord, k: Any) -> str:
    received = len(run.submissions)
    if pd.isna(k) or int(k) == received:
        return plural(received, "submission")
    return f"{plural(int(k), 'submission')} that {'counts' if k == 1 else 'count'} ({received} received)"


def _corrected(row: pd.Series) -> Iterator[str]:
    if pd.notna(row["corrected_gain_pp"]):
        split = unseen(row["flags"])
        on = "corrected for the pick" if split is None else f"on the {split} items"
        yield f"{on} {points(row['corrected_gain_pp'])} pp, lower bound {points(row['lcb_pp'])} pp"


def unseen(flags: Iterable[str]) -> str | None:
    """The items that a verdict rests on where no selection saw them: sealed or fresh."""
    return next((split for split, flag in RESTS_ON.items() if flag in flags), None)


def facts(traces: TraceSet, verdicts: pd.DataFrame) -> Table:
    """Who did what to which model under which budget, and what came of it."""
    run, row = traces.final[0], verdicts.iloc[0]
    start = run.started
    base = start.base_model
    sha = f", sha256 {base.sha256[:12]}" if base.sha256 else ""
    pairs = [
        ("agent", _agent(run)),
        ("driver", start.agent.driver or NOT_RECORDED),
        ("mode", start.agent.mode or NOT_RECORDED),
        ("task", "; ".join(filter(None, (_measured(run), scale(start.task))))),
        ("base model", f"{base.id}{sha}"),
        ("seed, attempt", f"{DASH if start.seed is None else start.seed}, {start.attempt}"),
        ("budget used", "; ".join(budget.used(run, traces.usage)) or "no limit was set"),
        ("ended", _joined(run.status.replace("_", " "), run.status_reason)),
        ("route of the best", row["route"] if pd.notna(row["route"]) else DASH),
        ("verdict", row["label"]),
        *([] if row["reason"] in row["label"] else [("because", with_minus(row["reason"]))]),
        ("integrity", "nothing was flagged" if row["integrity"] == NOTHING else row["integrity"]),
        ("sandbox", protection(start.sandbox.kind, start.sandbox.isolates)),
        ("feedback to the agent", run.feedback or NOT_RECORDED),
        ("record", f"{_recorded(run)}, head hash {run.head_hash[:16]}"),
    ]
    rows = pd.DataFrame(pairs, columns=pd.Index(["fact", "value"]))
    return Table("facts", rows, rows.assign(run_id=run.run_id))


def _agent(run: RunRecord) -> str:
    agent = run.started.agent
    return _joined(agent.id, agent.system, f"version {agent.version}" if agent.version else None)


def _recorded(run: RunRecord) -> str:
    recorder = run.started.recorder
    if recorder.kind == "native":
        return "written by posttrace while the run went on"
    return f"imported by {recorder.importer or 'an unnamed importer'}"


def _measured(run: RunRecord) -> str:
    return f"{_task(run)}: {run.started.task.metric.replace('_', ' ')}, {_items(run)}"


def _task(run: RunRecord) -> str:
    task = run.started.task
    return _joined(task.id, f"level {task.level}" if task.level else None)


def _joined(*parts: str | None) -> str:
    return ", ".join(dict.fromkeys(part for part in parts if part))


def _items(run: RunRecord) -> str:
    n = run.started.task.n_items
    return "items not recorded" if n is None else plural(n, "item")


def usage(traces: TraceSet) -> Table:
    """Tokens and cost by model, as far as the agent's steps report them."""
    rows = traces.usage
    cells = pd.DataFrame(
        {
            "model": rows["model"].fillna(DASH),
            "steps": rows["steps"].map(count),
            "with usage": rows["steps_with_usage"].map(count),
            "input tokens": rows["input_tokens"].map(count),
            "cached tokens": rows["cached_tokens"].map(count),
            "output tokens": rows["output_tokens"].map(count),
            "cost, USD": [DASH if pd.isna(usd) else budget.cost(usd) for usd in rows["cost_usd"]],
        }
    )
    notes = (f"{DASH} = not recorded. Sums are over the steps that report usage.",) if len(rows) else ()
    missing = "Tokens and cost: the record holds no step of the agent, so nothing is known of them."
    return Table("usage", cells, rows, notes, tuple(cells.columns[1:]), missing=missing)


def resources(traces: TraceSet, run: RunRecord) -> Table:
    """Load of the machine over the run's samples."""
    samples = traces.resources
    gpus = samples["gpus"].max() if len(samples) else 0
    found: list[tuple[str, float | None, str]] = [
        ("samples", float(len(samples)), "{:,.0f}"),
        ("CPU, mean, % of one core", samples["cpu_pct"].mean(), "{:,.0f}"),
        ("memory, largest, MiB", samples["rss_bytes"].max() / 2**20, "{:,.1f}"),
        ("disk, largest, MiB", samples["disk_bytes"].max() / 2**20, "{:,.1f}"),
        ("GPUs seen", float(gpus), "{:,.0f}"),
    ]
    if gpus:
        hours = None if run.wall_s is None else float(gpus) * run.wall_s / 3600
        found += [
            ("GPU load, mean, %", samples["gpu_util_pct"].mean(), "{:,.0f}"),
            ("GPU memory, largest, MiB", samples["gpu_mem_bytes"].max() / 2**20, "{:,.1f}"),
            ("GPU hours: GPUs seen x wall time", hours, "{:,.3f}"),
        ]
    rows = pd.DataFrame([(name, value) for name, value, _ in found], columns=pd.Index(["measure", "value"]))
    rows = rows if len(samples) else rows.iloc[:0]
    shown = [DASH if pd.isna(value) else form.format(value) for _, value, form in found][: len(rows)]
    cells = pd.DataFrame({"measure": rows["measure"], "value": shown})
    missing = "The record holds no sample of the machine's load."
    return Table("resources", cells, rows, (), ("value",), missing=missing)


def process(run: RunRecord, verdicts: pd.DataFrame, story: Story, stages: pd.DataFrame) -> Table:
    """How the run went, in numbers that are defined beside them."""
    numbers = _process(run, verdicts.iloc[0]["winner"], story, stages)
    rows = pd.DataFrame(list(numbers), columns=pd.Index(["measure", "value", "of"]))
    shown = [_number(value) for value in rows["value"]]
    cells = pd.DataFrame({"measure": rows["measure"], "value": shown, "defined as": rows["of"]})
    notes = (f"{DASH} = not defined or not recorded.",) if rows["value"].isna().any() else ()
    return Table("process", cells, rows, notes, ("value",))


def _number(value: Any) -> str:
    if pd.isna(value):
        return DASH
    return f"{int(value):,}" if value == int(value) else f"{value:,.1f}"


def _process(
    run: RunRecord, winner: Any, story: Story, stages: pd.DataFrame
) -> Iterator[tuple[str, Any, str]]:
    scored = [item for item in run.submissions if item.evaluation is not None]
    tries = [item for item in scored if not item.is_base_copy]
    times = [item.received_s for item in run.submissions if item.received_s is not None]
    best = [item.received_s for item in tries if pd.notna(winner) and item.submission_id == winner]
    hours = run.wall_s / 3600 if run.wall_s else None
    commands = [command for command in story.commands if command.ending != "session"]
    lost = [command for command in commands if command.ending in ("failed", "no_model")]
    problems = {chapter.problem for chapter in story.chapters} - {UNRECORDED}
    compared = problems == {None}  # what one submission lacks is told with the next
    changed = [change for chapter in story.chapters for change in chapter.changes]
    long = sum(change.added is None for change in changed)
    known = compared and (long < len(changed) or not changed)
    spent = (stages["end_s"] - stages["start_s"]).groupby(stages["stage"]).sum()
    total = float(spent.sum()) if story.commands else 0.0  # training is seen by its commands alone
    yield "submissions", len(run.submissions), "received, whatever became of them"
    copies = len(scored) - len(tries)
    of = f"of {plural(len(run.submissions), 'submission')} received"
    yield "scored", len(scored), f"{of}; {copies} of them the base itself" if copies else of
    yield "improvements", _improvements(tries), f"scores above all before them, of {len(tries)} not the base"
    yield "submissions an hour", len(run.submissions) / hours if hours else None, "received / wall time"
    yield "first submission, s", min(times, default=None), "from the start of the run"
    yield "best submission, s", best[0] if best else None, "when the one that the verdict is on arrived"
    of = "by sampling; a session that starts others is counted only if it failed"
    yield "commands seen", len(commands), of
    yield "commands without result", len(lost), f"failed or left no model, of {len(commands)} seen"
    between = "code files, summed over the stretches between submissions"
    added, removed = (sum(getattr(c, way) or 0 for c in changed) for way in ("added", "removed"))
    yield "files changed", len(changed) if compared else None, between
    of = f"in these files, without {long} too long to compare" if long else "in these files"
    yield "lines added", added if known else None, of
    yield "lines removed", removed if known else None, of
    share = 100 * float(spent.get("train", 0.0)) / total if total else None
    yield "training, % of time", share, "stage train, see the rules of the stages"


def _improvements(tries: Sequence[Submission]) -> int:
    scores = [item.evaluation.score for item in tries if item.evaluation is not None]
    return sum(score > max(scores[:i]) for i, score in enumerate(scores) if i)
