from __future__ import annotations

from pathlib import Path

import pytest

from posttrace.traces import find_rescores, find_traces
from posttrace.traces.errors import InputError


def run(folder: Path) -> Path:
    folder.mkdir(parents=True)
    trace = folder / "trace.jsonl"
    trace.touch()
    return trace


def test_a_file_a_run_and_a_tree(tmp_path: Path) -> None:
    first, second = run(tmp_path / "a" / "seed-0" / "attempt-1"), run(tmp_path / "b" / "seed-0")
    assert find_traces([first]) == [first]
    assert find_traces([first.parent]) == [first]
    assert find_traces([tmp_path]) == [first, second]
    assert find_traces([str(second), tmp_path]) == [second, first]


def test_the_workspace_of_a_run_is_not_searched(tmp_path: Path) -> None:
    """An agent can write a trace.jsonl of its own; with or without a trace beside, it is no record."""
    real = run(tmp_path / "a")
    run(tmp_path / "a" / "workspace")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "claim.json").touch()
    run(tmp_path / "b" / "workspace")
    assert find_traces([tmp_path]) == [real]


def test_links_to_directories_are_not_followed(tmp_path: Path) -> None:
    real = run(tmp_path / "a")
    (tmp_path / "loop").symlink_to(tmp_path)
    assert find_traces([tmp_path]) == [real]


def test_what_cannot_be_used_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"missing does not exist$"):
        find_traces([tmp_path / "missing"])
    with pytest.raises(InputError, match=r"empty is empty: name a run directory"):
        find_traces([tmp_path / "empty"])
    with pytest.raises(InputError, match=r"holds no trace\.jsonl: name a run directory"):
        find_traces([tmp_path])
    with pytest.raises(InputError, match=r"notes\.txt is not a trace: name a \.jsonl file"):
        find_traces([tmp_path / "notes.txt"])
    with pytest.raises(InputError, match="no path was given"):
        find_traces([])


def test_one_bad_path_among_good_ones_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        find_traces([run(tmp_path / "a"), tmp_path / "missing"])


def test_rescores_come_by_number(tmp_path: Path) -> None:
    trace = run(tmp_path / "a")
    for name in ("rescore-10.jsonl", "rescore-2.jsonl", "rescore-x.jsonl", "rescore-1.jsonl"):
        (trace.parent / name).touch()
    assert [path.name for path in find_rescores(trace)] == [
        "rescore-1.jsonl",
        "rescore-2.jsonl",
        "rescore-10.jsonl",
    ]
