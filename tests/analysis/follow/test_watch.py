import itertools
import json
import math
import threading
import time

import pytest

from posttrace.analysis.audit.clean import clean
from posttrace.analysis.follow.watch import Began, Ended, Step, Watch, follow
from posttrace.analysis.follow.words import as_json, so_far, words
from posttrace.analysis.runs.load import load_record
from posttrace.analysis.stats.items.evalue import Evidence, Weights, log_e_greater
from posttrace.traces import Clock, TraceError, TraceWriter
from posttrace.traces.events import RunStarted, SubmissionRescored
from tests.analysis.written import BASE, baseline, finished, graded, items, received, started, write
from tests.golden.make import FOLDER

N = 60
ZEROS = [0.0] * N


def right(n):
    return items(*[100.0] * n, *[0.0] * (N - n))


def run_with(feedback="score", budget=5) -> RunStarted:
    begin = started(n_items=N)
    begin.config = {"grading": {"feedback": feedback}}
    begin.budget.submissions = budget
    return begin


RUN = [
    run_with(),
    baseline(0.0, items(*ZEROS)),
    received(1),
    graded(1, 50.0, right(30), sha="1" * 64),
    received(2),
    graded(2, None, status="error", reason="out of memory", sha="2" * 64),
    received(3),
    graded(3, 50.0, None, sha="1" * 64, status="duplicate", duplicate_of=1),
    received(4),
    graded(4, 0.0, items(*ZEROS), sha=BASE),
    received(5),
    graded(5, 50.0, right(30), sha="1" * 64),
    received(6),
    graded(6, 10.0, right(6), sha="6" * 64),
    finished(),
]


def followed(path):
    def nothing_new():
        raise AssertionError("the run has ended")

    return list(follow(path, nothing_new))


def test_each_submission_and_the_evidence_after_it(tmp_path):
    write(tmp_path / "run", *RUN)
    began, *steps, ended = followed(tmp_path / "run/trace.jsonl")
    assert began == Began("c-s0-a1", "spell", "sft", Weights(5), hears=True)
    assert [step.state for step in steps] == [
        "scored", "failed", "duplicate", "base copy", "rescored", "scored",
    ]  # fmt: skip
    first, last = steps[0], steps[-1]
    assert (first.score, first.gain, first.compared.gained, first.compared.lost) == (0.5, 0.5, 30, 0)
    assert first.evidence.e == pytest.approx(math.exp(log_e_greater(30, 0)) / 5)
    assert {step.evidence for step in steps[:5]} == {first.evidence}
    both = (math.exp(log_e_greater(30, 0)) + math.exp(log_e_greater(6, 0))) / 5
    assert last.evidence.e == pytest.approx(both)
    assert ended == Ended("completed", last.evidence, hears=True)


def test_states_are_those_of_the_audit(tmp_path):
    write(tmp_path / "run", *RUN)
    steps = [s for s in followed(tmp_path / "run/trace.jsonl") if isinstance(s, Step)]
    assert {s.submission_id: s.state for s in steps} == clean(
        load_record(tmp_path / "run/trace.jsonl")
    ).states


def test_line_by_line_says_the_same_as_at_the_end(tmp_path):
    write(tmp_path / "run", *RUN)
    whole = (tmp_path / "run/trace.jsonl").read_bytes()
    growing = tmp_path / "trace.jsonl"
    ends = itertools.chain(range(0, len(whole), 500), [len(whole)])
    seen = list(follow(growing, lambda: growing.write_bytes(whole[: next(ends)])))
    assert seen == followed(tmp_path / "run/trace.jsonl")


def test_while_a_writer_writes(tmp_path):
    path = tmp_path / "trace.jsonl"

    def work():
        with TraceWriter(path, clock=Clock()) as writer:
            for event in RUN:
                writer.write(event)
                time.sleep(0.01)

    thread = threading.Thread(target=work)
    thread.start()
    seen = list(follow(path, lambda: time.sleep(0.005)))
    thread.join()
    assert seen == followed(path)
    assert isinstance(seen[-1], Ended)


def test_the_golden_trace_has_clusters():
    _, first, *_ = followed(FOLDER / "trace.jsonl")
    assert isinstance(first, Step)
    assert first.compared.why == "e-values need independent items, these come in clusters"
    assert first.evidence.e == 0


def test_continuous_scores_get_words_instead_of_a_number(tmp_path):
    write(
        tmp_path / "run",
        run_with(),
        baseline(40.0, items(*[40.0] * N)),
        received(1),
        graded(1, 62.5, items(*[62.5] * N)),
        finished(),
    )
    step = followed(tmp_path / "run/trace.jsonl")[1]
    assert words(step, 0.05) == [
        "submission 1: score 62.5 %, gain +22.5 pp, e-values need 0/1 items; no evidence so far"
    ]


def test_sealed_items_alone_are_evidence_where_there_are_some(tmp_path):
    def sealed(event):
        event.split = "sealed"
        return event

    def scored_again(n, values):
        return SubmissionRescored(
            submission_id=n, split="sealed", replicate=0, score=20.0, items=values, eval_seed=None,
            evaluator=None, duration_s=None,
        )  # fmt: skip

    write(
        tmp_path / "run",
        run_with("heldout"),
        baseline(0.0, items(*ZEROS)),
        sealed(baseline(0.0, items(*ZEROS))),
        received(1),
        graded(1, 50.0, right(30)),
        scored_again(1, right(12)),
        scored_again(1, right(60)),  # the first counts
        finished(),
    )
    began, heard, unheard, ended = followed(tmp_path / "run/trace.jsonl")
    assert isinstance(began, Began)
    assert not began.hears
    assert isinstance(heard, Step)
    assert (heard.score, heard.compared.why) == (0.5, "its score on sealed items follows")
    assert isinstance(unheard, Step)
    assert (unheard.split, unheard.gain, unheard.compared.gained) == ("sealed", 0.2, 12)
    assert ended.evidence.e == pytest.approx(math.exp(log_e_greater(12, 0)) / 5)
    assert "on sealed items" in words(unheard, 0.05)[0]


def test_beyond_the_budget_nothing_counts(tmp_path):
    later = [received(7), graded(7, 100.0, right(60), sha="7" * 64)]
    write(tmp_path / "run", run_with(budget=1), *RUN[1:-1], *later)
    watch = Watch(tmp_path)
    seen = [sight for event in [run_with(budget=1), *RUN[1:4], *later] if (sight := watch.take(event))]
    last = seen[-1]
    assert isinstance(last, Step)
    assert not last.counts
    assert last.evidence.e == pytest.approx(math.exp(log_e_greater(30, 0)))
    assert "beyond the budget: not counted" in words(last, 0.05)[0]


def test_without_a_budget_the_weights_sum_to_one():
    began = Watch(FOLDER).take(run_with(budget=None))
    assert isinstance(began, Began)
    assert began.weights == Weights(None)
    assert "1/(j (j + 1))" in words(began, 0.05)[0]


def test_a_trace_that_does_not_begin_with_its_beginning(tmp_path):
    write(tmp_path / "run", baseline(0.0, items(*ZEROS)))
    with pytest.raises(TraceError, match=r"run\.started"):
        followed(tmp_path / "run/trace.jsonl")


@pytest.mark.parametrize(
    ("e", "said"),
    [
        (12.3, "E = 12.3, p <= 0.082; not yet beyond 1/alpha = 20"),
        (0.4, "E = 0.4, p <= 1; not yet beyond 1/alpha = 20"),
        (1.001, "E = 1, p <= 1; not yet beyond 1/alpha = 20"),
        (25.0, "E = 25, p <= 0.040; beyond 1/alpha = 20: some submission has a true gain"),
        (
            1e9,
            "E = 10^9.0, p <= 10^-9.0; beyond 1/alpha = 20: some submission has a true gain",
        ),
    ],
)
def test_the_verdict_so_far(e, said):
    assert so_far(Evidence(Weights(1), math.log(e), 1), 0.05, hears=False) == f"evidence so far: {said}"


def test_the_verdict_of_a_run_whose_agent_hears_scores():
    said = so_far(Evidence(Weights(1), math.log(25), 1), 0.05, hears=True)
    assert said.endswith("some submission has a true gain, unless the agent climbed on these items")


def test_huge_evidence_is_words_and_json_too():
    huge = Evidence(Weights(1), 1e5, 1)
    assert "E = 10^43429.4, p <= 10^-43429.4" in so_far(huge, 0.05, hears=False)
    said = as_json(Ended("completed", huge, hears=False), 0.05)
    assert said["running_e"] is None
    assert said["running_log_e"] == 1e5
    json.dumps(said, allow_nan=False)


def test_every_sight_is_json(tmp_path):
    write(tmp_path / "run", *RUN)
    lines = [as_json(sight, 0.05) for sight in followed(tmp_path / "run/trace.jsonl")]
    kinds = [json.loads(json.dumps(line, allow_nan=False))["kind"] for line in lines]
    assert kinds == ["began", *["step"] * 6, "ended"]
