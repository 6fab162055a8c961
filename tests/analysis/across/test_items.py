from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from posttrace.analysis.across.items import other_items
from posttrace.analysis.across.runs import StudySettings
from posttrace.analysis.audit.audit import AuditSettings, audit
from posttrace.analysis.stats.across.hierarchical import BetweenRuns
from tests.analysis.inmemory import Start, Traces, evaluation, run_of

SETTINGS = StudySettings(resamples=2000)
ITEMS = 120


def confirmed(cell: str, seed: int, hit: float, sealed: bool = True, clusters: bool = False):
    """A run of one submission, also scored on sealed items: .4 of them right before, then ``hit`` of all."""
    rng = np.random.default_rng([seed, len(cell), ord(cell[-1])])
    shared = np.random.default_rng(99)
    base = (shared.random(ITEMS) < 0.4).astype(float)
    ours = np.maximum(base, (rng.random(ITEMS) < hit).astype(float))
    made = run_of(base[None], ours[:, None], Start(run_id=f"{cell}-s{seed}-a1", cell_id=cell, seed=seed))
    if not sealed:
        return made
    names = tuple(f"c{i % 12}" for i in range(ITEMS)) if clusters else None
    (first,) = made.submissions
    later = evaluation(ours, split="sealed", clusters=names)
    again = evaluation(base, split="sealed", clusters=names)
    return replace(made, submissions=(replace(first, rescored=(later,)),), baseline_rescored=(again,))


def told(runs):
    traces = Traces(tuple(runs))
    result = audit(traces, AuditSettings(resamples=199))
    return result, other_items(result, traces, SETTINGS).set_index(["cell_id", "other"])


def test_items_add_to_the_interval_of_the_runs():
    result, frame = told(
        confirmed(cell, s, hit) for cell, hit in (("c0", 0.4), ("c1", 0.7)) for s in range(5)
    )
    for cell in ("c0", "c1"):
        gains = np.array([row.corrected_gain for row in result.runs if row.cell_id == cell])
        row, runs = frame.loc[(cell, "")], BetweenRuns()(gains)
        assert row["gain"] == pytest.approx(gains.mean())
        assert (row["runs"], row["items"], row["reason"]) == (5, ITEMS, "")
        assert row["high"] - row["low"] > runs.high - runs.low
    difference = frame.loc[("c0", "c1")]
    assert difference["gain"] == pytest.approx(frame.loc[("c0", ""), "gain"] - frame.loc[("c1", ""), "gain"])
    assert difference["high"] < 0


def test_winners_picked_on_the_items_are_not_resampled():
    _, frame = told([*(confirmed("c0", s, 0.5, sealed=False) for s in range(5)), confirmed("c1", 0, 0.5)])
    assert frame.loc[("c0", ""), "reason"] == "0 of 5 runs: no items that no selection saw"
    assert frame.loc[("c1", ""), "reason"] == "1 of 1 runs: 5 are needed"
    assert frame[["gain", "low", "high"]].isna().all(axis=None)


def test_clusters_of_items_are_not_taken_for_items():
    _, frame = told(confirmed("c0", s, 0.5, clusters=True) for s in range(5))
    assert frame.loc[("c0", ""), "reason"] == "0 of 5 runs: items come in clusters"


def test_a_run_whose_trace_is_missing_is_named():
    runs = [confirmed("c0", s, 0.5) for s in range(5)]
    result, _ = told(runs)
    frame = other_items(result, Traces(tuple(runs[:3])), SETTINGS)
    assert frame["reason"].tolist() == ["3 of 5 runs: trace not given"]


def test_the_same_seed_gives_the_same():
    runs = [confirmed("c0", s, 0.5) for s in range(5)]
    assert told(runs)[1].equals(told(runs)[1])
