"""Traces written event by event come back as records; expected values are derived by hand."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import posttrace as pt
from posttrace.traces import TraceReader
from posttrace.traces.errors import InputError
from posttrace.traces.events import IntegrityFlag
from tests.analysis.written import (
    BASE,
    baseline,
    finished,
    graded,
    items,
    received,
    rescored,
    started,
    write,
    write_rescore,
)

GOLDEN = Path(__file__).parents[2] / "golden" / "posttrace-1"


def test_a_run_comes_back_whole(tmp_path: Path) -> None:
    head = write(
        tmp_path / "r",
        started(),
        baseline(50.0, items(100.0, 0.0, 100.0, 0.0)),
        received(1),
        graded(1, 50.0, items(100.0, 100.0, None, 0.0, lost={"i2": "judge"}), queue_s=2.0),
        received(2),
        graded(2, 50.0, items(100.0, 0.0, 100.0, 0.0), sha=BASE),
        received(3),
        graded(3, None, status="error", reason="boom"),
        received(4),
        graded(4, 50.0, status="duplicate", duplicate_of=1),
        received(5),
        IntegrityFlag(kind="base_copy"),
        IntegrityFlag(kind="endpoint_abuse", count=7),
        IntegrityFlag(kind="endpoint_abuse"),
        finished(),
    )
    (run,) = pt.load(tmp_path).records
    assert (run.state, run.status, run.exit_code, run.wall_s) == ("final", "completed", 0, 9.0)
    assert (run.head_hash, run.torn, run.feedback) == (head, False, "score")
    assert run.flags == {"base_copy": 1, "endpoint_abuse": 8}
    assert [s.status for s in run.submissions] == ["graded", "graded", "error", "duplicate", "pending"]
    assert [s.is_base_copy for s in run.submissions] == [False, True, False, False, False]
    assert [s.duplicate_of for s in run.submissions] == [None, None, None, 1, None]
    assert [s.evaluation is None for s in run.submissions] == [False, False, True, True, True]
    first = run.submissions[0]
    assert (first.path, first.queue_s) == ("output/1", 2.0)
    assert first.evaluation is not None
    assert first.evaluation.evaluator == "exact@1"
    np.testing.assert_array_equal(
        first.evaluation.values, [1.0, 1.0, math.nan, 0.0]
    )  # 100 is the scale's end
    assert first.evaluation.item_ids is run.baseline[0].item_ids  # kept once


def test_the_golden_run_says_what_its_lines_say() -> None:
    (run,) = pt.load(GOLDEN).records
    trace, again = (
        [json.loads(line) for line in (GOLDEN / name).read_text("utf-8").splitlines()]
        for name in ("trace.jsonl", "rescore-1.jsonl")
    )
    scale = trace[0]["task"]["scale_max"]

    def scores(lines: list[dict[str, Any]], kind: str, which: Any = None) -> list[float]:
        return [x["score"] / scale for x in lines if x["type"] == kind and x.get("submission_id") == which]

    assert [e.score for e in run.baseline] == scores(trace, "baseline.evaluated")
    statuses = [line["status"] for line in trace if line["type"] == "submission.graded"]
    assert [s.status for s in run.submissions] == statuses
    assert [e.score for e in run.baseline_rescored] == scores(again, "submission.rescored", "baseline")
    # once in the trace itself, once in the file beside it
    both = [*scores(trace, "submission.rescored", 1), *scores(again, "submission.rescored", 1)]
    assert len(both) > 1
    assert [e.score for e in run.submissions[0].rescored] == both
    assert (run.head_hash, run.unusable) == (trace[-1]["hash"], {})


def test_lower_is_better_is_turned_round(tmp_path: Path) -> None:
    start = started(higher_is_better=False, scale_max=10.0)
    write(tmp_path / "r", start, baseline(4.0, items(10.0, 0.0, None)))
    (scored,) = pt.load(tmp_path).records[0].baseline
    assert scored.score == pytest.approx(0.6)  # 1 - 4/10
    np.testing.assert_array_equal(scored.values, [0.0, 1.0, math.nan])


def test_ids_are_kept_once_for_all_runs(tmp_path: Path) -> None:
    for seed in range(3):
        write(tmp_path / str(seed), started(seed=seed), baseline(0.0, items(0.0, 100.0)))
    ids = [run.baseline[0].item_ids for run in pt.load(tmp_path).records]
    assert ids[0] == ("i0", "i1")
    assert ids[1] is ids[0]
    assert ids[2] is ids[0]


def test_what_cannot_be_trusted_is_excluded_with_its_reason(tmp_path: Path) -> None:
    write(tmp_path / "good", started(), finished())
    write(tmp_path / "headless", baseline(1.0))
    write(tmp_path / "changed", started(), finished())
    changed = tmp_path / "changed/trace.jsonl"
    changed.write_bytes(changed.read_bytes().replace(b'"wall_s":9.0', b'"wall_s":8.0'))
    (tmp_path / "noise").mkdir()
    (tmp_path / "noise/trace.jsonl").write_text("hello\n")
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty/trace.jsonl").touch()
    traces = pt.load(tmp_path)
    assert [Path(run.path).parent.name for run in traces.records] == ["good"]
    reasons = {Path(e.path).parent.name: e.reason for e in traces.excluded}
    assert {e.state for e in traces.excluded} == {"invalid"}
    assert reasons.keys() == {"headless", "changed", "noise", "empty"}
    assert "no run.started" in reasons["headless"]
    assert f"{changed}:2: " in reasons["changed"]  # run.finished is the second line
    assert "no run.started" in reasons["empty"]


def test_without_verification_the_chain_is_taken_on_trust(tmp_path: Path) -> None:
    write(tmp_path / "r", started(), finished())
    trace = tmp_path / "r/trace.jsonl"
    trace.write_bytes(trace.read_bytes().replace(b'"wall_s":9.0', b'"wall_s":8.0'))
    assert pt.load(trace).records == ()
    assert [run.wall_s for run in pt.load(trace, verify=False).records] == [8.0]


@settings(max_examples=40, deadline=None)
@given(cut=st.integers(min_value=0))
def test_a_trace_cut_at_any_byte_gives_what_its_whole_lines_say(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    folder = tmp_path_factory.mktemp("cut")
    write(folder / "r", started(), baseline(1.0), received(1), graded(1, 50.0), received(2), finished())
    trace = folder / "r/trace.jsonl"
    whole = trace.read_bytes()
    kept = whole[: cut % (len(whole) + 1)]
    trace.write_bytes(kept)
    traces = pt.load(trace)
    lines = kept.count(b"\n")
    if lines == 0:
        assert [e.state for e in traces.excluded] == ["invalid"]
        return
    (run,) = traces.records
    assert run.torn == (not kept.endswith(b"\n"))
    assert run.status == ("completed" if lines == 6 else "interrupted")
    assert run.status_reason == (None if lines == 6 else "no run.finished")
    # lines: started, baseline, received 1, graded 1, received 2, finished
    statuses = {1: [], 2: [], 3: ["pending"], 4: ["graded"], 5: ["graded", "pending"]}
    assert [s.status for s in run.submissions] == statuses[min(lines, 5)]


def test_rescorings_join_their_submission(tmp_path: Path) -> None:
    head = write(tmp_path / "r", started(), received(1), graded(1, 50.0), finished())
    again = rescored(1, 40.0, items(0.0, 80.0)), rescored("baseline", 30.0)
    write_rescore(tmp_path / "r", 1, head, *again)
    write_rescore(tmp_path / "r", 2, head, rescored(1, 20.0))
    (run,) = pt.load(tmp_path).records
    assert [e.score for e in run.submissions[0].rescored] == [0.4, 0.2]
    np.testing.assert_array_equal(run.submissions[0].rescored[0].values, [0.0, 0.8])
    assert [e.score for e in run.baseline_rescored] == [0.3]
    assert run.unusable == {}


def test_a_rescoring_of_a_run_that_was_still_going_counts(tmp_path: Path) -> None:
    write(tmp_path / "r", started(), received(1), graded(1, 50.0), finished())
    reader = TraceReader(tmp_path / "r/trace.jsonl")
    next(events := iter(reader))
    next(events)
    events.close()  # type: ignore[attr-defined]  # a generator
    write_rescore(tmp_path / "r", 1, reader.head, rescored(1, 40.0))
    (run,) = pt.load(tmp_path).records
    assert [e.score for e in run.submissions[0].rescored] == [0.4]


def test_an_unusable_rescoring_leaves_its_run_as_it_was(tmp_path: Path) -> None:
    head = write(tmp_path / "r", started(), received(1), graded(1, 50.0), finished())
    folder = tmp_path / "r"
    write_rescore(folder, 1, head, rescored(1, 40.0), run_id="other")
    write_rescore(folder, 2, "f" * 64, rescored(1, 40.0))
    write_rescore(folder, 3, head, rescored(1, 40.0), rescored(9, 40.0))  # nothing of it counts
    changed = write_rescore(folder, 4, head, rescored(1, 40.0))
    changed.write_bytes(changed.read_bytes().replace(b"40.0", b"90.0"))
    (folder / "rescore-5.jsonl").touch()
    (run,) = pt.load(tmp_path).records
    assert run.submissions[0].rescored == ()
    reasons = {Path(path).name: why for path, why in run.unusable.items()}
    assert "rescoring of c-s0-a1" in reasons["rescore-1.jsonl"]
    assert "another trace" in reasons["rescore-2.jsonl"]
    assert "rescore-3.jsonl:3: submission 9 was never received" in reasons["rescore-3.jsonl"]
    assert "rescore-4.jsonl:2: " in reasons["rescore-4.jsonl"]
    assert "rescoring of c-s0-a1" in reasons["rescore-5.jsonl"]


def test_progress_counts_every_trace_that_was_found(tmp_path: Path) -> None:
    write(tmp_path / "a", started(seed=0))
    write(tmp_path / "b", baseline(0.0))
    seen: list[tuple[int, int]] = []
    pt.load(tmp_path, progress=lambda done, found: seen.append((done, found)))
    assert seen == [(1, 2), (2, 2)]


@pytest.mark.parametrize("make", ["missing", "empty", "other"])
def test_a_path_without_traces_is_one_clear_line(tmp_path: Path, make: str) -> None:
    target = tmp_path / make
    if make != "missing":
        target.mkdir()
    if make == "other":
        (target / "notes.txt").write_text("no trace")
    with pytest.raises(InputError, match=str(target)) as error:
        pt.load(target)
    assert "\n" not in str(error.value)
