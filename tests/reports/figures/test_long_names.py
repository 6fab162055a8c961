"""Names of any length and script: what a figure says stays on the page, and no title runs into another."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from posttrace.reports import style
from posttrace.reports.figures import forest, routes, trajectories
from posttrace.reports.figures.forest import COLUMNS as FOREST
from posttrace.reports.figures.published_curves import COLUMNS as CURVES
from posttrace.reports.figures.published_curves import published_curves
from posttrace.reports.figures.published_gains import COLUMNS as GAINS
from posttrace.reports.figures.published_gains import published_gains
from posttrace.reports.figures.results import COLUMNS as RESULTS
from posttrace.reports.figures.routes import COLUMNS as ROUTES
from posttrace.reports.figures.trajectories import COLUMNS as TRAJECTORIES
from tests.reports.figures.tables import DRAWN

NAMES = (
    "hierarchical-evolutionary-search-agent · claude-opus-4-5-20251101-thinking",
    "interactive household instruction following (valid unseen) second edition",
    "Иерархический_эволюционный_агент_с_рефлексией_и_поиском_по_дереву",
    "数学推理与多步骤算术（包含单位换算和表格的扩展版本）测试集合第二版以及家务任务",
)
NAMED = {
    *("task", "agent", "agent_label", "configuration", "one", "other", "strategy", "system", "row_label"),
    *("level", "group", "line"),
}


def long(table: pd.DataFrame) -> pd.DataFrame:
    """The table with a long name for each of its names, the same for the same."""
    found: dict[str, str] = {}
    for column in [name for name in table if name in NAMED]:
        for name in dict.fromkeys(table[column]):
            found.setdefault(name, f"{NAMES[len(found) % len(NAMES)]} {len(found)}")
        table = table.assign(**{str(column): table[column].map(found)})
    return table


def runs(tasks: int) -> list[tuple[str, str]]:
    return [(f"task {task}", f"agent {agent}") for task in range(tasks) for agent in range(3)]


def gains(tasks: int) -> pd.DataFrame:
    rows = [(t, a, a, "exceeds", "gain exceeds noise", 9.0, 8.0, 5.0, 12.0) for t, a in runs(tasks)]
    table = long(pd.DataFrame(rows, columns=list(FOREST)))
    return table.assign(run_label=table["agent_label"] + " · seed 1")


def scores(tasks: int) -> pd.DataFrame:
    rows: list[tuple[object, ...]] = []
    for task, agent in runs(tasks):
        head = (task + agent, task, agent, "seed 0", "exceeds")
        rows.append((*head, "baseline", 0, 0.0, 20.0, 5.0, False))
        rows.append((*head, "scored", 1, 2.0, 30.0, np.nan, True))
    return long(pd.DataFrame(rows, columns=list(TRAJECTORIES)))


def shares(tasks: int) -> pd.DataFrame:
    rows = [(task, agent, "sft", 4, 4, 100.0) for task, agent in runs(tasks)]
    return long(pd.DataFrame(rows, columns=list(ROUTES)))


def reported() -> pd.DataFrame:
    rows = [(task, "base", agent, "exceeds", 9.0, 5.0, 12.0) for task, agent in runs(4)]
    return long(pd.DataFrame(rows, columns=list(GAINS)))


def curves() -> pd.DataFrame:
    rows = [(task, agent, f"{at} h", at, 3.0 * at, 2.0) for task, agent in runs(4) for at in (1, 2)]
    return long(pd.DataFrame(rows, columns=list(CURVES)))


SLACK = 5
"""Dots, of 100 an inch: corners of turned text are empty."""
FIGURES: dict[str, Callable[[style.Page], Figure]] = {
    "forest": lambda page: forest(gains(2), delta_eq_pp=2, page=page),
    "forest of many": lambda page: forest(gains(13), delta_eq_pp=2, page=page),
    "trajectories": lambda page: trajectories(scores(4), page=page),
    "routes": lambda page: routes(shares(4), page=page),
    "published gains": lambda page: published_gains(reported(), page=page),
    "published curves": lambda page: published_curves(curves(), "hours", page=page),
}


def drawn(name: str, page: style.Page) -> Figure:
    if name in FIGURES:
        figure = FIGURES[name](page)
    else:
        make: Any
        make, table = DRAWN[name]
        figure = make(long(table()), page=page)
    return style.laid_out(figure)


def texts(figure: Figure) -> list[Text]:
    found = [text for text in figure.findobj(Text) if isinstance(text, Text)]
    return [text for text in found if text.get_visible() and text.get_text().strip()]


@pytest.mark.parametrize("page", ["wide", "neurips"])
@pytest.mark.parametrize("name", [*FIGURES, *DRAWN])
def test_what_is_said_stays_on_the_page(name: str, page: str) -> None:
    figure = drawn(name, style.PAGES[page])
    for text in texts(figure):
        box = text.get_window_extent()
        x, y = (box.x0, box.x1 - figure.bbox.x1), (box.y0, box.y1 - figure.bbox.y1)
        inside = min(x[0], y[0]) > -SLACK and max(x[1], y[1]) < SLACK
        off_axis = text in [label for axes in figure.axes for label in _outside(axes)]
        assert inside or off_axis, text.get_text()


def _outside(axes: Any) -> list[Text]:
    """Labels of ticks beyond the limits, which are not drawn."""
    (x0, x1), (y0, y1) = sorted(axes.get_xlim()), sorted(axes.get_ylim())
    across = [tick for tick in axes.xaxis.get_major_ticks() if not x0 <= tick.get_loc() <= x1]
    upwards = [tick for tick in axes.yaxis.get_major_ticks() if not y0 <= tick.get_loc() <= y1]
    return [label for tick in (*across, *upwards) for label in (tick.label1, tick.label2)]


@pytest.mark.parametrize("name", ["trajectories", "best_of_k", "route_gains", "published curves"])
def test_titles_do_not_run_into_each_other(name: str) -> None:
    figure = drawn(name, style.PAGES["neurips"])
    named = [axes for axes in figure.axes if axes.get_title(loc="left")]
    boxes = [axes._left_title.get_window_extent() for axes in named]  # type: ignore[attr-defined]
    assert len(boxes) > 1
    for one, other in pairwise(boxes):
        assert not one.overlaps(other)


def test_tasks_that_are_too_many_for_columns_stand_in_rows() -> None:
    make: Any
    make, _ = DRAWN["results"]
    rows = [(t, a, 9.0, 8.0, 10.0, "t interval", 1, "exceeds") for t, a in runs(9)]
    columns = list(RESULTS)
    axes = make(pd.DataFrame(rows, columns=columns)).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == [f"task {i}" for i in range(9)]
    assert [label.get_text() for label in axes.get_xticklabels()] == [f"agent {i}" for i in range(3)]
    few = make(pd.DataFrame(rows[:24], columns=columns)).axes[0]  # eight tasks
    assert [label.get_text() for label in few.get_xticklabels()] == [f"task {i}" for i in range(8)]
