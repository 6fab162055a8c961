"""What an audit prints for a person: the table, and below it what a reader must know."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from posttrace.analysis.audit.audit import Audit
from posttrace.analysis.audit.wording import RESTS_ON
from posttrace.analysis.runs.records import Exclusion
from posttrace.reports.terminal.screen import audit_table, print_frame


def lost(n: int) -> tuple[Exclusion, ...]:
    return tuple(Exclusion(f"runs/{i}/trace.jsonl", "infrastructure_failed", "disk\nfull") for i in range(n))


def printed(audit: Audit, capsys: pytest.CaptureFixture[str]) -> list[str]:
    print_frame(*audit_table(audit))
    return [line.rstrip() for line in capsys.readouterr().out.splitlines()]


def test_each_exclusion_is_a_line_below_the_table(checked: Audit, capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(replace(checked, excluded=lost(2)), capsys)
    assert lines[-2:] == [f"runs/{i}/trace.jsonl: infrastructure failed: disk full" for i in (0, 1)]
    assert any("gain exceeds noise" in line for line in lines[:-2])


def test_many_exclusions_are_cut(checked: Audit, capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(replace(checked, excluded=lost(23)), capsys)
    assert sum("disk full" in line for line in lines) == 20
    assert lines[-1] == "... and 3 more"
    assert "more" not in printed(replace(checked, excluded=lost(20)), capsys)[-1]


def test_without_runs_the_exclusions_stand_alone(checked: Audit, capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(replace(checked, runs=(), excluded=lost(1)), capsys)
    assert lines == [
        "Audit of 0 runs, 1 excluded; scores and gains in percentage points",
        "runs/0/trace.jsonl: infrastructure failed: disk full",
    ]


def test_what_the_numbers_are_of(checked: Audit, capsys: pytest.CaptureFixture[str]) -> None:
    # in the study one run of six submitted the base
    pooled = "baseline: mean of 2 scorings, including 1 copy of the base that the agent submitted"
    assert f"1 of 6 runs: {pooled}" in printed(checked, capsys)
    sealed = tuple(replace(row, flags=(RESTS_ON["sealed"],)) for row in checked.runs)
    assert f"all 6 runs: {RESTS_ON['sealed']}" in printed(replace(checked, runs=sealed), capsys)
    assert f"1 of 1 run: {RESTS_ON['sealed']}" in printed(replace(checked, runs=sealed[:1]), capsys)


def test_text_of_a_trace_is_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    print_frame(pd.DataFrame({"agent": ["[/b]", "[red]x\x1b[31m"]}), "in [runs]")
    out = capsys.readouterr().out
    assert "in [runs]" in out
    assert "[/b]" in out
    assert "[red]x [31m" in out
