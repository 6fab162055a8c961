"""The tables, the JSON and the errors of ``posttrace.routes``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import posttrace as pt
from posttrace.analysis.routes.confidence import shipped
from posttrace.analysis.routes.routes import ROUTED_RUNS, ROUTED_SUBMISSIONS, capped
from posttrace.traces.errors import InputError, TraceError
from tests.analysis.routes.made import Story
from tests.analysis.routes.scripted import read
from tests.analysis.written import baseline, finished, graded, known, received, started, write


@pytest.fixture
def story(tmp_path: Path) -> Story:
    """SFT, graded; then a submission that failed."""
    made = Story(tmp_path / "run")
    made.start(a="read models/base\nstage sft rollout=none\nwrite output/a")
    made.ran(10, 20, "code/a.py")
    made.model(21, "output/a", "s", written_s=19)
    made.submit(1, 22, "output/a", "s")
    made.submit(2, 23, "output/b", "t", score=None)
    return made


def test_without_runs_the_tables_have_their_columns() -> None:
    found = pt.routes(pt.TraceSet(()))
    assert {str(c): str(t) for c, t in found.runs.dtypes.items()} == dict(ROUTED_RUNS)
    assert {str(c): str(t) for c, t in found.submissions.dtypes.items()} == dict(ROUTED_SUBMISSIONS)


def test_a_row_of_submissions(story: Story) -> None:
    found = pt.routes(story.write(), read=read)
    commit = found.submissions["evidence"][0].rpartition("@")[2]
    row = known(found.submissions.iloc[0])
    assert row.pop("confidence") == shipped().confidence(found.of("c-s0-a1").submissions[1])
    assert row == {
        "run_id": "c-s0-a1",
        "trace": str(story.folder / "trace.jsonl"),
        "state": "final",
        "task": "spell",
        "agent": "sft",
        "seed": 0,
        "submission_id": 1,
        "status": "graded",
        "model": "output/a",
        "route": "sft",
        "coarse": "SFT",
        "tier": "B",
        "attributes": "rollout=none",
        "evidence": f"code/a.py:2@{commit}",
        "rule": "stage",
        "says": "stage sft rollout=none",
    }
    assert found.submissions["route"].tolist() == ["sft", "unknown"]


def test_a_row_of_runs(story: Story) -> None:
    row = known(pt.routes(story.write(), read=read).runs.iloc[0])
    assert (row["submission_id"], row["route"], row["attempted"]) == (1, "sft", "sft")
    assert "problem" not in row


def test_json_is_plain_and_has_all_evidence(story: Story) -> None:
    data = pt.routes(story.write(), read=read).to_json()
    assert json.loads(json.dumps(data, allow_nan=False)) == data
    (run,) = data["runs"]
    assert (data["schema"], run["submitted"]["route"]) == ("posttrace-routes/1", "sft")
    facts = run["submissions"][0]["evidence"]
    assert [fact["rule"] for fact in facts] == ["stage", "executed", "write", "read", "started_from"]
    assert facts[0]["where"].startswith("code/a.py:2@")


def test_a_run_without_anything_but_scores(tmp_path: Path) -> None:
    write(tmp_path / "r", started(), baseline(50.0), received(1), graded(1, 60.0), finished())
    found = pt.routes(pt.load(tmp_path)).of("c-s0-a1")
    assert (found.submissions[1].label, found.attempted) == ("unknown", ())
    assert found.problem is not None


def test_an_unknown_run_is_an_error(story: Story) -> None:
    with pytest.raises(InputError, match="no run nobody"):
        pt.routes(story.write(), read=read).of("nobody")


def test_a_trace_that_changed_is_an_error(story: Story) -> None:
    traces = story.write()
    trace = story.folder / "trace.jsonl"
    trace.write_bytes(trace.read_bytes().splitlines(keepends=True)[0])
    with pytest.raises(TraceError, match="changed since it was loaded"):
        pt.routes(traces, read=read)


def test_a_run_that_goes_on_has_the_routes_of_what_was_loaded(story: Story) -> None:
    story.write()
    trace = story.folder / "trace.jsonl"
    whole = trace.read_bytes()
    trace.write_bytes(b"".join(whole.splitlines(keepends=True)[:-3]))  # before submission 2
    traces = pt.load(story.folder)
    trace.write_bytes(whole)
    assert list(pt.routes(traces, read=read).of("c-s0-a1").submissions) == [1]


def test_the_route_of_an_audited_run_is_that_of_its_winner(story: Story) -> None:
    """A copy of the base scores best; the audit pools it with the baseline and picks among the others."""
    story.events.insert(0, (0.2, baseline(40.0)))
    story.submit(3, 30, "output/copy", "base", score=90.0)
    traces = story.write()
    found = pt.routes(traces, read=read)
    (row,) = pt.audit(traces).with_routes(found).runs
    assert (found.of("c-s0-a1").submission_id, row.winner, row.route) == (3, 1, "sft")


def test_the_audit_takes_routes_and_no_verdict_changes(story: Story) -> None:
    traces = story.write()
    plain = pt.audit(traces)
    routed = plain.with_routes(pt.routes(traces, read=read))
    assert [(row.route, row.attempted) for row in plain.runs] == [(None, None)]
    assert [(row.route, row.attempted) for row in routed.runs] == [("sft", ("sft",))]
    assert [row.verdict for row in plain.runs] == [row.verdict for row in routed.runs]
    assert routed.table()["attempted"].tolist() == ["sft"]


def test_a_table_lists_four_candidates() -> None:
    assert capped(()) == ""
    assert capped(("sft", "rft", "dpo", "grpo")) == "sft, rft, dpo, grpo"
    assert capped(("sft", "rft", "dpo", "grpo", "ppo", "distill")) == "sft, rft, dpo, grpo and 2 more"
