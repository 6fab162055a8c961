from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import pytest

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
