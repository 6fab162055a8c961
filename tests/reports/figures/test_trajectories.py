"""The trajectories draw every submission as what it was."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from posttrace.reports import style
from posttrace.reports.figures import trajectories
from posttrace.reports.figures.trajectories import COLUMNS


def rows(run: str, task: str, agent: str, seed: int, scores: list[float | str]) -> list[tuple[object, ...]]:
    """A baseline of 20 ± 5 and then one submission a score, or a word for one without; the largest wins."""
    best = max((s for s in scores if isinstance(s, float)), default=None)
    head = (run, task, agent, f"seed {seed}", "exceeds")
    found: list[tuple[object, ...]] = [(*head, "baseline", 0, 0.0, 20.0, 5.0, False)]
    for i, score in enumerate(scores, start=1):
        if isinstance(score, str):
            found.append((*head, score, i, 2.0 * i, np.nan, np.nan, False))
        else:
            found.append((*head, "scored", i, 2.0 * i, score, np.nan, score == best))
    return found


def table(*runs: list[tuple[object, ...]]) -> pd.DataFrame:
    return pd.DataFrame([row for run in runs for row in run], columns=list(COLUMNS))


def one() -> pd.DataFrame:
    return table(rows("a", "spell", "sft", 0, [22.0, "failed", 30.0, "duplicate", 25.0]))


def xy(line: Line2D) -> tuple[list[float], list[float]]:
    return np.asarray(line.get_xdata()).tolist(), np.asarray(line.get_ydata()).tolist()


def lines(axes: Axes, marker: str) -> list[tuple[list[float], list[float]]]:
    found = [xy(line) for line in axes.lines if line.get_marker() == marker]
    return [(x, y) for x, y in found if x]


def test_scores_stand_at_their_submission() -> None:
    assert lines(trajectories(one()).axes[0], "o") == [([1, 3, 5], [22.0, 30.0, 25.0])]


def test_what_has_no_score_is_a_mark_on_the_floor_and_never_zero() -> None:
    axes = trajectories(one()).axes[0]
    for marker, place in (("x", 2), ("|", 4)):
        (mark,) = [line for line in axes.lines if line.get_marker() == marker]
        assert xy(mark)[0] == [place]
        assert mark.get_transform() == axes.get_xaxis_transform()  # its height is no score
    low, _ = axes.get_ylim()
    data = [y for line in axes.lines if line.get_transform() == axes.transData for y in xy(line)[1]]
    assert min(data) == 20.0
    floor = low + 0.22 * (axes.get_ylim()[1] - low) / 1.32  # limits: 0.22 of the span below, 0.10 above
    assert floor == pytest.approx(15.0)  # lower end of the band: every score and the band lie above the floor


def test_best_so_far_starts_at_the_baseline_and_lasts_to_the_last_submission() -> None:
    (steps,) = [line for line in trajectories(one()).axes[0].lines if line.get_drawstyle() == "steps-post"]
    assert xy(steps) == ([0, 1, 3, 5, 5], [20.0, 22.0, 30.0, 30.0, 30.0])


def test_best_carries_the_mark_of_the_verdict() -> None:
    axes = trajectories(one()).axes[0]
    assert lines(axes, style.VERDICT_MARKS["exceeds"].marker) == [([3], [30.0])]


def test_band_is_the_noise_of_one_scoring_of_the_baseline() -> None:
    axes = trajectories(one()).axes[0]
    band = axes.patches[0].get_extents().transformed(axes.transData.inverted())
    assert (band.y0, band.y1) == pytest.approx((15.0, 25.0))


def test_time_can_be_the_axis() -> None:
    assert lines(trajectories(one(), x="elapsed_min").axes[0], "o") == [([2, 6, 10], [22.0, 30.0, 25.0])]


def test_a_panel_for_each_task_and_agent_and_one_colour_for_each_seed() -> None:
    figure = trajectories(
        table(
            rows("a", "spell", "sft", 0, [22.0]),
            rows("b", "spell", "sft", 1, [23.0]),
            rows("c", "house", "grpo", 1, [24.0]),
        )
    )
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["spell · sft", "house · grpo"]
    spell, house = ([line.get_color() for line in a.lines if line.get_marker() == "o"] for a in figure.axes)
    first, second = (c for c in dict.fromkeys(spell))
    assert first != second
    assert set(house) == {second}  # seed 1 keeps its colour in another panel


def test_rows_of_panels_wrap() -> None:
    figure = trajectories(table(*(rows(f"r{i}", "spell", f"agent-{i}", 0, [22.0]) for i in range(7))))
    figure.draw_without_rendering()
    starts = [axes.get_position().y0 for axes in figure.axes]
    assert len(set(starts[:4])) == len(set(starts[4:])) == 1  # 7 panels: 4 and 3, not 5 and 2
    assert starts[4] < starts[0]


def test_a_run_without_any_score_keeps_its_panel() -> None:
    axes = trajectories(table(rows("a", "spell", "crash", 0, ["failed", "failed"]))).axes[0]
    assert lines(axes, "x") == [([1, 2], [0.04, 0.04])]


def test_no_run_is_a_figure_too() -> None:
    assert "no run to show" in [text.get_text() for text in trajectories(table()).texts]


def test_same_table_same_bytes() -> None:
    first, again = (style.svg(trajectories(one()), "trajectories") for _ in range(2))
    assert first == again


def test_a_task_without_any_score_stands_beside_one_with_scores() -> None:
    both = table(rows("a", "spell", "sft", 0, [22.0, 30.0]), rows("b", "house", "sft", 0, ["failed"]))
    both.loc[both["task"] == "house", ["score_pct", "noise_pp"]] = np.nan
    figure = trajectories(both)
    # no score: the whole scale from 0 to 100, with 22 % of it below and 10 % above
    assert sorted(axes.get_ylim()[1] == pytest.approx(110.0) for axes in figure.axes) == [False, True]
    assert min(axes.get_ylim()[0] for axes in figure.axes) == pytest.approx(-22.0)


def test_runs_without_submissions_have_an_axis_and_no_keys_of_submissions() -> None:
    figure = trajectories(table(rows("a", "spell", "sft", 0, [])), x="elapsed_min")
    assert figure.axes[0].get_xlim() == (0, 1)  # not a tenth of a minute about 0
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        "baseline",
        "95 % noise of one scoring",
    ]
