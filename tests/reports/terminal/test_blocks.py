"""Tables in a narrow terminal: cut into blocks, never cut short."""

from __future__ import annotations

import pandas as pd
import pytest
from rich.console import Console

from posttrace.analysis.audit.audit import Audit
from posttrace.reports.terminal.blocks import blocks
from posttrace.reports.terminal.screen import audit_table, print_frame


def printed(frame: pd.DataFrame, width: int) -> list[list[str]]:
    """The lines of each block, as a terminal of ``width`` shows them."""
    console = Console(width=width, color_system=None)
    shown = []
    for table in blocks(frame, width):
        with console.capture() as capture:
            console.print(table)
        shown.append(capture.get().splitlines())
    return shown


@pytest.mark.parametrize("width", [40, 80, 120, 200])
def test_every_word_of_an_audit_is_whole(checked: Audit, width: int) -> None:
    frame, _, _ = audit_table(checked)
    lines = [line for block in printed(frame, width) for line in block]
    assert max(map(len, lines)) <= width
    assert not any("…" in line for line in lines)
    words = set(" ".join(lines).split())
    for value in frame.to_numpy().ravel():
        assert set(str(value).split()) <= words


def test_a_block_begins_with_what_tells_rows_apart() -> None:
    # two columns tell the rows apart: 4 + 1 characters, 3 to each from the box and 1: 12 of 30;
    # beside them 18 are left, enough for one column of 10 + 3 but not for two
    frame = pd.DataFrame(
        {"task": ["aaaa", "aaaa"], "seed": [0, 1], "first": ["a" * 10] * 2, "second": ["b" * 10] * 2}
    )
    headings = [block[1].split() for block in printed(frame, 30)]
    assert headings == [["task", "seed", "first"], ["task", "seed", "second"]]
    assert len(printed(frame, 60)) == 1


def test_a_long_word_is_folded_and_whole() -> None:
    (lines,) = printed(pd.DataFrame({"hash": ["0123456789" * 6]}), 34)
    assert "".join(line.strip() for line in lines[3:]) == "0123456789" * 6


def test_rows_that_nothing_tells_apart_are_numbered() -> None:
    frame = pd.DataFrame({"row": ["same", "same"], "says": ["x" * 20] * 2, "why": ["y" * 20] * 2})
    shown = printed(frame, 40)
    assert [block[1].split() for block in shown] == [["#", "row", "says"], ["#", "why"]]
    assert [line.split()[0] for line in shown[1][3:5]] == ["1", "2"]


def test_a_frame_without_rows_has_its_headings() -> None:
    ((_, heading, *_),) = printed(pd.DataFrame({"a": [], "b": []}), 80)
    assert heading.split() == ["a", "b"]


def test_a_pipe_takes_a_wide_table_whole(checked: Audit, capsys: pytest.CaptureFixture[str]) -> None:
    print_frame(*audit_table(checked))
    (heading,) = [line for line in capsys.readouterr().out.splitlines() if "task" in line.split()]
    assert heading.split()[-1] == "verdict"
