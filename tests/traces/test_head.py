from __future__ import annotations

from pathlib import Path

import pytest

from posttrace.traces import TraceError, TraceReader, read_head
from posttrace.traces.chain import GENESIS, LINE_LIMIT, seal, stated_hash


def test_the_golden_head_is_the_last_line_s_hash(golden: Path) -> None:
    path = golden / "trace.jsonl"
    reader = TraceReader(path)
    list(reader)
    assert read_head(path) == (reader.head, False)
    assert path.read_bytes().endswith(f'"hash":"{reader.head}"}}\n'.encode())


@pytest.mark.parametrize("size", [10, 65_400, 65_536, 65_600, 300_000])
def test_around_the_block_that_is_read(tmp_path: Path, size: int) -> None:
    """A torn tail of any size before, at and beyond the 64 KiB that are read at a time."""
    path = tmp_path / "trace.jsonl"
    line = seal(GENESIS, b'{"type":"a"}')
    path.write_bytes(line + b"x" * size)
    assert read_head(path) == (stated_hash(line).decode(), True)


def test_what_is_no_trace(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="cannot be read"):
        read_head(tmp_path / "missing")
    path = tmp_path / "file"
    path.write_bytes(b"x" * (LINE_LIMIT + 1))
    with pytest.raises(TraceError, match="no line end"):
        read_head(path)
