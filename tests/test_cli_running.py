"""What ``posttrace run`` says before and after it runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from posttrace.cli.running import _lines, _show_plan, _show_sweep
from posttrace.runner.claim import Plan
from posttrace.runner.job import RunResult
from posttrace.runner.sweep import Planned, SweepResult, prepare


@pytest.fixture
def jobs(tmp_path: Path) -> list[Planned]:
    return prepare([f"out={tmp_path}", "agent=copy", "task=house", "seed=0,1"])


def test_what_ended_is_named_by_task_and_agent(
    jobs: list[Planned], capsys: pytest.CaptureFixture[str]
) -> None:
    run_id = f"{jobs[1].cell_id}-s1-a2"
    ended = RunResult(
        run_id, "out/attempt-2", "agent_failed", "exit code 3; see logs/agent.stderr.log", 1, 0.5, "f" * 64
    )
    _show_sweep(jobs, SweepResult((ended,), (), ()))
    shown = capsys.readouterr()
    (row,) = [line.split() for line in shown.out.splitlines() if run_id in line]
    assert row == ["house", "copy", run_id, "agent", "failed", "1", "0.5000", "f" * 64]
    assert shown.err == "out/attempt-2: exit code 3; see logs/agent.stderr.log\n"


def test_what_was_skipped_says_how_to_run_anew(
    jobs: list[Planned], capsys: pytest.CaptureFixture[str]
) -> None:
    skipped = [replace(job, plan=Plan("skip", "completed", 1)) for job in jobs]
    _show_sweep(skipped, SweepResult((), tuple(skipped), ()))
    said = capsys.readouterr().err.splitlines()
    assert said[0] == f"{jobs[0].seed_dir}: skip: completed"
    assert said[2:] == ["what has ended stands: give another seed, agent.version, experiment or out"]


def test_a_plan_has_a_row_for_every_job(jobs: list[Planned], capsys: pytest.CaptureFixture[str]) -> None:
    _show_plan(jobs)
    rows = [line.split() for line in capsys.readouterr().out.splitlines() if "not run yet" in line]
    assert [row[:3] for row in rows] == [["house", "copy", "0"], ["house", "copy", "1"]]


def test_a_record_without_its_first_line_is_not_shown_yet(jobs: list[Planned]) -> None:
    trace = jobs[0].seed_dir / "attempt-1" / "trace.jsonl"
    trace.parent.mkdir(parents=True)
    trace.touch()
    assert _lines(jobs) == {}
