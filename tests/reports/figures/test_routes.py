"""The route bars draw what the table says, and survive without colour."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle

from posttrace.reports import style
from posttrace.reports.figures import routes
from posttrace.reports.figures.routes import COLUMNS, LOOKS, SEQUENCES, UNKNOWN_LOOK


def table() -> pd.DataFrame:
    rows = [
        ("house $5 $6", "hybrid", "sft>grpo", 3, 4, 75.0),
        ("house $5 $6", "hybrid", "sft", 1, 4, 25.0),
        ("spell", "copy", "no_train", 2, 2, 100.0),
        ("spell", "tail", "sft", 96, 100, 96.0),
        ("spell", "tail", "unknown", 4, 100, 4.0),
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def axes() -> Axes:
    return routes(table()).axes[0]


def bars(shown: Axes) -> list[Rectangle]:
    return [bar for container in shown.containers for bar in container]


def test_parts_follow_each_other_and_fill_the_bar() -> None:
    spans = [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in bars(axes())]
    # the order of the legend: one stage, sequences, unknown
    assert spans == [(0, 25), (25, 100), (0, 100), (0, 96), (96, 100)]


def test_a_bar_for_each_agent_below_the_name_of_its_task() -> None:
    shown = axes()
    assert [label.get_text() for label in shown.get_yticklabels()] == ["hybrid", "copy", "tail"]
    texts = [text.get_text() for text in shown.texts]
    assert {"house $5 $6", "spell", "n = 4", "n = 2", "n = 100"} <= set(texts)
    heights = shown.get_yticks()
    assert np.diff(heights) == pytest.approx([1.9, 1.0])  # room for the name of the second task


def test_a_part_with_room_is_named_with_its_count() -> None:
    texts = [text.get_text() for text in axes().texts]
    assert {"sft>grpo 3", "sft 1", "no_train 2", "sft 96"} <= set(texts)
    assert "unknown 4" not in texts  # 4 % of the width: the legend has it


def test_the_legend_names_every_route_that_is_there() -> None:
    (legend,) = routes(table()).legends
    assert [text.get_text() for text in legend.get_texts()] == ["no_train", "sft", "sft>grpo", "unknown"]


def test_looks_differ_without_colour_or_without_hatch() -> None:
    looks = [*LOOKS.values(), *SEQUENCES, UNKNOWN_LOOK]
    assert len(set(looks)) == len(looks)
    by_colour = {colour: [look.hatch for look in looks if look.colour == colour] for colour, _ in looks}
    assert all(len(set(hatches)) == len(hatches) for hatches in by_colour.values())
    assert all(to_hex(colour) for colour in by_colour)


def test_same_table_same_bytes() -> None:
    first, again = (style.svg(routes(table()), "routes") for _ in range(2))
    assert first == again


def test_no_submission_is_a_figure_too() -> None:
    assert "no run to show" in [text.get_text() for text in routes(table()[:0]).texts]
