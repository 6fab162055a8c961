"""The timeline draws every event of the run where and as what it was."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from posttrace.reports import style
from posttrace.reports.figures import timeline
from posttrace.reports.figures.timeline import COLUMNS, COMMANDS, MAX_ROWS

Row = tuple[object, ...]


def submission(number: int, start: float, score: float, route: str) -> Row:
    return ("submission", "score", "scored", start, np.nan, score, route, number)


def command(script: str, kind: str, start: float, end: float) -> Row:
    return ("command", script, kind, start, end, np.nan, None, None)


ROWS: list[Row] = [
    ("submission", "score", "baseline", 0, np.nan, 20.0, None, 0),
    submission(1, 60, 30.0, "sft"),
    submission(2, 90, np.nan, "unknown"),
    submission(3, 150, 45.0, "sft>grpo $x$"),
    command("sft.py", "ended", 10, 58),
    command("grpo.py", "no_model", 62, 64),
    command("grpo.py", "failed", 70, 80),
    command("grpo.py", "unfinished", 100, np.nan),
    ("revision", "code", "launch", 61, np.nan, np.nan, "+70 −0", None),
    ("model", "output/a", "written", 59, np.nan, np.nan, None, None),
    ("model", "output/b", "base", 149, np.nan, np.nan, None, None),
]


def table(rows: list[Row] | None = None) -> pd.DataFrame:
    made = pd.DataFrame(ROWS if rows is None else rows, columns=list(COLUMNS))
    numbers = ["start_s", "end_s", "score_pct"]
    made[numbers] = made[numbers].astype("float64")
    return made.astype({"submission_id": "Int64"})


def panels(rows: list[Row] | None = None) -> tuple[Axes, Axes]:
    upper, lower = timeline(table(rows)).axes
    return upper, lower


def bars(axes: Axes) -> list[Rectangle]:
    return [bar for container in axes.containers for bar in container]


def texts(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


def names(axes: Axes) -> list[str]:
    return [label.get_text() for label in axes.get_yticklabels()]


def test_each_submission_stands_at_its_time_with_its_number() -> None:
    upper, _ = panels()
    assert texts(upper) == ["1", "2", "3"]
    (dots,) = [line for line in upper.lines if line.get_marker() == "o"]
    assert np.asarray(dots.get_xydata()).tolist() == [[60, 30], [150, 45]]


def test_what_has_no_score_is_on_the_floor() -> None:
    upper, _ = panels()
    (cross,) = [line for line in upper.lines if line.get_marker() == "x"]
    assert cross.get_transform() == upper.get_xaxis_transform()
    assert np.asarray(cross.get_xdata()).tolist() == [90]


def test_a_lane_for_each_route_script_and_folder_in_their_order() -> None:
    _, lower = panels()
    routes = ["route sft", "route unknown", "route sft>grpo $x$"]
    assert names(lower) == [*routes, "sft.py", "grpo.py", "code", "output/a", "output/b"]
    assert texts(lower) == ["+70 −0"]
    points = [(line.get_marker(), np.asarray(line.get_xydata())) for line in lower.lines]
    marks = {(marker, *at[0].tolist()) for marker, at in points if len(at) == 1}
    assert {("o", 60, 0), ("x", 90, 1), ("o", 150, 2), ("|", 61, 5), ("D", 59, 6)} <= marks


def dense() -> list[Row]:
    """Thirty submissions of half a day, most of them close to others, and a change before each."""
    rng = np.random.default_rng(0)
    rows = [
        submission(i + 1, 1200.0 * (i // 3 + rng.random()), 20 + 10 * rng.random(), "sft") for i in range(30)
    ]
    changes: list[Row] = [
        ("revision", "code", "watch", float(str(row[3])) - 5, np.nan, np.nan, "+100 −20", None)
        for row in rows
    ]
    alone: Row = ("revision", "code", "watch", 30_000, np.nan, np.nan, "+7 −7", None)
    return [*rows, *changes, alone]


@pytest.mark.parametrize("page", style.PAGES.values(), ids=style.PAGES)
def test_no_text_lies_on_another_or_outside(page: style.Page) -> None:
    figure = timeline(table(dense()), page=page)
    assert figure.get_figwidth() == page.width_in
    figure.draw_without_rendering()
    upper, lower = figure.axes
    for axes, least in ((upper, 15), (lower, 1)):  # of 30 numbers many have room, and the last change
        assert len(axes.texts) >= least
        boxes = [text.get_window_extent() for text in axes.texts]
        assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
        assert all(axes.get_window_extent().x0 <= box.x0 and box.x1 <= figure.bbox.x1 for box in boxes)
    sizes = [float(text.get_fontsize()) for axes in figure.axes for text in axes.texts]
    assert min(sizes) >= 6


def test_the_legend_lists_what_is_drawn_and_nothing_else() -> None:
    def said(rows: list[Row] | None = None) -> set[str]:
        return {text.get_text() for legend in timeline(table(rows)).legends for text in legend.get_texts()}

    assert {"baseline", "submission without a score", "copy of the base", "failed command"} <= said()
    assert said([submission(1, 60, 30.0, "sft")]) == {"submission: number"}
    assert said([submission(1, 60, np.nan, "sft")]) == {"submission without a score"}
    assert said([command("a.py", "ended", 0, 9)]) == {"command"}


def test_a_long_name_keeps_its_end() -> None:
    _, lower = panels([command("deep/" * 9 + "train.py", "ended", 0, 9)])
    # 26 letters: the sign and the last 25
    assert names(lower) == ["…p/deep/deep/deep/train.py"]


def test_bars_last_as_long_as_commands_and_look_as_they_ended() -> None:
    _, lower = panels()
    assert [bar.get_x() for bar in bars(lower)] == pytest.approx([10, 62, 70, 100])
    assert [bar.get_width() for bar in bars(lower)] == pytest.approx([48, 2, 10, 50])  # the last to the end
    assert [bar.get_hatch() for bar in bars(lower)] == [None, None, COMMANDS["failed"]["hatch"], None]
    hollow = bars(lower)[1]
    assert hollow.get_facecolor()[:3] == (1, 1, 1)


def test_a_short_command_is_still_seen() -> None:
    _, lower = panels([command("a.py", "ended", 0, 1e6), command("a.py", "no_model", 10, 10.1)])
    assert bars(lower)[1].get_width() > 0.001 * bars(lower)[0].get_width()


@pytest.mark.parametrize(("end", "unit"), [(100, "seconds"), (1000, "minutes"), (40_000, "hours")])
def test_the_clock_fits_the_run(end: float, unit: str) -> None:
    _, lower = panels([command("a.py", "ended", 0, end)])
    assert lower.get_xlabel() == f"{unit} since the start"
    _, lower = panels([submission(1, end, 30.0, "sft")])
    assert lower.get_xlabel() == f"{unit} since the start (dotted: submissions)"


def test_many_scripts_share_the_last_line() -> None:
    _, lower = panels([command(f"{i}.py", "ended", i, i + 1) for i in range(12)])
    assert names(lower) == [*(f"{i}.py" for i in range(MAX_ROWS - 1)), "5 other commands"]


def test_same_table_same_bytes() -> None:
    first, again = (style.svg(timeline(table()), "timeline") for _ in range(2))
    assert first == again


def test_no_event_is_a_figure_too() -> None:
    assert "no run to show" in [text.get_text() for text in timeline(table([])).texts]
