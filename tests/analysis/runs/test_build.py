"""A chain that holds can still carry a record that contradicts itself: which score belongs to what?"""

from __future__ import annotations

from pathlib import Path

import pytest

import posttrace as pt
from posttrace.traces.events import Event, Items
from tests.analysis.written import baseline, finished, graded, items, received, rescored, started, write

UNEVEN = Items(ids=["a", "b"], values=[1.0])
UNEVEN_CLUSTERS = Items(ids=["a", "b"], values=[1.0, 0.0], clusters=["x"])

CONTRADICTIONS: dict[str, tuple[list[Event], str]] = {
    "second start": ([started(), started()], ":2: the run starts a second time"),
    "received twice": ([started(), received(1), received(1)], ":3: submission 1 was received before"),
    "graded twice": (
        [started(), received(1), graded(1, 50.0), graded(1, 60.0)],
        ":4: submission 1 was graded before",
    ),
    "never received": ([started(), graded(1, 50.0)], ":2: submission 1 was never received"),
    "rescored, never received": ([started(), rescored(1, 50.0)], ":2: submission 1 was never received"),
    "no score": ([started(), received(1), graded(1, None)], ":3: the status graded needs a score"),
    "uneven values": ([started(), baseline(1.0, UNEVEN)], ":2: ids, values and clusters of items differ"),
    "uneven clusters": (
        [started(), received(1), graded(1, 1.0, UNEVEN_CLUSTERS)],
        ":3: ids, values and clusters of items differ",
    ),
    "scale 0": ([started(scale_max=0.0), baseline(1.0)], "task.scale_max is 0.0; it must be positive"),
    "negative scale": ([started(scale_max=-1.0)], "task.scale_max is -1.0; it must be positive"),
}


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_a_contradiction_excludes_the_run_and_names_its_line(tmp_path: Path, name: str) -> None:
    events, reason = CONTRADICTIONS[name]
    write(tmp_path / "bad", *events, finished())
    write(tmp_path / "good", started(seed=1), finished())
    traces = pt.load(tmp_path)
    assert [run.run_id for run in traces.records] == ["c-s1-a1"]
    (left_out,) = traces.excluded
    assert left_out.state == "invalid"
    assert left_out.reason.startswith(str(tmp_path / "bad"))
    assert reason in left_out.reason
    assert "\n" not in left_out.reason


def test_no_items_and_empty_items_are_different(tmp_path: Path) -> None:
    write(tmp_path / "r", started(), baseline(1.0), baseline(1.0, items(), replicate=1))
    without, empty = pt.load(tmp_path).records[0].baseline
    assert (without.item_ids, without.values) == (None, None)
    assert empty.item_ids == ()
    assert empty.values is not None
    assert empty.values.shape == (0,)
