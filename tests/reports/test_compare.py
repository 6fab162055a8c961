"""Differences of two computations are named by what they are of."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from posttrace.reports import compare
from posttrace.traces.errors import InputError

ROWS: list[dict[str, Any]] = [
    {"task": "spell", "agent_label": "sft", "mean_gain_pp": 10.0, "run_ids": ["a", "b"]},
    {"task": "spell", "agent_label": "grpo", "mean_gain_pp": 2.0, "run_ids": ["c"]},
]


def changed(**cells: Any) -> list[str]:
    now = copy.deepcopy(ROWS)
    now[1] |= cells
    return list(compare.numbers("results", ROWS, now))


def test_each_changed_cell_is_a_line_that_names_its_row() -> None:
    assert changed() == []
    assert changed(mean_gain_pp=2.5) == ["results[spell grpo].mean_gain_pp: 2 then, 2.5 now"]
    assert changed(mean_gain_pp=None) == ["results[spell grpo].mean_gain_pp: 2 then, null now"]
    assert changed(run_ids=["c", "d"]) == ['results[spell grpo].run_ids: ["c"] then, ["c", "d"] now']


def test_rounding_is_no_change_and_truth_is_no_number() -> None:
    assert changed(mean_gain_pp=2.0 * (1 + 1e-12)) == []
    assert list(compare.numbers("x", [1.0, 2], [1.0 + 1e-12, 2])) == []
    assert list(compare.numbers("x", True, 1.5)) == ["x: true then, 1.5 now"]


def test_a_row_more_leaves_the_others_alone() -> None:
    new = {"task": "house", "agent_label": "sft", "mean_gain_pp": 1.0}
    assert list(compare.numbers("results", ROWS, [new, *ROWS])) == [
        "results[house sft]: no row then, one now"
    ]
    assert list(compare.numbers("results", ROWS, ROWS[1:])) == ["results[spell sft]: a row then, none now"]
    # without names only their number can be told
    assert list(compare.numbers("x", [{"p": 1}], [{"p": 1}, {"p": 2}])) == ["x: 1 rows then, 2 now"]
    assert list(compare.numbers("x", [{"p": 1}], [{"p": 2}])) == ["x[0].p: 1 then, 2 now"]


def study(**parts: Any) -> dict[str, Any]:
    """What two runs and one that does not count look like, read from below ``runs``."""
    runs = [{"run_id": name, "path": f"runs/{name}/trace.jsonl", "head_hash": 64 * name} for name in "ab"]
    left = {"path": "runs/c/trace.jsonl", "state": "interrupted", "reason": "runs/c/trace.jsonl: cut"}
    return {"runs": runs, "excluded": [left], "asked": {"paths": ["runs"]}} | parts


def test_runs_are_gone_new_or_altered() -> None:
    old = study()
    a, b = old["runs"]
    assert list(compare.traces(old, study())) == []
    assert list(compare.traces(old, study(runs=[a]))) == ["run b does not count any more: no such trace"]
    assert list(compare.traces(old, study(runs=[a]), {"a", "b"})) == []  # it counts, other numbers rest on it
    assert list(compare.traces(old, study(runs=[a, b, a | {"run_id": "d"}]))) == ["run d is new"]
    assert list(compare.traces(old, study(runs=[a, b | {"head_hash": 64 * "x"}]))) == [
        f"run b: its trace was altered: head {16 * 'b'} then, {16 * 'x'} now"
    ]
    left = {"path": "runs/b/trace.jsonl", "state": "invalid", "reason": "hash"}
    assert list(compare.traces(old, study(runs=[a], excluded=[*old["excluded"], left]))) == [
        "run b does not count any more: invalid: hash"
    ]


def test_which_traces_are_left_out_and_why_is_compared() -> None:
    old = study()
    (left,) = old["excluded"]
    other = left | {"path": "runs/d/trace.jsonl", "reason": "runs/d/trace.jsonl: cut"}
    cut = "interrupted: c/trace.jsonl: cut"
    assert list(compare.traces(old, study(excluded=[other]))) == [
        f"trace c/trace.jsonl: {cut} then, not left out now",
        "trace d/trace.jsonl: not left out then, interrupted: d/trace.jsonl: cut now",
    ]
    assert list(compare.traces(old, study(excluded=[left | {"state": "superseded"}]))) == [
        f"trace c/trace.jsonl: {cut} then, superseded: c/trace.jsonl: cut now"
    ]


def test_traces_that_were_moved_are_the_same() -> None:
    moved = {"path": "../far/c/trace.jsonl", "state": "interrupted", "reason": "../far/c/trace.jsonl: cut"}
    new = study(excluded=[moved], asked={"paths": ["../far"]})
    assert list(compare.traces(study(), new)) == []


def test_numbers_are_counted_wherever_they_are() -> None:
    assert compare.count({"a": [1, 2.5, None, "3", True], "b": {"c": 0}}) == 3


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "cannot be read"),
        ("{", "is no JSON"),
        ("[]", "is no s/1 file"),
        ('{"schema": "t"}', "is no s/1 file"),
    ],
)
def test_a_file_of_something_else_is_refused_with_advice(tmp_path: Path, text: str | None, says: str) -> None:
    path = tmp_path / "x.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(InputError, match=f"{says}.*; give the .json"):
        compare.read(path, "s/1", "give the .json")
