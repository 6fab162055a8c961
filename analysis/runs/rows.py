"""Rows of ``RUNS`` and ``SUBMISSIONS``, from records alone."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

import numpy as np

from posttrace.analysis.runs.records import Evaluation, RunRecord, Submission

FAILED: Final = ("error", "timeout", "cancelled")
"""Grade statuses without a score that are no refusal."""


def run_row(run: RunRecord) -> tuple[Any, ...]:
    """Row of ``RUNS``."""
    head = (run.run_id, run.path, run.state, run.state_reason, run.status, run.status_reason)
    return (*head, *_decided(run), run.wall_s, run.exit_code, *_counted(run), *_scored(run), *_checked(run))


def _decided(run: RunRecord) -> tuple[Any, ...]:
    """What stood before the agent started, from ``cell_id`` to ``started_at``."""
    start, task, agent, budget = run.started, run.started.task, run.started.agent, run.started.budget
    return (
        *(start.cell_id, start.seed, start.attempt, start.retry_of),
        *(task.id, task.level, task.metric, task.n_items, task.scale_max, task.higher_is_better, task.judge),
        *(agent.id, agent.system, agent.version, agent.driver, agent.mode),
        *(start.base_model.id, start.base_model.sha256, run.feedback),
        *(start.sandbox.kind, ",".join(start.sandbox.isolates), start.recorder.kind),
        *(budget.wall_s, budget.submissions, budget.steps, budget.tokens, budget.usd),
        start.ts,
    )


def _counted(run: RunRecord) -> tuple[int, ...]:
    status = Counter(submission.status for submission in run.submissions)
    failed = sum(status[name] for name in FAILED)
    shown = (status["graded"], status["duplicate"], status["rejected"], failed, status["pending"])
    return (len(run.submissions), *shown)


def _scored(run: RunRecord) -> tuple[Any, ...]:
    baseline = run.baseline_on(run.split)
    base = float(np.mean([scoring.score for scoring in baseline])) if baseline else None
    best = run.best
    score = best.evaluation.score if best is not None and best.evaluation is not None else None
    gain = score - base if score is not None and base is not None else None
    return run.split, len(baseline), base, score, best and best.submission_id, gain


def _checked(run: RunRecord) -> tuple[Any, ...]:
    return sum(run.flags.values()), run.torn, run.head_hash


def submission_row(run: RunRecord, item: Submission) -> tuple[Any, ...]:
    """Row of ``SUBMISSIONS``."""
    return (
        *(run.run_id, run.state, item.submission_id, item.status, item.reason, item.duplicate_of, item.path),
        *(item.artifact_sha256, item.is_base_copy, item.revision),
        *(item.received_s, item.graded_s, item.queue_s, *_evaluated(item.evaluation), len(item.rescored)),
    )


def _evaluated(scoring: Evaluation | None) -> tuple[Any, ...]:
    """From ``duration_s`` to ``eval_seed``."""
    if scoring is None:
        return (None,) * 7
    values = scoring.values
    n_items, n_lost = (None, None) if values is None else (len(values), int(np.isnan(values).sum()))
    head = (scoring.duration_s, scoring.split, scoring.score)
    return *head, n_items, n_lost, scoring.evaluator, scoring.eval_seed
