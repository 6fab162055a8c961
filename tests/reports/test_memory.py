"""What was computed once is looked up, and nothing that could change a number goes unnoticed."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from posttrace.analysis.audit.audit import audit
from posttrace.analysis.runs.load import load
from posttrace.reports import memory
from posttrace.reports.memory import Memory
from tests.reports.study import QUICK, STUDY, write_run

CALLS: list[object] = []


def doubled(item):
    CALLS.append(item)
    return 2 * item


def named(record):
    CALLS.append(record)
    return record.run_id


@pytest.fixture(autouse=True)
def _no_calls():
    CALLS.clear()


def test_known_results_are_not_computed_again_and_order_stays(tmp_path):
    kept = Memory(tmp_path, 1)
    assert list(kept(doubled, [3, 1, 2])) == [6, 2, 4]
    assert list(kept(doubled, [2, 5, 3])) == [4, 10, 6]
    assert CALLS == [3, 1, 2, 5]


def test_another_code_or_function_is_another_name(tmp_path, monkeypatch):
    kept = Memory(tmp_path, 1)
    list(kept(doubled, [3]))
    monkeypatch.setattr(memory, "_code", lambda: "another version")
    list(kept(doubled, [3]))
    assert CALLS == [3, 3]
    assert list(kept(float, [3])) == [3.0]


def test_a_file_beside_the_trace_is_part_of_the_name(tmp_path: Path) -> None:
    trace = write_run(tmp_path / "run", STUDY[0])
    (record,) = load(trace).records
    kept = Memory(tmp_path / "cache", 1)
    list(kept(named, [record]))
    list(kept(named, [record]))
    assert len(CALLS) == 1
    os.utime(trace, ns=(1, 1))  # the same size and content, another time
    list(kept(named, [record]))
    list(kept(named, [replace(record, head_hash="0" * 64)]))
    assert len(CALLS) == 3


def test_a_damaged_or_missing_cache_costs_time_alone(tmp_path):
    kept = Memory(tmp_path, 1)
    list(kept(doubled, [3]))
    for path in (tmp_path / "results").iterdir():
        path.write_bytes(b"no pickle")
    assert list(kept(doubled, [3])) == [6]
    (tmp_path / "file").write_text("")
    assert list(Memory(tmp_path / "file", 1)(doubled, [3])) == [6]  # cannot be a folder
    assert list(Memory(None, 1)(doubled, [3])) == [6]
    assert CALLS == [3] * 4


def test_only_the_newest_results_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "MOST", 2)
    list(Memory(tmp_path, 1)(doubled, [1, 2, 3, 4]))
    assert len(list((tmp_path / "results").iterdir())) == 2


def test_where_results_are_kept(tmp_path, monkeypatch):
    monkeypatch.delenv("POSTTRACE_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert Memory.of_user().folder == tmp_path / "posttrace"
    monkeypatch.setenv("POSTTRACE_CACHE", str(tmp_path / "mine"))
    assert Memory.of_user().folder == tmp_path / "mine"
    for off in ("", os.devnull):
        monkeypatch.setenv("POSTTRACE_CACHE", off)
        assert Memory.of_user().folder is None


def test_an_audit_does_not_depend_on_processes_or_on_what_was_kept(tmp_path, traces, monkeypatch):
    monkeypatch.setattr(memory, "WORTH_S", 0.0)
    alone = str(audit(traces, QUICK).to_json())
    for processes in (1, 2, 2):  # the third finds what the second kept
        assert str(audit(traces, QUICK, each=Memory(tmp_path / str(processes), processes)).to_json()) == alone


def test_what_was_computed_before_an_error_is_kept(tmp_path):
    with pytest.raises(TypeError):
        list(Memory(tmp_path, 1)(doubled, [1, 2, None]))
    assert list(Memory(tmp_path, 1)(doubled, [1, 2])) == [2, 4]
    assert CALLS == [1, 2, None]
