"""Which runs a report is about."""

from __future__ import annotations

import pytest

from posttrace.reports.runs.cohort import chosen
from posttrace.traces.errors import InputError


def test_runs_by_values_of_their_columns(traces):
    assert chosen(traces, {}) == traces
    found = chosen(traces, {"task": ("spell",), "seed": ("0",), "agent": ("sft", "crash")})
    assert sorted(run.started.agent.id for run in found.records) == ["crash", "sft"]


@pytest.mark.parametrize(
    ("where", "says"),
    [
        ({"taks": ("spell",)}, "where taks: runs have no such column; there are run_id"),
        ({"task": ("spel",)}, "where task=spel: no run has it; there is house, spell"),
        ({"task": ("house",), "agent": ("crash",)}, "no run has all of these values together"),
    ],
)
def test_mistakes_are_said(traces, where, says):
    with pytest.raises(InputError, match=says):
        chosen(traces, where)
