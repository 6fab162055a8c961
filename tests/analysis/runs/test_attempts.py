"""Which attempt counts: derived from the retry policy, and from its words for any set of attempts."""

from __future__ import annotations

import random
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

import posttrace as pt
from posttrace.analysis.runs.attempts import settle
from posttrace.analysis.runs.records import RunRecord
from posttrace.traces.events import RunStatus
from tests.analysis.inmemory import Start, record
from tests.analysis.written import finished, started, write

STATUSES: list[RunStatus] = ["completed", "agent_failed", "timed_out", "interrupted", "infrastructure_failed"]


def attempt(number: int, status: RunStatus, seed: int | None = 0, ts: str | None = None) -> RunRecord:
    run = record([], [], Start(run_id=f"c0-s{seed}-a{number}"), status=status, path=f"{seed}/{number}/{ts}")
    run.started.attempt, run.started.seed, run.started.ts = number, seed, ts
    return run


def test_the_first_final_attempt_counts(tmp_path: Path) -> None:
    write(tmp_path / "1", started(attempt=1), finished("interrupted"))
    write(tmp_path / "2", started(attempt=2), finished("agent_failed"))
    write(tmp_path / "3", started(attempt=3), finished("completed"))
    write(tmp_path / "4", started(seed=1))
    write(tmp_path / "5", started(seed=2), finished("infrastructure_failed"))
    traces = pt.load(tmp_path)
    states = ["interrupted", "final", "superseded", "interrupted", "infrastructure_failed"]
    assert traces.runs["state"].tolist() == states
    assert [run.status for run in traces.final] == ["agent_failed"]  # a failure is an outcome
    left_out = {Path(e.path).parent.name: (e.state, e.reason) for e in traces.excluded}
    assert left_out["1"] == ("interrupted", "interrupted")
    assert left_out["3"] == ("superseded", f"{tmp_path / '2' / 'trace.jsonl'} is the first final attempt")
    assert left_out["4"] == ("interrupted", "no run.finished")
    assert left_out["5"] == ("infrastructure_failed", "the infrastructure failed")


def test_of_equal_attempts_in_two_experiments_the_earlier_start_counts() -> None:
    late, early = (attempt(1, "completed", ts=f"2026-01-0{day}T00:00:00.000000Z") for day in (2, 1))
    assert [run.state for run in settle([late, early])] == ["superseded", "final"]


def test_a_wall_clock_that_went_back_does_not_reorder_attempts() -> None:
    runs = [attempt(1, "completed", ts="2026-01-02T00:00:00.000000Z")]
    runs.append(attempt(2, "completed", ts="2026-01-01T00:00:00.000000Z"))
    assert [run.state for run in settle(runs)] == ["final", "superseded"]


def test_runs_with_an_unknown_seed_are_no_attempts_at_one_seed() -> None:
    runs = [attempt(number, "completed", seed=None) for number in (1, 2)]
    assert [run.state for run in settle(runs)] == ["final", "final"]


@given(st.lists(st.tuples(st.integers(0, 2), st.sampled_from(STATUSES)), max_size=12), st.randoms())
def test_one_final_run_a_seed_whatever_the_order(
    outcomes: list[tuple[int, RunStatus]], order: random.Random
) -> None:
    runs = [attempt(number, status, seed) for number, (seed, status) in enumerate(outcomes)]
    shuffled = order.sample(runs, len(runs))
    settled = settle(shuffled)
    assert [run.path for run in settled] == [run.path for run in shuffled]  # in the order given
    state = {run.started.attempt: run.state for run in settled}
    for seed in range(3):
        ended = [n for n, (s, status) in enumerate(outcomes) if s == seed and status in STATUSES[:3]]
        assert [state[n] for n in ended] == ["final", *["superseded"] * len(ended)][: len(ended)]
    others = {n: status for n, (_, status) in enumerate(outcomes) if status in STATUSES[3:]}
    assert {n: state[n] for n in others} == others
