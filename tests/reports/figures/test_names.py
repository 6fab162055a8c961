"""Names are folded between their parts, and are as wide as they are drawn."""

from __future__ import annotations

import pytest

from posttrace.reports import style
from posttrace.reports.figures.names import drawable, fitted, folded, folded_alike, width

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


def test_a_name_that_is_too_long_loses_its_middle() -> None:
    with style.applied():
        name = "open_source_scaffold_with_reflection_and_search"
        (shown,) = fitted([name], 1.5, 8, 1).values()
        begin, end = shown.split("…")
        assert name.startswith(begin)
        assert name.endswith(end)
        # 1.5 in are 13.5 sizes of a text of 8 points; one more letter of about half a size would not fit
        assert 12.5 < width(shown) <= 13.5
        assert fitted([name], 9.0, 8, 1) == {name: name}


def test_each_part_that_is_too_long_loses_its_own_middle() -> None:
    with style.applied():
        (shown,) = fitted([f"{'a' * 40}x{' · '}{'b' * 40}y"], 1.0, 8, 2).values()
    first, second = shown.split("\n")
    assert (first[:2], first[-2:], second[:2], second[-2:]) == ("aa", "ax", "bb", "by")


def test_names_that_would_look_the_same_are_numbered() -> None:
    one, other = f"{'a' * 30}1{'a' * 30}", f"{'a' * 30}2{'a' * 30}"
    with style.applied():
        shown = fitted([one, other], 1.0, 8, 1)
    assert (shown[one][:4], shown[other][:4]) == ("1 · ", "2 · ")


def test_letters_without_a_font_are_said_by_their_code_points() -> None:
    # neither DejaVu Sans nor any font that stands in for it has hieroglyphs
    with style.applied():
        assert drawable("a\N{EGYPTIAN HIEROGLYPH A001}\nb") == "aU+13000  b"
        assert drawable("naïve Δ я") == "naïve Δ я"
