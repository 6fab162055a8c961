"""The table of items against what was written."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import posttrace as pt
from tests.analysis.written import (
    baseline,
    graded,
    items,
    known,
    received,
    rescored,
    started,
    write,
    write_rescore,
)


def test_rows_of_items(tmp_path: Path) -> None:
    head = write(
        tmp_path / "r",
        started(),
        baseline(50.0, items(100.0, 0.0, clusters=["x", "y"]), replicate=1),
        received(1),
        graded(1, 50.0, items(None, 50.0)),
    )
    write_rescore(tmp_path / "r", 1, head, rescored("baseline", 0.0, items(0.0)))
    table = pt.load(tmp_path).items
    run = {"run_id": "c-s0-a1"}
    feedback, base = {**run, "split": "feedback"}, {"source": "baseline", "replicate": 1}
    first = {**feedback, "source": "submission", "submission_id": 1, "replicate": 0}
    assert [known(row) for _, row in table.iterrows()] == [
        {**feedback, **base, "item_id": "i0", "value": 1.0, "cluster": "x", "lost": False},
        {**feedback, **base, "item_id": "i1", "value": 0.0, "cluster": "y", "lost": False},
        {**first, "item_id": "i0", "lost": True},
        {**first, "item_id": "i1", "value": 0.5, "lost": False},
        {
            **run,
            "split": "fresh",
            "source": "rescore",
            "replicate": 0,
            "item_id": "i0",
            "value": 0.0,
            "lost": False,
        },
    ]


VALUES = st.lists(st.sampled_from([0.0, 100.0, 37.5, None]), max_size=4)


@settings(max_examples=25, deadline=None)
@given(st.lists(VALUES, max_size=5))
def test_item_rows_are_the_values_written(
    tmp_path_factory: pytest.TempPathFactory, columns: list[list[float | None]]
) -> None:
    folder = tmp_path_factory.mktemp("items") / "r"
    events = [e for n, c in enumerate(columns, 1) for e in (received(n), graded(n, 0.0, items(*c)))]
    write(folder, started(), *events)
    table = pt.load(folder).items
    written = [(n, f"i{i}", v) for n, column in enumerate(columns, 1) for i, v in enumerate(column)]
    assert table["submission_id"].tolist() == [n for n, _, _ in written]
    assert table["item_id"].tolist() == [item for _, item, _ in written]
    expected = [math.nan if value is None else value / 100 for _, _, value in written]
    np.testing.assert_array_equal(table["value"], expected)
    assert table["lost"].tolist() == [value is None for _, _, value in written]
