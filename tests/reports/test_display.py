"""How numbers and foreign text are printed."""

from __future__ import annotations

import html
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posttrace.reports.display import (
    DASH,
    code_span,
    count,
    escaped,
    level,
    listed,
    p_value,
    percent,
    plain,
    plural,
    points,
    with_minus,
)
from posttrace.reports.render.html import markdown


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (percent(21.34), "21.3"),
        (percent(18.15), "18.2"),  # stored below the half
        (percent(-0.04), "0.0"),
        (points(3.14), "+3.1"),
        (points(-0.44), "−0.4"),
        (points(22.35), "+22.4"),
        (points(0.04), "0.0"),  # would be +0.0
        (points(-0.04), "0.0"),  # would be -0.0
        (p_value(0.03125), "0.031"),
        (p_value(0.0009), "<0.001"),
        (p_value(1.0), "1.000"),
        (count(2000), "2,000"),
        (level(0.05), "95\N{NO-BREAK SPACE}%"),
        (level(0.025), "97.5\N{NO-BREAK SPACE}%"),
        (plural(1, "run"), "1 run"),
        (plural(0, "run"), "0 runs"),
    ],
)
def test_numbers(shown: str, expected: str) -> None:
    assert shown == expected


@pytest.mark.parametrize("show", [percent, points, p_value, count, plain])
@pytest.mark.parametrize("nothing", [None, float("nan"), pd.NA, np.nan])
def test_undefined_is_a_dash_and_never_zero(show, nothing) -> None:
    assert show(nothing) == DASH


@pytest.mark.parametrize(
    ("names", "of", "expected"),
    [
        (6, 12, "a, b, c, d, e, f"),
        (7, 12, "7 of 12 runs"),
        (12, 12, "all 12 runs"),
        (2, 2, "all 2 runs"),
        (1, 1, "a"),
    ],
)
def test_many_names_become_their_number(names: int, of: int, expected: str) -> None:
    twice = [*"abcdefghijkl"[:names]] * 2  # a name counts once
    assert listed(twice, of) == expected


def test_plain_text_is_one_line_without_control_characters() -> None:
    assert plain("a\nb\tc\x1b[31m\u202e") == "a b c [31m�"


NASTY = st.text(alphabet="<>*_`[]()#!|~$\\&;:/.-+=^'\"\n\r\t \xa0\u2028 1ax", max_size=30)


@settings(deadline=None)  # the first example imports nbconvert
@given(st.text(max_size=60) | NASTY)
def test_escaped_text_reads_as_itself_in_the_page(text: str) -> None:
    """Whatever a trace holds, the page shows those characters and no element but the paragraph."""
    shown = markdown(f"x {escaped(text)} x")
    assert not re.findall(r"<(?!/?p>)", shown)
    expected = " ".join(f"x {plain(text)} x".split())
    assert " ".join(html.unescape(re.sub(r"</?p>", "", shown)).split()) == expected


@pytest.mark.parametrize(
    "text",
    [
        "python a.py --x 1",
        "`",
        "``` a",
        "a ` b `` c",
        "$x$ $$y$$",
        "<script>",
        "[a](http://b)",
        "a\nb",
        "*a*",
        "\\",
    ],
)
def test_a_command_line_stays_inside_its_code(text: str) -> None:
    shown = markdown(f"- {code_span(text)} and more")
    inner = re.fullmatch(r"<ul>\s*<li><code>(.*)</code> and more</li>\s*</ul>\s*", shown, flags=re.DOTALL)
    assert inner is not None, shown
    assert html.unescape(inner[1]).strip() == text.replace("\n", " ")


def test_minus_signs_of_numbers_alone() -> None:
    text = "best by -1.0 pp, bound -.4, k-fold, 2026-11-21, max-t, a-1 (p = -0.2)"
    shown = "best by −1.0 pp, bound −.4, k-fold, 2026-11-21, max-t, a-1 (p = −0.2)"
    assert with_minus(text) == shown
