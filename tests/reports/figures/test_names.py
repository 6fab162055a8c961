"""Names are folded between their parts, and are as wide as they are drawn."""

from __future__ import annotations

import pytest

from posttrace.reports import style
from posttrace.reports.figures.names import folded, folded_alike, width

LONG = "Claude Code · Qwen2.5-7B-Instruct · Opus 4.6 · RL-oriented (v1: RL-only)"


def test_a_name_is_folded_between_its_parts_first() -> None:
    assert folded("sft · small", 20) == "sft · small"
    assert folded(LONG, 24).split("\n") == [
        "Claude Code",
        "Qwen2.5-7B-Instruct",
        "Opus 4.6",
        "RL-oriented (v1:",
        "RL-only)",
    ]


def test_names_get_as_wide_as_three_lines_need() -> None:
    # Qwen2.5-7B-Instruct · Opus 4.6 has 30 letters
    assert folded_alike([LONG, "sft"]) == [
        "Claude Code\nQwen2.5-7B-Instruct · Opus 4.6\nRL-oriented (v1: RL-only)",
        "sft",
    ]


def test_width_is_that_of_the_font() -> None:
    with style.applied():
        # digits of DejaVu Sans are 0.636 em wide; the outline of the last leaves out its margin
        assert width("0" * 10) == pytest.approx(6.36, abs=0.15)
        assert width(" ") == 0
