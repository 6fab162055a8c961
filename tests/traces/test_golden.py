from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import pytest

import posttrace as pt
from posttrace.traces import read_events, validate
from posttrace.traces.events import AnyEvent, LogMetrics


@pytest.mark.parametrize("name", ["trace.jsonl", "rescore-1.jsonl"])
def test_the_generator_writes_the_same_bytes(
    golden: Path, make: dict[str, Any], tmp_path: Path, name: str
) -> None:
    make["write"](tmp_path)
    assert (tmp_path / name).read_bytes() == (golden / name).read_bytes()


@pytest.mark.parametrize("name", ["trace.jsonl", "rescore-1.jsonl"])
def test_it_is_valid(golden: Path, name: str) -> None:
    assert validate(golden / name) == []


def test_every_kind_occurs(golden: Path) -> None:
    files = (golden / "trace.jsonl", golden / "rescore-1.jsonl")
    assert {type(event) for file in files for event in read_events(file)} == set(get_args(AnyEvent))


def test_what_is_hard_to_write_is_written(golden: Path, make: dict[str, Any]) -> None:
    text = (golden / "trace.jsonl").read_text(encoding="utf-8")
    assert make["SECRETS"]["API_KEY"] not in text
    lines = [json.loads(line) for line in text.splitlines()]
    assert lines[0]["config"]["agent"]["env"] == {"API_KEY": "<secret:API_KEY>"}
    assert lines[4]["message"] == "Train; the key in the file is <secret:API_KEY>."
    assert lines[3]["files"][1]["path"] == "caf\\xe9.py"
    assert lines[3]["files"][1]["path_b64"] == "Y2Fm6S5weQ=="  # base64 of caf\xe9.py
    [metrics] = read_events(golden / "trace.jsonl", [LogMetrics])
    assert isinstance(metrics, LogMetrics)
    assert metrics.values == {"loss": 2.5, "grad": "NaN", "kl": "Infinity"}


def test_it_can_be_loaded(golden: Path, make: dict[str, Any]) -> None:
    traces = pt.load(golden)
    assert traces.excluded == ()
    [run] = traces.runs.to_dict("records")
    assert (run["run_id"], run["state"], run["status"]) == (make["RUN_ID"], "final", "completed")
    submissions = traces.submissions
    assert list(submissions["status"]) == ["graded", "duplicate", "error"]
    assert set(traces.revisions["commit"]) >= {submissions["revision"][0]}


def test_it_can_be_audited(golden: Path) -> None:
    """Word 11 was lost in one replicate, so 11 of 12 count.

    The submission has 8 of these right, the replicates 3 and 4: a gain of (8 - 3.5) / 11.
    """
    audit = pt.audit(pt.load(golden))
    assert audit.excluded == ()
    [run] = audit.runs
    assert run.verdict not in ("invalid", "no_score")
    assert (run.k, run.n_duplicate, run.n_failed, run.winner) == (1, 1, 1, 1)
    assert run.reported_best == pytest.approx(8 / 12)
    assert run.baseline == pytest.approx(3.5 / 11)
    assert run.reported_gain == pytest.approx(4.5 / 11)
    assert "path_escape x1" in run.flags
