"""Traces written event by event come back as records and tables; expected values are derived by hand."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import posttrace as pt
from posttrace.analysis import frames
from posttrace.traces import Clock, TraceError, TraceWriter
from posttrace.traces.errors import InputError
from posttrace.traces.events import (
    AgentInfo,
    AgentStep,
    ArtifactRef,
    BaselineEvaluated,
    BaseModelInfo,
    BudgetInfo,
    CodeRevision,
    Evaluator,
    FileChange,
    GpuSample,
    IntegrityFlag,
    Items,
    Recorder,
    RescoreStarted,
    ResourceSample,
    RunFinished,
    RunStarted,
    SandboxInfo,
    Software,
    SubmissionGraded,
    SubmissionReceived,
    SubmissionRescored,
    TaskInfo,
    Usage,
)

BASE, OTHER = "b" * 64, "a" * 64
JUDGE = Evaluator(id="exact", version="1")


def started(seed=0, attempt=1, **task):
    about = {"id": "spell", "level": "L1", "metric": "accuracy", "n_items": 4, "scale_max": 100.0} | task
    return RunStarted(
        run_id=f"c-s{seed}-a{attempt}",
        cell_id="c",
        seed=seed,
        attempt=attempt,
        config={"grading": {"feedback": "score"}},
        task=TaskInfo(**about),
        agent=AgentInfo(id="sft"),
        base_model=BaseModelInfo(id="base", sha256=BASE, bytes=1),
        budget=BudgetInfo(submissions=5),
        sandbox=SandboxInfo(kind="local", isolates=[]),
        software=Software(python=None, posttrace=None),
        recorder=Recorder(kind="native"),
    )


def items(*values, **more):
    return Items(ids=[f"i{n}" for n in range(len(values))], values=list(values), **more)


def baseline(score, values=None, replicate=0):
    return BaselineEvaluated(
        split="feedback",
        replicate=replicate,
        score=score,
        items=values,
        eval_seed=1,
        evaluator=JUDGE,
        duration_s=0.5,
    )


def received(n):
    return SubmissionReceived(submission_id=n, path=f"output/{n}")


def graded(n, score, values=None, sha=OTHER, **more):
    given = {"status": "graded", "split": "feedback", "evaluator": JUDGE} | more
    return SubmissionGraded(
        submission_id=n, score=score, items=values, artifact=ArtifactRef(sha256=sha, bytes=1), **given
    )


def finished(status="completed"):
    return RunFinished(status=status, reason=None, exit_code=0, wall_s=9.0, submissions=0, best=None)


def write(folder, *events):
    folder.mkdir(parents=True)
    with TraceWriter(folder / "trace.jsonl", clock=Clock()) as writer:
        for event in events:
            writer.write(event)
        return writer.head


def test_a_run_comes_back_whole(tmp_path):
    head = write(
        tmp_path / "r",
        started(),
        baseline(50.0, items(100.0, 0.0, 100.0, 0.0)),
        baseline(25.0, items(100.0, 0.0, 0.0, 0.0), replicate=1),
        received(1),
        graded(1, 50.0, items(100.0, 100.0, None, 0.0, lost={"i2": "judge"})),
        received(2),
        graded(2, 50.0, items(100.0, 0.0, 100.0, 0.0), sha=BASE),
        received(3),
        graded(3, None, status="error", reason="boom"),
        received(4),
        graded(4, 50.0, status="duplicate", duplicate_of=1),
        received(5),
        IntegrityFlag(kind="base_copy"),
        IntegrityFlag(kind="endpoint_abuse", count=7),
        finished(),
    )
    traces = pt.load(tmp_path)
    (run,) = traces.records
    assert run.state == "final"
    assert run.head_hash == head
    assert run.flags == {"base_copy": 1, "endpoint_abuse": 7}
    assert [s.status for s in run.submissions] == ["graded", "graded", "error", "duplicate", "pending"]
    assert [s.is_base_copy for s in run.submissions] == [False, True, False, False, False]
    first = run.submissions[0].evaluation
    np.testing.assert_array_equal(first.values, [1.0, 1.0, math.nan, 0.0])
    assert first.item_ids is run.baseline[0].item_ids  # kept once
    row = traces.runs.iloc[0]
    # baseline: mean of .50 and .25; best: .50, the earlier of two equals
    assert (row.baseline, row.best, row.best_submission_id, row.gain) == (0.375, 0.5, 1, 0.125)
    counts = ["submissions", "graded", "duplicate", "rejected", "failed", "pending"]
    assert list(row[counts]) == [5, 2, 1, 0, 1, 1]
    assert traces.submissions.score.isna().tolist() == [False, False, True, True, True]
    table = traces.items
    assert len(table) == 4 * 4  # two of the base, two graded
    assert table[table.lost].item_id.tolist() == ["i2"]


def test_lower_is_better_is_turned_round(tmp_path):
    write(tmp_path / "r", started(higher_is_better=False, scale_max=10.0), baseline(4.0, items(10.0, 0.0)))
    (scored,) = pt.load(tmp_path).records[0].baseline
    assert scored.score == pytest.approx(0.6)  # 1 - 4/10
    assert scored.values.tolist() == [0.0, 1.0]


def test_the_first_final_attempt_counts(tmp_path):
    write(tmp_path / "1", started(attempt=1), finished("interrupted"))
    write(tmp_path / "2", started(attempt=2), finished("agent_failed"))
    write(tmp_path / "3", started(attempt=3), finished("completed"))
    write(tmp_path / "4", started(seed=1))
    write(tmp_path / "5", started(seed=2), finished("infrastructure_failed"))
    traces = pt.load(tmp_path)
    states = ["interrupted", "final", "superseded", "interrupted", "infrastructure_failed"]
    assert traces.runs.state.tolist() == states
    assert [run.status for run in traces.final] == ["agent_failed"]
    assert sorted(e.state for e in traces.excluded) == sorted(s for s in states if s != "final")


def test_what_cannot_be_trusted_is_excluded_with_its_reason(tmp_path):
    write(tmp_path / "good", started(), finished())
    write(tmp_path / "headless", baseline(1.0))
    write(tmp_path / "changed", started(), finished())
    changed = tmp_path / "changed/trace.jsonl"
    changed.write_bytes(changed.read_bytes().replace(b'"wall_s":9.0', b'"wall_s":8.0'))
    (tmp_path / "noise").mkdir()
    (tmp_path / "noise/trace.jsonl").write_text("hello\n")
    traces = pt.load(tmp_path)
    assert len(traces.records) == 1
    assert {e.path.split("/")[-2] for e in traces.excluded} == {"headless", "changed", "noise"}
    assert {e.state for e in traces.excluded} == {"invalid"}
    assert all(e.reason for e in traces.excluded)


def test_a_torn_tail_is_an_interrupted_run(tmp_path):
    write(tmp_path / "r", started(), baseline(1.0), finished())
    trace = tmp_path / "r/trace.jsonl"
    trace.write_bytes(trace.read_bytes()[:-5])
    (run,) = pt.load(trace).records
    assert (run.torn, run.status, run.status_reason) == (True, "interrupted", "no run.finished")


def test_rescorings_join_their_submission(tmp_path):
    head = write(tmp_path / "r", started(), received(1), graded(1, 50.0), finished())

    def again(which, score):
        return SubmissionRescored(
            submission_id=which,
            split="fresh",
            replicate=0,
            score=score,
            items=None,
            eval_seed=None,
            evaluator=JUDGE,
            duration_s=None,
        )

    for n, run_id in enumerate(["c-s0-a1", "other"], start=1):
        with TraceWriter(tmp_path / f"r/rescore-{n}.jsonl") as writer:
            writer.write(RescoreStarted(run_id=run_id, parent_head=head))
            writer.write(again(1, 40.0))
            writer.write(again("baseline", 30.0))
    (run,) = pt.load(tmp_path).records
    assert [e.score for e in run.submissions[0].rescored] == [0.4]
    assert [e.score for e in run.baseline_rescored] == [0.3]
    assert [path.split("/")[-1] for path in run.unusable] == ["rescore-2.jsonl"]


def test_second_pass_tables(tmp_path):
    change = {"path_b64": None, "bytes": 1}
    files = [
        FileChange(path="a", status="added", added=3, removed=0, **change),
        FileChange(path="b", status="modified", added=None, removed=None, **change),
    ]
    used = Usage(input_tokens=10, output_tokens=2)
    write(
        tmp_path / "r",
        started(),
        CodeRevision(commit="c1", parent=None, trigger="start", files=files),
        AgentStep(source="agent", message="hello", model="m", usage=used),
        AgentStep(source="agent", model="m", usage=used),
        AgentStep(source="user"),
        ResourceSample(
            cpu_pct=50.0,
            rss_bytes=1,
            disk_bytes=None,
            gpus=[
                GpuSample(id="0", util_pct=10.0, mem_bytes=5),
                GpuSample(id="1", util_pct=None, mem_bytes=None),
            ],
        ),
        finished(),
    )
    traces = pt.load(tmp_path)
    revision = traces.revisions.iloc[0]
    assert (revision.files_added, revision.files_modified, revision.lines_added) == (1, 1, 3)
    assert traces.steps.message_chars.tolist()[0] == 5
    usage = traces.usage.set_index("model").loc["m"]
    assert (usage.steps, usage.input_tokens, usage.output_tokens) == (2, 20, 4)
    assert pd.isna(usage.cached_tokens)
    sample = traces.resources.iloc[0]
    assert (sample.gpus, sample.gpu_util_pct) == (2, 10.0)
    assert pd.isna(sample.gpu_mem_bytes)


def test_a_trace_that_grew_since_it_was_loaded_is_not_mixed(tmp_path):
    write(tmp_path / "r", started())
    traces = pt.load(tmp_path)
    with (tmp_path / "r/trace.jsonl").open("ab") as file:
        file.write(b"x\n")
    with pytest.raises(TraceError, match="changed since"):
        _ = traces.steps


@pytest.mark.parametrize("name", ["runs", "submissions", "items", "revisions", "steps", "usage", "resources"])
def test_empty_tables_have_every_column(name):
    table = getattr(pt.TraceSet(()), name)
    columns = getattr(frames, name.upper())
    assert table.empty
    assert list(table.columns) == list(columns)
    assert {c: str(t) for c, t in table.dtypes.items()} == dict(columns)


@pytest.mark.parametrize("make", ["missing", "empty", "other"])
def test_a_path_without_traces_is_one_clear_line(tmp_path, make):
    target = tmp_path / make
    if make != "missing":
        target.mkdir()
    if make == "other":
        (target / "notes.txt").write_text("no trace")
    with pytest.raises(InputError, match=str(target)) as error:
        pt.load(target)
    assert "\n" not in str(error.value)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(st.sampled_from([0.0, 100.0, None]), min_size=3, max_size=3), max_size=5))
def test_item_rows_are_the_values_written(tmp_path_factory, columns):
    folder = tmp_path_factory.mktemp("t") / "r"
    events = [e for n, c in enumerate(columns, 1) for e in (received(n), graded(n, 0.0, items(*c)))]
    write(folder, started(), *events)
    table = pt.load(folder).items
    written = [value for column in columns for value in column]
    expected = [math.nan if value is None else value / 100 for value in written]
    np.testing.assert_array_equal(table.value.to_numpy(float), expected)
    assert table.lost.tolist() == [value is None for value in written]
