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


def test_each_submission_stands_at_its_time_with_number_and_route() -> None:
    upper, _ = panels()
    assert texts(upper) == ["1 · sft", "2 · unknown", "3 · sft>grpo $x$"]
    (dots,) = [line for line in upper.lines if line.get_marker() == "o"]
    assert np.asarray(dots.get_xydata()).tolist() == [[60, 30], [150, 45]]


def test_what_has_no_score_is_on_the_floor() -> None:
    upper, _ = panels()
    (cross,) = [line for line in upper.lines if line.get_marker() == "x"]
    assert cross.get_transform() == upper.get_xaxis_transform()
    assert np.asarray(cross.get_xdata()).tolist() == [90]


def test_a_line_for_each_script_and_folder_in_their_order() -> None:
    _, lower = panels()
    names = [text for text in texts(lower) if text != "+70 −0"]
    assert names == ["sft.py", "grpo.py", "code", "output/a", "output/b"]


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


def test_many_scripts_share_the_last_line() -> None:
    _, lower = panels([command(f"{i}.py", "ended", i, i + 1) for i in range(12)])
    assert texts(lower) == [*(f"{i}.py" for i in range(MAX_ROWS - 1)), "5 other commands"]


def test_same_table_same_bytes() -> None:
    first, again = (style.svg(timeline(table()), "timeline") for _ in range(2))
    assert first == again


def test_no_event_is_a_figure_too() -> None:
    assert "no run to show" in [text.get_text() for text in timeline(table([])).texts]
