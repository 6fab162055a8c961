"""Tables of runs and submissions against what was written; expected cells are derived by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import posttrace as pt
from posttrace.analysis.runs import frames
from posttrace.traces.events import (
    AgentStep,
    CodeRevision,
    ResourceSample,
)
from tests.analysis.written import (
    BASE,
    OTHER,
    baseline,
    finished,
    graded,
    items,
    known,
    received,
    rescored,
    started,
    write,
    write_rescore,
)

TABLES = ("runs", "submissions", "items", "revisions", "steps", "usage", "resources")


def columns_of(name: str) -> dict[str, str]:
    return dict(getattr(frames, name.upper()))


def dtypes(table: pd.DataFrame) -> dict[str, str]:
    return {str(column): str(dtype) for column, dtype in table.dtypes.items()}


@pytest.mark.parametrize("name", TABLES)
def test_empty_tables_have_every_column(name: str) -> None:
    table = getattr(pt.TraceSet(()), name)
    assert table.empty
    assert dtypes(table) == columns_of(name)


@pytest.mark.parametrize("name", TABLES)
def test_tables_with_rows_have_the_same_dtypes(tmp_path: Path, name: str) -> None:
    write(
        tmp_path / "r",
        started(),
        baseline(1.0, items(1.0)),
        received(1),
        CodeRevision(commit="c", parent=None, trigger="watch", files=[]),
        AgentStep(source="agent"),
        ResourceSample(cpu_pct=None, rss_bytes=None, disk_bytes=None),
    )
    table = getattr(pt.load(tmp_path), name)
    assert len(table) == 1
    assert dtypes(table) == columns_of(name)


def test_a_row_of_runs(tmp_path: Path) -> None:
    head = write(
        tmp_path / "r",
        started(),
        baseline(50.0),
        baseline(25.0, replicate=1),
        received(1),
        graded(1, 62.5),
        received(2),
        graded(2, 62.5, sha=BASE),
        received(3),
        graded(3, None, status="timeout"),
        received(4),
        graded(4, 62.5, status="duplicate", duplicate_of=1),
        received(5),
        graded(5, None, status="rejected"),
        received(6),
        finished("timed_out"),
    )
    row = known(pt.load(tmp_path).runs.iloc[0])
    assert row.pop("started_at").endswith("Z")
    assert row == {
        "run_id": "c-s0-a1",
        "path": str(tmp_path / "r/trace.jsonl"),
        "state": "final",
        "status": "timed_out",
        "cell_id": "c",
        "seed": 0,
        "attempt": 1,
        "task": "spell",
        "level": "L1",
        "metric": "accuracy",
        "n_items": 4,
        "scale_max": 100.0,
        "higher_is_better": True,
        "agent": "sft",
        "base_model": "base",
        "base_sha256": BASE,
        "feedback_policy": "score",
        "sandbox": "local",
        "isolates": "",
        "recorder": "native",
        "budget_submissions": 5,
        "wall_s": 9.0,
        "exit_code": 0,
        "submissions": 6,
        "graded": 2,
        "duplicate": 1,
        "rejected": 1,
        "failed": 1,
        "pending": 1,
        "split": "feedback",
        "baseline_scorings": 2,
        "baseline": 0.375,  # (.50 + .25) / 2
        "best": 0.625,
        "best_submission_id": 1,  # of two equals the earlier
        "gain": 0.25,
        "flags": 0,
        "torn": False,
        "head_hash": head,
    }


def test_without_a_score_best_and_gain_are_unknown_not_0(tmp_path: Path) -> None:
    write(tmp_path / "r", started(), baseline(50.0), received(1), graded(1, None, status="error"), finished())
    row = known(pt.load(tmp_path).runs.iloc[0])
    assert not row.keys() & {"best", "best_submission_id", "gain", "split"}
    assert (row["submissions"], row["graded"], row["failed"]) == (1, 0, 1)


def test_rows_of_submissions(tmp_path: Path) -> None:
    head = write(
        tmp_path / "r",
        started(),
        received(1),
        graded(1, 0.0, items(0.0, None), queue_s=2.0, duration_s=3.0, eval_seed=7, revision="r1"),
        received(2),
        graded(2, None, status="error", reason="boom"),
        received(3),
    )
    write_rescore(tmp_path / "r", 1, head, rescored(1, 10.0))
    table = pt.load(tmp_path).submissions
    clocks = table[["received_s", "graded_s"]].to_numpy()
    assert (clocks[:2, 0] <= clocks[:2, 1]).all()
    assert np.isnan(clocks[2]).tolist() == [False, True]
    shared = {"run_id": "c-s0-a1", "state": "interrupted", "is_base_copy": False}
    rows = [known(row) for _, row in table.drop(columns=["received_s", "graded_s"]).iterrows()]
    assert rows == [
        {
            **shared,
            "submission_id": 1,
            "status": "graded",
            "path": "output/1",
            "artifact_sha256": OTHER,
            "revision": "r1",
            "queue_s": 2.0,
            "duration_s": 3.0,
            "split": "feedback",
            "score": 0.0,  # scored 0, unlike the next, which has no score
            "n_items": 2,
            "n_lost": 1,
            "evaluator": "exact@1",
            "eval_seed": 7,
            "rescored": 1,
        },
        {
            **shared,
            "submission_id": 2,
            "status": "error",
            "reason": "boom",
            "path": "output/2",
            "artifact_sha256": OTHER,
            "rescored": 0,
        },
        {**shared, "submission_id": 3, "status": "pending", "path": "output/3", "rescored": 0},
    ]


def test_runs_can_be_chosen_by_their_columns(tmp_path: Path) -> None:
    for seed, attempt in ((0, 1), (0, 2), (1, 1)):
        write(tmp_path / f"{seed}-{attempt}", started(seed=seed, attempt=attempt), finished())
    traces = pt.load(tmp_path)
    assert [run.run_id for run in traces.select(seed=0).records] == ["c-s0-a1", "c-s0-a2"]
    (second,) = traces.select(seed=0, attempt=2).records
    assert second.state == "superseded"  # out of sight of the first attempt it stays what it is
    assert traces.select(judge="x").runs.empty  # unknown is not equal to anything
