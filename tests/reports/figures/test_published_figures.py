"""Figures on printed tables draw every row, and say so when there is none."""

from __future__ import annotations

import pandas as pd
import pytest

from posttrace.reports import style
from posttrace.reports.figures import published_curves as curves_module
from posttrace.reports.figures import published_gains as gains_module
from posttrace.reports.figures.published_curves import published_curves
from posttrace.reports.figures.published_gains import published_gains

GAINS = pd.DataFrame(
    [
        ("T", "B", "a · one", "exceeds", 30.0, 20.0, 40.0),
        ("T", "C", "a · two", "underpowered", 2.0, -5.0, 9.0),
        ("U", "B", "a · one", "regression", -8.0, -12.0, -3.0),
    ],
    columns=list(gains_module.COLUMNS),
)
CURVES = pd.DataFrame(
    [
        ("T", "a", "6 h", 0, 1.0, 3.0),
        ("T", "a", "12 h", 1, float("nan"), 3.0),
        ("T", "b", "6 h", 0, 2.0, 3.0),
    ],
    columns=list(curves_module.COLUMNS),
)


def test_each_result_at_its_gain_in_the_panel_of_its_task():
    figure = published_gains(GAINS)
    first, second = figure.axes
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["T", "U"]
    marked = [line for line in first.lines if line.get_marker() not in ("None", "")]
    marks = {(line.get_xdata()[0], line.get_marker()) for line in marked}
    expected = {(30.0, "exceeds"), (2.0, "underpowered")}
    assert marks == {(x, style.VERDICT_MARKS[code].marker) for x, code in expected}
    spans = [tuple(line.get_xdata()) for line in second.lines if len(line.get_xdata()) == 2]
    assert (-12.0, -3.0) in spans
    assert [label.get_text() for label in first.get_yticklabels()] == ["a · one", "a · two"]


def test_curves_leave_out_what_was_not_reported():
    (axes,) = published_curves(CURVES, "budget").axes
    drawn = [list(line.get_ydata()) for line in axes.lines if line.get_marker() in ("o", "s")]
    assert drawn == [[1.0], [2.0]]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["6 h", "12 h"]


@pytest.mark.parametrize("page", style.PAGES.values(), ids=list(style.PAGES))
def test_same_bytes_on_every_page_size_and_no_row_is_said(page):
    first, again = (style.svg(published_gains(GAINS, page=page), "a") for _ in range(2))
    assert first == again
    assert published_gains(GAINS.iloc[:0], page=page).texts[0].get_text() == style.NOTHING
    assert published_curves(CURVES.iloc[:0], "x", page=page).texts[0].get_text() == "no such table"
