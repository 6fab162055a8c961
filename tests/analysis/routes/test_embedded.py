"""Routes of real runs of the embedded agents, from the command line: what they do is in ``runner/agents``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support import QUICK, posttrace


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("embedded")
    words = [word for word in QUICK if not word.startswith("budget.steps")]
    words.append("recorder.process_interval_s=0.05")  # scripts that last half a second must not be missed
    done = posttrace("run", "-m", "agent=copy,hybrid", "budget.steps=8", *words, f"out={out}", cwd=out)
    assert done.returncode == 0, done.stderr
    return out


def of(found: dict[str, Any], agent: str) -> dict[str, Any]:
    runs: list[dict[str, Any]] = [run for run in found["runs"] if run["agent"] == agent]
    assert len(runs) == 1
    return runs[0]


def test_routes_as_json(runs: Path) -> None:
    done = posttrace("routes", runs, "--json", cwd=runs)
    assert done.returncode == 0, done.stderr  # where long work is told
    found = json.loads(done.stdout)
    assert {item["route"] for item in of(found, "copy")["submissions"]} == {"no_train"}
    hybrid = of(found, "hybrid")
    assert [item["route"] for item in hybrid["submissions"]] == ["sft", *["sft>grpo"] * 3]
    assert hybrid["attempted"] == ["sft", "grpo"]
    for item in hybrid["submissions"]:
        main = item["evidence"][0]
        assert main["path"].startswith("code/")
        assert main["line"] >= 1
        assert main["commit"]


def test_routes_as_a_table_and_csv(runs: Path) -> None:
    table = posttrace("routes", runs, cwd=runs)
    assert table.returncode == 0
    assert "Routes of 6 submissions in 2 runs" in table.stdout
    assert "sft>grpo" in table.stdout
    csv = posttrace("routes", runs, "--csv", cwd=runs).stdout.splitlines()
    assert csv[0].startswith("run_id,trace,state")
    assert len(csv) == 7


def test_the_audit_shows_routes(runs: Path) -> None:
    table = posttrace("audit", runs, cwd=runs).stdout
    assert "no_train" in table
    without = posttrace("audit", runs, "--no-routes", "--json", cwd=runs)
    assert [run["route"] for run in json.loads(without.stdout)["runs"]] == [None, None]


def test_a_trace_that_cannot_be_trusted_is_named(runs: Path, tmp_path: Path) -> None:
    (trace,) = [path for path in runs.rglob("trace.jsonl") if b"copy_base.py" in path.read_bytes()]
    lines = trace.read_bytes().splitlines(keepends=True)
    (tmp_path / "trace.jsonl").write_bytes(b"".join(lines[:3] + lines[4:]))
    done = posttrace("routes", tmp_path, cwd=tmp_path)
    assert done.returncode == 1
    assert "does not follow from the line before" in done.stdout


def test_both_formats_at_once_are_refused(runs: Path) -> None:
    done = posttrace("routes", runs, "--json", "--csv", cwd=runs)
    assert (done.returncode, done.stdout) == (2, "")
    assert "choose one" in done.stderr
