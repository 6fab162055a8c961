"""A service end to end: every record, status code and reply field."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from posttrace.runner.artifacts import hash_directory
from posttrace.runner.grading.seeds import baseline_seed, submission_seed
from posttrace.traces import validate
from posttrace.traces.errors import ConfigError, GradingError
from posttrace.traces.events import (
    BaselineEvaluated,
    BaseModelInfo,
    Best,
    BudgetInfo,
    SubmissionGraded,
    SubmissionReceived,
    SubmissionRescored,
)
from tests.runner.grading.toy import Toy


def test_a_submission_is_recorded_scored_and_answered(lab):
    lab.serve(budget=BudgetInfo(submissions=5, wall_s=600))
    reply = lab.submit(lab.model("a", 1.0, 1.0, 0.0, 1.0))
    assert reply.status_code == 200
    body = reply.json()
    # baseline: mean of 0 and 1; the model: mean of 1, 1, 0, 1
    assert (body["score"], body["baseline_score"], body["improvement"]) == (0.75, 0.5, 0.25)
    assert (body["submission_id"], body["status"], body["model_path"]) == (1, "graded", "output/a")
    assert body["best"] == {"submission_id": 1, "score": 0.75}
    assert (body["total_submissions"], body["remaining_submissions"], body["duplicate_of"]) == (1, 4, None)
    assert body["elapsed_seconds"] > 0
    assert body["timestamp"].endswith("+00:00")
    received, graded = lab.events(SubmissionReceived, SubmissionGraded)
    assert (received.submission_id, received.path) == (1, "output/a")
    assert graded.artifact == hash_directory(lab.run.workspace / "output/a")[0]
    assert (graded.split, graded.score, graded.items.values) == ("feedback", 0.75, [1.0, 1.0, 0.0, 1.0])
    assert (graded.revision, graded.eval_seed) == ("c" * 40, submission_seed(7, 1, "feedback"))
    assert graded.feedback == {k: body[k] for k in ("score", "baseline_score", "improvement", "best")}
    assert graded.duration_s > 0
    assert graded.queue_s >= 0
    assert lab.service.best == Best(submission_id=1, score=0.75)
    assert lab.service.received == 1


def test_the_client_of_autorl_bench_works(lab):
    lab.serve()
    health = lab.get("health").json()
    assert health == {"status": "ok", "task": "toy"}
    before = lab.get("time").json()
    assert before["last_submit_time"] is None
    assert before["timeout_s"] is None
    reply = lab.client.post(f"{lab.url}/submit", json={"model_path": lab.model("a", 1.0), "gpu": "0"})
    assert reply.json()["score"] == 1.0
    after = lab.get("time").json()
    assert before["start_time"] <= after["last_submit_time"] <= after["now"]
    assert after["last_submit_time"] == lab.service.last_submit_time


def test_baseline_replicates_differ_in_the_seed_alone(lab):
    lab.serve(listen=False, baseline_replicates=2)
    events = lab.service.evaluate_baseline()
    assert [(e.split, e.replicate, e.score) for e in events] == [("feedback", 0, 0.5), ("feedback", 1, 0.5)]
    assert [e.eval_seed for e in events] == [baseline_seed(7, 0, "feedback"), baseline_seed(7, 1, "feedback")]
    base, _ = hash_directory(lab.run.root / "base")
    assert [path.name for path in lab.run.artifacts.iterdir()] == [base.sha256]
    assert [e.replicate for e in lab.events(BaselineEvaluated)] == [0, 1]


def test_without_a_baseline_nothing_starts(lab):
    lab.serve(listen=False)
    with pytest.raises(GradingError, match="call evaluate_baseline"):
        lab.service.start()
    wrong = BaseModelInfo(id="base", sha256="0" * 64, bytes=None)
    with pytest.raises(GradingError, match="has changed"):
        lab.serve(listen=False, base=wrong).service.evaluate_baseline()
    (lab.run.root / "base" / "train.py").write_text("")
    with pytest.raises(GradingError, match=r"base: train\.py is code"):
        lab.serve(listen=False).service.evaluate_baseline()


def test_a_base_that_cannot_be_scored_ends_the_run(lab):
    lab.model("bad", 1.0, act_raise=1)
    lab.serve(listen=False, base_dir=lab.run.workspace / "output/bad")
    with pytest.raises(GradingError, match=r"no score on this task \(error.*RuntimeError"):
        lab.service.evaluate_baseline()
    assert lab.events(BaselineEvaluated) == []


def test_best_goes_to_the_earliest_and_keeps_its_files(lab):
    lab.serve()
    for name, value in (("a", 0.6), ("b", 0.9), ("c", 0.9), ("d", 0.1)):
        extra = {"noise": 0.0} if name == "c" else {}
        assert lab.submit(lab.model(name, value, **extra)).status_code == 200
    lab.service.close("done")
    assert lab.service.best == Best(submission_id=2, score=0.9)
    kept = {path.name for path in lab.run.artifacts.iterdir()}
    assert kept == {
        hash_directory(lab.run.root / "base")[0].sha256,
        hash_directory(lab.run.workspace / "output/b")[0].sha256,
    }
    assert not lab.run.grading.exists()


def test_lower_can_be_better(lab):
    spec = {"_target_": "tests.runner.grading.toy.Toy", "higher_is_better": False}
    lab.serve(task=Toy(higher_is_better=False), task_spec=spec)
    body = lab.submit(lab.model("a", 0.2)).json()
    assert body["improvement"] == pytest.approx(0.3)
    assert lab.submit(lab.model("b", 0.4)).json()["best"]["submission_id"] == 1


def test_heldout_scores_the_sealed_split_and_says_nothing_of_it(lab):
    lab.serve(feedback="heldout")
    body = lab.submit(lab.model("a", 1.0)).json()
    lab.service.close("done")
    assert [(e.split, e.score) for e in lab.events(BaselineEvaluated)] == [
        ("feedback", 0.5),
        ("sealed", 0.25),
    ]
    assert (body["score"], body["baseline_score"]) == (1.0, 0.5)
    graded, sealed = lab.events(SubmissionGraded, SubmissionRescored)
    assert (graded.split, graded.score) == ("feedback", 1.0)
    # the toy halves every value on the sealed split
    assert (sealed.submission_id, sealed.split, sealed.replicate, sealed.score) == (1, "sealed", 0, 0.5)
    assert sealed.eval_seed == submission_seed(7, 1, "sealed") != graded.eval_seed
    told = {name: value for name, value in body.items() if name not in ("elapsed_seconds", "timestamp")}
    assert "0.25" not in json.dumps(told)


def test_feedback_none_hides_every_score(lab):
    lab.serve(feedback="none")
    body = lab.submit(lab.model("a", 1.0)).json()
    hidden = ("score", "baseline_score", "improvement", "best")
    assert [body[name] for name in hidden] == [None] * 4
    assert body["status"] == "graded"
    assert lab.submit("output/a").json()["score"] is None
    assert lab.events(SubmissionGraded)[0].score == 1.0


def test_ladder_tells_only_of_real_steps(lab):
    lab.serve(feedback="ladder", ladder_eta=0.1)
    told = [
        lab.submit(lab.model(f"m{i}", value)).json()["score"] for i, value in enumerate((0.5, 0.58, 0.62))
    ]
    # losses .5, .42, .38: the second is no step of .1; the third is, and rounds to .4
    assert told == [0.5, 0.5, 0.6]
    assert lab.service.best == Best(submission_id=3, score=0.62)


def test_same_seed_same_score(lab):
    lab.serve()
    first = lab.submit(lab.model("a", 0.0, 0.0, noise=1.0))
    values = lab.events(SubmissionGraded)[0].items.values
    again = Toy().evaluate(lab.run.workspace / "output/a", "feedback", submission_seed(7, 1, "feedback"))
    assert values == again.items.values
    assert first.json()["score"] == again.score


def test_two_services_in_one_process_do_not_meet(lab, tmp_path):
    lab.serve()
    one = lab.url
    lab.serve()
    assert lab.url != one
    token = one.rsplit("/", 1)[1]
    crossed = lab.url.rsplit("/", 1)[0] + "/" + token
    assert lab.client.get(f"{crossed}/health").status_code == 404


def test_a_taken_port_is_one_clear_line(lab):
    lab.serve()
    port = int(lab.url.split(":")[2].split("/")[0])
    lab.service.close("done")
    lab.serve()
    port = int(lab.url.split(":")[2].split("/")[0])
    with pytest.raises(ConfigError, match=f"port {port} on 127.0.0.1 is in use; set server.port=0"):
        lab.serve(port=port)


def test_the_trace_of_a_service_is_intact(lab):
    lab.serve()
    lab.submit(lab.model("a", 1.0))
    lab.submit("nowhere")
    lab.service.close("done")
    codes = {finding.code for finding in validate(lab.run.trace)}
    assert not {code for code in codes if "chain" in code or "json" in code}
    assert list((lab.run.logs / "grader").iterdir())
    assert Path(lab.run.logs / "grader").stat().st_mode & 0o077 == 0
