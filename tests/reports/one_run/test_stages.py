"""Stages cut the whole time without gap or overlap, by the first rule that applies."""

from __future__ import annotations

from itertools import pairwise

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from posttrace.reports.one_run.stages import STAGES, partition, stage_table

TIMES = st.floats(-10, 130, allow_nan=False)
SPANS = st.lists(
    st.tuples(TIMES, TIMES, st.sampled_from(["evaluate", "train", "code", "explore"])), max_size=12
)


@given(SPANS, st.floats(0.5, 100))
def test_every_moment_belongs_to_the_first_stage_that_covers_it(spans, end):
    pieces = list(partition(spans, end))
    assert pieces[0][0] == 0
    assert pieces[-1][1] == end
    assert all(a[1] == b[0] and a[2] != b[2] for a, b in pairwise(pieces))
    for low, high, stage in pieces:
        middle = (low + high) / 2
        covering = {name for a, b, name in spans if a <= middle < b}
        # within a piece the set may change, its first member may not
        expected = next((name for name in STAGES if name in covering), "idle")
        assert stage == expected


def test_a_run_worked_out_by_hand():
    spans = [(0, 10, "explore"), (4, 30, "train"), (20, 25, "evaluate"), (25, 40, "code"), (60, 70, "code")]
    assert list(partition(spans, 50)) == [
        (0.0, 4, "explore"),
        (4, 20, "train"),
        (20, 25, "evaluate"),
        (25, 30, "train"),
        (30, 40, "code"),
        (40, 50, "idle"),
    ]


def test_shares_add_up_and_no_times_is_said():
    spans = pd.DataFrame([(0.0, 30.0, "train"), (30.0, 40.0, "idle")], columns=["start_s", "end_s", "stage"])
    table = stage_table(spans)
    assert table.rows.set_index("stage")["share_pct"].to_dict() == pytest.approx(
        {"evaluate": 0, "train": 75, "code": 0, "explore": 0, "idle": 25}
    )
    empty = stage_table(spans.iloc[:0])
    assert empty.cells.empty
    assert empty.markdown() == "*The trace has no times.*"
