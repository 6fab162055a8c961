"""The forest plot draws what the table says."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.text import Text

from posttrace.analysis.audit.wording import Code
from posttrace.reports import style
from posttrace.reports.figures import forest
from posttrace.reports.figures.forest import COLUMNS, MAX_LINES


def table() -> pd.DataFrame:
    nothing = (np.nan,) * 4
    rows = [
        (
            "spell",
            "sft",
            "sft · seed 0",
            "exceeds",
            "gain exceeds noise (single run)",
            25.0,
            24.0,
            18.0,
            31.0,
        ),
        ("spell", "crash", "crash · seed 0", "invalid", "invalid: no scored submission", *nothing),
        ("house $5 $6", "sft", "sft · seed 0", "within_noise", "within noise", 1.0, 0.2, np.nan, 3.0),
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def axes() -> Axes:
    return forest(table(), delta_eq_pp=2).axes[0]


def across(line: Line2D) -> tuple[float, ...]:
    return tuple(np.asarray(line.get_xdata()).tolist())


def points(marker: str) -> list[tuple[float, ...]]:
    return [across(line) for line in axes().lines if line.get_marker() == marker]


def test_reported_gain_is_a_hollow_circle_for_each_run() -> None:
    hollow = [line for line in axes().lines if line.get_markerfacecolor() == "none"]
    assert [across(line)[0] for line in hollow] == pytest.approx([25.0, np.nan, 1.0], nan_ok=True)


def said(rows: pd.DataFrame) -> set[str]:
    return {text.get_text() for legend in forest(rows, delta_eq_pp=2).legends for text in legend.get_texts()}


@pytest.mark.parametrize("times", [1, 20])
def test_what_could_not_be_corrected_is_marked_as_reported_and_the_legend_knows(times: int) -> None:
    strip = "±2 pp: too small to matter"
    rows = pd.concat([table()] * times, ignore_index=True)  # alone, and side by side
    assert {"gain, corrected for selection", "lower to upper bound", strip} <= said(rows)
    printed = rows.assign(corrected_gain_pp=np.nan)
    assert {"gain as reported", strip} <= said(printed)
    assert "gain, corrected for selection" not in said(printed)
    figure = forest(printed, delta_eq_pp=2)
    marks = {across(line) for one in figure.axes for line in one.lines if line.get_marker() == "^"}
    assert marks == {(25.0,)}
    assert "lower to upper bound" not in said(printed.assign(lcb_pp=np.nan, ucb_pp=np.nan))


def test_corrected_gain_has_the_mark_of_its_verdict() -> None:
    assert points("^") == [(24.0,)]  # the mark of exceeds
    exceeds = next(line for line in axes().lines if line.get_marker() == "^")
    assert exceeds.get_color() == style.VERDICT_MARKS["exceeds"].colour


def test_bounds_end_the_bar_and_an_undefined_bound_has_no_end() -> None:
    assert points("|") == [(18.0, 31.0), (3.0,)]
    bars = [across(line) for line in axes().lines if line.get_linewidth() == 1.6]
    assert bars == [(18.0, 31.0), (0.2, 3.0)]  # from the smallest thing known to the bound


def test_strip_of_gains_too_small_to_matter() -> None:
    strip = axes().patches[0].get_extents().transformed(axes().transData.inverted())
    assert (strip.x0, strip.x1) == pytest.approx((-2, 2))


def test_rows_are_named_and_every_verdict_is_printed() -> None:
    assert [label.get_text() for label in axes().get_yticklabels()] == list(table()["run_label"])
    texts = [text.get_text() for text in axes().texts]
    assert set(table()["label"]) <= set(texts)
    assert "house $5 $6" in texts  # as it is, not as a formula


def test_same_table_same_bytes() -> None:
    first, again = (style.svg(forest(table(), delta_eq_pp=2), "forest") for _ in range(2))
    assert first == again
    assert "<dc:date>" not in first


def test_no_run_is_a_figure_too() -> None:
    assert "no run to show" in [text.get_text() for text in forest(table()[:0], delta_eq_pp=2).texts]


def test_every_verdict_has_a_mark_of_its_own() -> None:
    marks = style.VERDICT_MARKS
    assert set(marks) == set(get_args(Code))
    assert (
        len({mark.symbol for mark in marks.values()})
        == len({(mark.marker, mark.hollow) for mark in marks.values()})
        == len(marks)
    )


def many() -> pd.DataFrame:
    """Three tasks, four agents and five seeds; the gain of a run tells which it is."""
    rows = [
        (task, agent, f"{agent} · seed {seed}", "exceeds", "x", 10.0 * t + a + seed / 10, 5.0, 4.0, 6.0)
        for t, task in enumerate(("house", "spell", "style"))
        for a, agent in enumerate(("copy", "grpo", "rft", "sft"))
        for seed in range(5)
    ]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    copies = table["agent_label"] == "copy"
    table.loc[copies, ["reported_gain_pp", "corrected_gain_pp", "lcb_pp", "ucb_pp"]] = np.nan
    return table.assign(verdict=table["verdict"].mask(copies, "invalid"))


def titles(table: pd.DataFrame) -> list[Text]:
    figure = forest(table, delta_eq_pp=2, page=style.PAGES["neurips"])
    figure.draw_without_rendering()
    return [
        title
        for axes in figure.axes
        for title in axes.findobj(Text)
        if title.get_text() in set(table["task"])
    ]


def test_titles_that_would_run_into_each_other_are_turned() -> None:
    # 30 agents leave room for one row of panels, two for each of three tasks
    agents = pd.concat([many().assign(agent_label=f"agent {i}") for i in range(30)])
    twice = pd.concat([agents, agents.assign(task="a much longer name than " + agents["task"])])
    boxes = [title.get_window_extent() for title in titles(agents)]
    assert not any(one.overlaps(other) for i, one in enumerate(boxes) for other in boxes[:i])
    assert {title.get_rotation() for title in titles(agents)} == {0.0}
    assert {title.get_rotation() for title in titles(twice)} == {35.0}


def test_many_runs_stand_side_by_side_by_task() -> None:
    assert len(many()) > MAX_LINES
    figure = forest(many(), delta_eq_pp=2)
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["house", "spell", "style"]
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["copy", "grpo", "rft", "sft"]
    for t, axes in enumerate(figure.axes):
        hollow = [line for line in axes.lines if line.get_markerfacecolor() == "none"]
        gains = [across(line)[0] for line in hollow]
        expected = [10 * t + a + seed / 10 for a in (1, 2, 3) for seed in range(5)]
        assert [gain for gain in gains if np.isfinite(gain)] == pytest.approx(expected)
        heights = [np.asarray(line.get_ydata())[0] for line in hollow]
        assert heights == sorted(heights)
        assert len(set(heights)) == 20


def test_a_run_without_a_gain_is_a_mark_that_no_gain_can_be_read_from() -> None:
    for axes in forest(many(), delta_eq_pp=2).axes:
        at_edge = [line for line in axes.lines if line.get_transform() == axes.get_yaxis_transform()]
        marks = [line for line in at_edge if line.get_marker() == style.VERDICT_MARKS["invalid"].marker]
        assert len(marks) == 5


def test_the_legend_of_many_runs_names_their_verdicts() -> None:
    (legend,) = forest(many(), delta_eq_pp=2).legends
    assert {"exceeds", "invalid"} <= {text.get_text() for text in legend.get_texts()}
