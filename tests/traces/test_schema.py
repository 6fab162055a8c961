from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import pytest
from jsonschema import Draft202012Validator

from posttrace.traces.events import AnyEvent
from posttrace.traces.schema import SCHEMA_PATH, schema_text, trace_schema


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    schema = json.loads(SCHEMA_PATH.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


@pytest.fixture(scope="module")
def lines(golden: Path) -> list[dict[str, Any]]:
    files = (golden / "trace.jsonl", golden / "rescore-1.jsonl")
    return [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]


def test_the_exported_schema_is_that_of_the_structs() -> None:
    """When this fails: ``python -m posttrace.traces.schema``, and the goldens in the same commit."""
    assert SCHEMA_PATH.read_text(encoding="utf-8") == schema_text()


def test_golden_lines_of_every_kind_conform(
    validator: Draft202012Validator, lines: list[dict[str, Any]]
) -> None:
    assert {line["type"] for line in lines} == {kind.__struct_config__.tag for kind in get_args(AnyEvent)}
    for line in lines:
        validator.validate(line)


def test_every_field_of_a_line_is_checked(
    validator: Draft202012Validator, lines: list[dict[str, Any]]
) -> None:
    for line in lines:
        for field in ("type", "seq", "ts", "t_s", "hash"):
            assert not validator.is_valid({key: value for key, value in line.items() if key != field})
        assert not validator.is_valid({**line, "unknown": 1})
        assert not validator.is_valid({**line, "seq": -1})
        assert not validator.is_valid({**line, "hash": "0" * 63})
        assert not validator.is_valid({**line, "type": "log.surprise"})
        assert validator.is_valid({**line, "ts": None, "t_s": None})


def test_required_fields_are_those_without_a_default() -> None:
    graded = trace_schema()["$defs"]["SubmissionGraded"]
    assert graded["required"] == ["type", "seq", "ts", "t_s", "submission_id", "status", "split", "hash"]
