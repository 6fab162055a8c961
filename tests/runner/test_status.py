"""How a run stands, from its trace at any moment."""

import json

import pytest

from posttrace.runner.claim import Claim
from posttrace.runner.layout import RunDir
from posttrace.runner.status import read_state, states
from posttrace.traces import TraceWriter
from posttrace.traces.errors import InputError
from tests.analysis.written import baseline, finished, graded, received, started

STORY = [
    (started(), "baseline"),
    (baseline(30.0), "baseline"),
    (baseline(32.0, replicate=1), "running"),
    (received(1), "running"),
    (graded(1, 40.0), "running"),
    (received(2), "running"),
    (graded(2, 40.0, status="duplicate", duplicate_of=1), "running"),
    (received(3), "running"),
    (graded(3, 35.0), "running"),
    (finished("timed_out"), "timed_out"),
]


@pytest.fixture
def run(tmp_path):
    found = RunDir(tmp_path / "attempt-1")
    found.root.mkdir()
    found.claim.write_text(json.dumps({f: getattr(Claim.mine(), f) for f in Claim.__struct_fields__}))
    return found


def test_every_moment_of_a_run(run):
    assert read_state(run) is None
    with TraceWriter(run.trace) as writer:
        for event, state in STORY:
            if event is STORY[0][0]:
                event.config = {"grading": {"baseline_replicates": 2}}
            writer.write(event)
            found = read_state(run)
            assert (found.state, found.run_id) == (state, "c-s0-a1")
    # of 5 submissions, two scores spent one each; the duplicate was free
    assert (found.submissions, found.submissions_left) == (3, 3)
    assert (found.baseline, found.best) == (31.0, 40.0)


def test_a_run_whose_process_is_gone_was_interrupted(run):
    with TraceWriter(run.trace) as writer:
        writer.write(started())
    claim = json.loads(run.claim.read_text())
    run.claim.write_text(json.dumps(claim | {"started": 0.0}))
    assert read_state(run).state == "interrupted"


def test_no_run_at_all_is_said(tmp_path):
    with pytest.raises(InputError, match=str(tmp_path)):
        states(tmp_path)


@pytest.mark.parametrize("content", [b"", b"noise\n", b'{"type":"run.started"}\n'])
def test_a_broken_record_is_a_row_not_a_gap(run, content):
    run.trace.write_bytes(content)
    (found,) = states(run.root)
    assert (found.state, found.path) == ("no readable record", str(run.root))
