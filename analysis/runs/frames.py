"""Tables with fixed columns: every table has the same columns and dtypes, also when it has no row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import pandas as pd

Columns = Mapping[str, str]
"""Column -> ``string``, ``Int64``, ``boolean`` (unknown: <NA>), ``float64`` (unknown: NaN), ``category``."""

RUNS: Final[Columns] = {
    "run_id": "string",
    "path": "string",
    "state": "string",  # final, superseded, interrupted, infrastructure_failed
    "state_reason": "string",
    "status": "string",
    "status_reason": "string",
    "cell_id": "string",
    "seed": "Int64",
    "attempt": "Int64",
    "retry_of": "string",
    "task": "string",
    "level": "string",
    "metric": "string",
    "n_items": "Int64",
    "scale_max": "float64",
    "higher_is_better": "boolean",
    "judge": "string",
    "agent": "string",
    "system": "string",
    "agent_version": "string",
    "driver": "string",
    "mode": "string",
    "base_model": "string",
    "base_sha256": "string",
    "feedback_policy": "string",
    "sandbox": "string",
    "isolates": "string",  # comma-separated; empty: nothing is enforced
    "recorder": "string",
    "budget_wall_s": "float64",
    "budget_submissions": "Int64",
    "budget_steps": "Int64",
    "budget_tokens": "Int64",
    "budget_usd": "float64",
    "started_at": "string",  # RFC 3339, UTC
    "wall_s": "float64",
    "exit_code": "Int64",
    "submissions": "Int64",  # received; the next six add up to it
    "graded": "Int64",
    "duplicate": "Int64",
    "rejected": "Int64",
    "failed": "Int64",  # error, timeout or cancelled: no score exists
    "pending": "Int64",  # the trace ends before they were graded
    "split": "string",  # the split that submissions were graded on; <NA> when none or several
    "baseline_scorings": "Int64",  # of that split
    "baseline": "float64",  # 0..1, mean of those scorings
    "best": "float64",  # 0..1, largest score of a graded submission
    "best_submission_id": "Int64",  # tie: the earliest
    "gain": "float64",  # best - baseline: as reported, not corrected for the choice of the best
    "flags": "Int64",  # integrity observations, all kinds
    "torn": "boolean",  # the last line was cut and left out
    "head_hash": "string",
}
SUBMISSIONS: Final[Columns] = {
    "run_id": "string",
    "state": "string",  # of the run
    "submission_id": "Int64",
    "status": "string",  # a grade status, or pending
    "reason": "string",
    "duplicate_of": "Int64",
    "path": "string",
    "artifact_sha256": "string",
    "is_base_copy": "boolean",
    "revision": "string",
    "received_s": "float64",  # since the run's start
    "graded_s": "float64",
    "queue_s": "float64",
    "duration_s": "float64",  # of the evaluation itself
    "split": "string",
    "score": "float64",  # 0..1; NaN unless status is graded
    "n_items": "Int64",  # with an outcome recorded or lost; <NA> without items
    "n_lost": "Int64",
    "evaluator": "string",
    "eval_seed": "Int64",
    "rescored": "Int64",  # later evaluations of the same artefact
}
REVISIONS: Final[Columns] = {
    "run_id": "string",
    "seq": "Int64",
    "ts": "string",
    "t_s": "float64",
    "commit": "string",
    "parent": "string",
    "trigger": "string",  # start, watch, submission, end
    "files_added": "Int64",
    "files_modified": "Int64",
    "files_deleted": "Int64",
    "lines_added": "Int64",  # over files where lines make sense; <NA> when there is none among the changed
    "lines_removed": "Int64",
    "skipped": "Int64",  # entries newly left out since the revision before, a directory counted once
    "truncated": "boolean",
}
ITEMS: Final[Columns] = {
    "run_id": "category",
    "source": "category",  # baseline, submission, rescore
    "submission_id": "Int64",  # <NA>: the base model
    "replicate": "Int64",
    "split": "category",
    "item_id": "category",
    "value": "float64",  # 0..1; NaN: the evaluator lost the item
    "cluster": "category",
    "lost": "boolean",
}
STEPS: Final[Columns] = {
    "run_id": "string",
    "seq": "Int64",
    "ts": "string",
    "t_s": "float64",
    "source": "string",
    "model": "string",
    "message_chars": "Int64",  # of the text in the trace; the texts stay there
    "reasoning_chars": "Int64",
    "tool_calls": "Int64",
    "tools": "string",  # names in order, comma-separated; <NA> without calls
    "results": "Int64",
    "result_errors": "Int64",  # results known to be errors; <NA> when none of the results says
    "truncated_bytes": "Int64",
    "input_tokens": "Int64",  # without cached_tokens
    "cached_tokens": "Int64",
    "output_tokens": "Int64",
    "cost_usd": "float64",
}
USAGE: Final[Columns] = {
    "run_id": "string",
    "model": "string",
    "steps": "Int64",
    "steps_with_usage": "Int64",  # what the sums below rest on
    "input_tokens": "Int64",  # sum of the known; <NA> when none is known
    "cached_tokens": "Int64",
    "output_tokens": "Int64",
    "cost_usd": "float64",
}
RESOURCES: Final[Columns] = {
    "run_id": "string",
    "seq": "Int64",
    "ts": "string",
    "t_s": "float64",
    "cpu_pct": "float64",  # 100 = one core
    "rss_bytes": "Int64",
    "disk_bytes": "Int64",
    "gpus": "Int64",
    "gpu_util_pct": "float64",  # mean over the GPUs that report it
    "gpu_mem_bytes": "Int64",  # sum over the GPUs; <NA> unless all report it
}


def frame(rows: Iterable[tuple[Any, ...]], columns: Columns) -> pd.DataFrame:
    """Table from rows whose values stand in the order of ``columns``; ``None`` is unknown."""
    listed = list(rows)
    series = zip(*listed, strict=True) if listed else ((),) * len(columns)
    return pd.DataFrame(
        {
            name: pd.Series(list(values), dtype=dtype)
            for (name, dtype), values in zip(columns.items(), series, strict=True)
        }
    )
