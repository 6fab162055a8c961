from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posttrace.traces import ChainError, TraceError, read_events, repair, validate


@given(st.data())
def test_repair_after_any_cut_keeps_every_line_and_every_byte(
    golden: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    content = (golden / "trace.jsonl").read_bytes()
    cut = data.draw(st.integers(0, len(content)))
    path = tmp_path_factory.mktemp("repair") / "trace.jsonl"
    path.write_bytes(content[:cut])
    before = list(read_events(path))
    result = repair(path)
    kept = path.read_bytes()
    tail = b"" if result.backup is None else result.backup.read_bytes()
    assert kept + tail == content[:cut]
    assert kept.endswith(b"\n") or not kept
    assert (result.cut_bytes, result.n_lines) == (len(tail), kept.count(b"\n"))
    assert list(read_events(path)) == before
    assert "TORN_TAIL" not in {finding.code for finding in validate(path)}


def test_nothing_is_done_twice(golden: Path, tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    path.write_bytes((golden / "trace.jsonl").read_bytes() + b"torn")
    first = repair(path)
    assert first.backup == tmp_path / "trace.jsonl.torn-1"
    assert str(first) == f"{path}: 19 lines kept, 4 torn bytes moved to {first.backup}"
    second = repair(path)
    assert (second.cut_bytes, second.backup) == (0, None)
    assert str(second) == f"{path}: nothing to repair: 19 lines, no torn tail"


def test_a_backup_never_replaces_another(golden: Path, tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    path.write_bytes((golden / "trace.jsonl").read_bytes())
    for n, tail in enumerate((b"one", b"two"), start=1):
        with path.open("ab") as file:
            file.write(tail)
        assert repair(path).backup == tmp_path / f"trace.jsonl.torn-{n}"
    assert (tmp_path / "trace.jsonl.torn-1").read_bytes() == b"one"
    assert (tmp_path / "trace.jsonl.torn-2").read_bytes() == b"two"


def test_a_broken_chain_is_refused_and_left_alone(golden: Path, tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    content = (golden / "trace.jsonl").read_bytes().replace(b'"loss":2.5', b'"loss":0.5') + b"torn"
    path.write_bytes(content)
    with pytest.raises(ChainError, match=r"trace\.jsonl:7: does not follow"):
        repair(path)
    assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_grows_meanwhile_is_left_alone(
    golden: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its writer is alive: the tail is a line under way, and cutting it would be the damage."""
    path = tmp_path / "trace.jsonl"
    path.write_bytes((golden / "trace.jsonl").read_bytes() + b"torn")

    def grow(name: Path) -> None:
        with path.open("ab") as writer:
            writer.write(b" and more")

    # By its module: as an attribute of the package, ``repair`` is the function.
    monkeypatch.setattr(sys.modules["posttrace.traces.repair"], "sync_folder", grow)
    with pytest.raises(TraceError, match="still being written"):
        repair(path)
    assert path.read_bytes().endswith(b"torn and more")
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="cannot be read"):
        repair(tmp_path / "trace.jsonl")
