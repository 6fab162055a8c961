from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posttrace.traces import TraceError
from posttrace.traces.chain import LINE_LIMIT
from posttrace.traces.lines import Lines


@given(
    st.lists(st.binary(max_size=20).map(lambda raw: raw.replace(b"\n", b" ") + b"\n")), st.binary(max_size=20)
)
def test_lines_and_tail_are_the_file(
    tmp_path_factory: pytest.TempPathFactory, whole: list[bytes], tail: bytes
) -> None:
    tail = tail.replace(b"\n", b" ")
    path = tmp_path_factory.mktemp("lines") / "file"
    path.write_bytes(b"".join(whole) + tail)
    lines = Lines(path)
    assert list(lines) == whole
    assert lines.whole_bytes == sum(map(len, whole))
    assert lines.torn_bytes == len(tail)


@pytest.mark.parametrize(
    ("size", "read"), [(LINE_LIMIT, True), (LINE_LIMIT + 1, False), (3 * LINE_LIMIT, False)]
)
def test_a_line_beyond_the_limit_is_passed_over(tmp_path: Path, size: int, read: bool) -> None:
    path = tmp_path / "file"
    long = b"x" * (size - 1) + b"\n"
    path.write_bytes(b"a\n" + long + b"b\n")
    lines = Lines(path)
    assert [len(line) for line in lines] == [2, size if read else 0, 2]
    assert lines.whole_bytes == size + 4
    assert lines.torn_bytes == 0


def test_a_tail_beyond_the_limit_is_a_tail(tmp_path: Path) -> None:
    """A file system may leave a long stretch of zeros after a power cut."""
    path = tmp_path / "file"
    path.write_bytes(b"a\n" + b"\0" * (2 * LINE_LIMIT))
    lines = Lines(path)
    assert list(lines) == [b"a\n"]
    assert lines.torn_bytes == 2 * LINE_LIMIT


def test_a_file_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="cannot be read: No such file"):
        list(Lines(tmp_path / "missing"))
    with pytest.raises(TraceError, match="cannot be read: Is a directory"):
        list(Lines(tmp_path))
