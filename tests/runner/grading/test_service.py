"""A service end to end: every record, status code and reply field."""

from __future__ import annotations

import errno
import functools
import json
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from posttrace.runner.artifacts import hash_directory, remove_artifact
from posttrace.runner.grading.seeds import baseline_seed, submission_seed
from posttrace.traces import validate
from posttrace.traces.errors import ConfigError, DiskFullError, GradingError
from posttrace.traces.events import (
    BaselineEvaluated,
    BaseModelInfo,
    Best,
    BudgetInfo,
    IntegrityFlag,
    SubmissionGraded,
    SubmissionReceived,
    SubmissionRescored,
)
from tests.runner.grading.toy import Toy
from tests.support import wait_for

GATED = {"env_passthrough": ("TOY_GATE",)}


def statuses(lab):
    return [(e.submission_id, e.status) for e in lab.events(SubmissionGraded)]


def came_in(lab, count):
    return lab.service.received == count


def _fails(_):
    raise OSError("no process")


def flags(lab):
    return [(e.kind, e.evidence["what"]) for e in lab.events(IntegrityFlag)]


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


def test_the_same_content_again_costs_nothing(lab):
    lab.serve(budget=BudgetInfo(submissions=1))
    assert lab.submit(lab.model("a", 1.0)).status_code == 200
    shutil.copytree(lab.run.workspace / "output/a", lab.run.workspace / "output/b")
    again = lab.submit("output/b")
    assert again.status_code == 200
    told = again.json()
    assert (told["status"], told["duplicate_of"], told["score"]) == ("duplicate", 1, 1.0)
    assert told["remaining_submissions"] == 0
    other = lab.submit(lab.model("c", 0.5))
    assert other.status_code == 429
    assert other.json() == {"error": "budget", "reason": "the budget of 1 submissions is used up"}
    lab.service.close("done")
    assert statuses(lab) == [(1, "graded"), (2, "duplicate")]
    duplicate = lab.events(SubmissionGraded)[1]
    assert (duplicate.score, duplicate.duplicate_of, duplicate.items) == (1.0, 1, None)
    assert flags(lab) == [("refused_budget", "budget")]


def test_the_same_content_in_flight_joins(lab, gate):
    lab.serve(budget=BudgetInfo(submissions=1), **GATED)
    path = lab.model("a", 1.0, act_wait=1)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(lab.submit, path)
        wait_for(lambda: lab.service.submissions() and lab.service.submissions()[0].state == "grading")
        second = pool.submit(lab.submit, path)  # the budget is spent, its content waits
        wait_for(lambda: lab.service.received == 2)
        gate()
        assert first.result().json()["status"] == "graded"
        assert second.result().json()["duplicate_of"] == 1
    assert len(list((lab.run.logs / "grader").glob("submission-*"))) == 1


def test_what_joins_an_evaluation_that_fails_shares_its_end_once(lab, gate):
    lab.serve(budget=BudgetInfo(submissions=1), **GATED)
    path = lab.model("a", 1.0, act_wait=1, act_zz_refuse=1)
    with ThreadPoolExecutor(2) as pool:
        waiting = []
        for count in (1, 2):
            waiting.append(pool.submit(lab.submit, path))
            wait_for(functools.partial(came_in, lab, count))
        wait_for(lambda: all(s.copied.is_set() for s in lab.service.submissions()))
        gate()
        replies = [future.result() for future in waiting]
    assert [reply.status_code for reply in replies] == [500, 500]
    assert {reply.json()["error"] for reply in replies} == {"the vocabulary does not fit"}
    assert len(list((lab.run.logs / "grader").glob("submission-*"))) == 1
    assert lab.submit(path).status_code == 500  # later it is evaluated anew
    assert len(list((lab.run.logs / "grader").glob("submission-*"))) == 2
    first, second, third = lab.events(SubmissionGraded)
    assert (first.duplicate_of, second.duplicate_of, third.duplicate_of) == (None, 1, None)
    assert lab.get("time").json()["submissions_left"] == 1


def test_wait_0_answers_at_once_and_can_be_polled(lab, gate):
    lab.serve(**GATED)
    reply = lab.submit(lab.model("a", 1.0, act_wait=1), wait=0)
    assert reply.status_code == 202
    assert reply.json()["poll"] == "submissions/1"
    assert lab.get("submissions/1").json()["status"] in ("queued", "grading")
    # the copy is taken: what happens to the folder now changes nothing
    shutil.rmtree(lab.run.workspace / "output/a")
    gate()
    wait_for(lambda: lab.get("submissions/1").json()["status"] == "graded")
    listed = lab.get("submissions").json()["submissions"]
    assert [entry["score"] for entry in listed] == [1.0]
    assert lab.get("submissions/2").status_code == 404
    assert lab.get("submissions/x").status_code == 404


def test_a_dropped_connection_cancels_nothing(lab, gate):
    lab.serve(**GATED)
    path = lab.model("a", 1.0, act_wait=1)
    with pytest.raises(Exception, match="timed out"):
        lab.client.post(f"{lab.url}/submit", json={"model_path": path}, timeout=0.5)
    wait_for(lambda: lab.service.received == 1)
    gate()
    wait_for(lambda: statuses(lab) == [(1, "graded")])
    assert lab.submit(path).json()["status"] == "duplicate"  # the client's retry


@pytest.mark.parametrize(
    ("acts", "reason", "told"),
    [
        ({"act_raise": 1}, "RuntimeError: the answer to item 7 is 42", "exit code 1"),
        ({"act_refuse": 1}, "the vocabulary does not fit", "the vocabulary does not fit"),
        ({"act_signal": 9}, "signal SIGKILL", "signal SIGKILL"),
        ({"act_segfault": 1}, "signal SIGSEGV", "signal SIGSEGV"),
        ({"act_exit": 0}, "exit code 0", "without a score"),
    ],
)
def test_a_failed_evaluation_is_an_error_and_never_0(lab, acts, reason, told):
    lab.serve(budget=BudgetInfo(submissions=1))
    reply = lab.submit(lab.model("a", 1.0, **acts))
    assert reply.status_code == 500
    body = reply.json()
    assert body["submission_id"] == 1
    assert told in body["error"]
    assert "42" not in body["error"]  # an exception may quote hidden data
    assert body["score"] is None
    assert body["remaining_submissions"] == 1  # no score, nothing spent
    (graded,) = lab.events(SubmissionGraded)
    assert (graded.status, graded.score, graded.items) == ("error", None, None)
    assert reason in graded.reason
    assert lab.submit(lab.model("b", 1.0)).json()["score"] == 1.0


def test_an_evaluation_that_takes_too_long_is_a_timeout(lab):
    lab.serve(evaluation_timeout_s=2.0)
    reply = lab.submit(lab.model("a", 1.0, act_sleep=600))
    assert reply.status_code == 500
    assert reply.json()["status"] == "timeout"
    assert "within 2 s" in reply.json()["error"]
    assert statuses(lab) == [(1, "timeout")]


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


@pytest.mark.parametrize(("keep", "count"), [("all", 3), ("none", 0)])
def test_keep(lab, keep, count):
    lab.serve(keep=keep)
    lab.submit(lab.model("a", 1.0))
    lab.submit(lab.model("b", 0.0))
    lab.service.close("done")
    assert len(list(lab.run.artifacts.iterdir())) == count


def test_the_base_itself_is_scored_and_flagged(lab):
    lab.serve()
    assert lab.submit("models/base").json()["status"] == "graded"
    folder = lab.run.workspace / lab.model("renamed", 0.0, 1.0)
    (folder / "config.json").write_text('{"architectures": ["Other"]}')
    assert lab.submit("output/renamed").json()["status"] == "graded"
    lab.service.close("done")
    assert flags(lab) == [("base_copy", "same artefact"), ("base_copy", "same weights")]


@pytest.mark.parametrize("keep", ["best", "all"])
def test_kept_checkpoints_that_are_gone_or_changed_at_the_end_are_told(lab, keep):
    lab.serve(keep=keep)
    lab.submit(lab.model("a", 1.0))
    wait_for(lambda: lab.run.artifacts.is_dir() and len(list(lab.run.artifacts.iterdir())) == 2)
    base = lab.run.artifact(hash_directory(lab.run.root / "base")[0].sha256)
    best = lab.run.artifact(hash_directory(lab.run.workspace / "output/a")[0].sha256)
    remove_artifact(base)
    (best / "config.json").chmod(0o644)
    (best / "config.json").write_text("{}")
    lab.service.close("done")
    found = {(f.kind, f.evidence["what"], f.evidence["place"]) for f in lab.events(IntegrityFlag)}
    assert found == {
        ("record_tampering", "a kept checkpoint is gone", f"artifacts/{base.name}"),
        ("record_tampering", "a kept checkpoint has changed", f"artifacts/{best.name}"),
    }


def test_no_checkpoint_is_missed_where_none_is_kept(lab):
    lab.serve(keep="none")
    lab.submit(lab.model("a", 1.0))
    lab.service.close("done")
    assert not lab.events(IntegrityFlag)


def test_a_copy_of_the_base_without_a_score_of_its_own_is_flagged_as_that(lab, monkeypatch):
    """The second is the first again, the third cannot be evaluated: one copy was scored."""
    lab.serve()
    assert lab.submit("models/base").json()["status"] == "graded"
    assert lab.submit("models/base").json()["status"] == "duplicate"
    folder = lab.run.workspace / lab.model("broken", 0.0, 1.0)
    (folder / "config.json").write_text('{"architectures": ["Other"]}')
    monkeypatch.setattr(lab.service._grader, "evaluate", _fails)
    assert lab.submit("output/broken").status_code == 500
    lab.service.close("done")
    found = [(f.kind, f.evidence["status"], f.evidence["submission_id"]) for f in lab.events(IntegrityFlag)]
    assert found == [
        ("base_copy", "graded", 1),
        ("base_copy_unscored", "duplicate", 2),
        ("base_copy_unscored", "error", 3),
    ]


def test_paths_that_lead_out_are_rejected_and_flagged(lab, tmp_path):
    lab.serve()
    outside = tmp_path / "outside"
    shutil.copytree(lab.run.root / "base", outside)
    (lab.run.workspace / "output/link").symlink_to(outside)
    lab.model("inner", 1.0)
    (lab.run.workspace / "output/inner/tokenizer.json").unlink()
    (lab.run.workspace / "output/inner/tokenizer.json").symlink_to(outside / "tokenizer.json")
    for path in ("..", "../base", str(outside), "output/link", "output/inner", "/"):
        reply = lab.submit(path)
        assert reply.status_code == 400, path
        assert reply.json()["error"] == "rejected"
    assert flags(lab) == [("path_escape", "path leads out of the workspace")] * 6
    assert statuses(lab) == [(n, "rejected") for n in range(1, 7)]
    assert all(e.score is None and e.reason for e in lab.events(SubmissionGraded))


def test_a_link_inside_the_workspace_is_followed_to_the_model(lab):
    lab.serve()
    lab.model("step-3", 1.0)
    (lab.run.workspace / "output/latest").symlink_to("step-3")
    assert lab.submit("output/latest").json()["score"] == 1.0
    assert lab.submit(str(lab.run.workspace / "output/step-3")).json()["status"] == "duplicate"


def test_weights_linked_to_the_base_are_flagged(lab):
    lab.serve()
    folder = lab.run.workspace / lab.model("a", 1.0)
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors").symlink_to("../../models/base/model.safetensors")
    reply = lab.submit("output/a")
    assert reply.status_code == 400
    assert "cp -L" in reply.json()["reason"]
    assert flags(lab) == [("base_symlink", "link to the base model")]


def test_64_clients_lose_and_reorder_nothing(lab):
    lab.serve()
    # 8 different models, each submitted by 8 clients at a time
    paths = [lab.model(f"m{i}", i / 8) for i in range(8)] * 8
    with ThreadPoolExecutor(64) as pool:
        replies = list(pool.map(lab.submit, paths))
    assert {reply.status_code for reply in replies} == {200}
    bodies = [reply.json() for reply in replies]
    assert sorted(body["submission_id"] for body in bodies) == list(range(1, 65))
    for path, body in zip(paths, bodies, strict=True):
        assert body["score"] == int(path[-1]) / 8
    lab.service.close("done")
    received = lab.events(SubmissionReceived)
    assert [e.submission_id for e in received] == list(range(1, 65))
    by_id = {body["submission_id"]: body for body in bodies}
    assert all(by_id[e.submission_id]["model_path"] == e.path for e in received)
    graded = {e.submission_id: e for e in lab.events(SubmissionGraded)}
    assert len(lab.events(SubmissionGraded)) == len(graded) == 64
    assert sorted(e.status for e in graded.values()) == ["duplicate"] * 56 + ["graded"] * 8
    scored = [e.submission_id for e in lab.events(SubmissionGraded) if e.status == "graded"]
    assert scored == sorted(scored)  # evaluated in order of arrival
    for number, body in by_id.items():
        assert (body["status"], body["score"]) == (graded[number].status, graded[number].score)


def test_a_full_queue_is_429(lab, gate):
    lab.serve(max_queue=2, **GATED)
    for name in "ab":
        assert lab.submit(lab.model(name, ord(name), act_wait=1), wait=0).status_code == 202
    reply = lab.submit(lab.model("c", 1.0), wait=0)
    assert (reply.status_code, reply.json()["error"]) == (429, "queue")
    gate()
    wait_for(lambda: len(statuses(lab)) == 2)
    assert lab.submit("output/c").status_code == 200


def test_the_wall_budget_is_429(lab):
    lab.serve(budget=BudgetInfo(wall_s=0.0))
    reply = lab.submit(lab.model("a", 1.0))
    assert (reply.status_code, reply.json()["error"]) == (429, "budget")
    assert lab.get("time").json()["remaining"] == 0.0


@pytest.mark.parametrize(
    ("finish", "expected"),
    [
        ("running", ["graded", "cancelled", "cancelled"]),
        ("none", ["cancelled", "cancelled", "cancelled"]),
        ("all", ["graded", "graded", "graded"]),
    ],
)
def test_closing_gives_every_submission_its_end(lab, gate, finish, expected):
    lab.serve(**GATED)
    paths = [lab.model(name, i / 2, act_wait=1) for i, name in enumerate("abc")]
    with ThreadPoolExecutor(3) as pool:
        waiting = []
        for i, path in enumerate(paths):
            waiting.append(pool.submit(lab.submit, path))
            wait_for(functools.partial(came_in, lab, i + 1))
        wait_for(lambda: lab.service.submissions()[0].state == "grading")
        closing = threading.Thread(target=lab.service.close, args=("time is up", finish))
        closing.start()
        wait_for(lambda: lab.service.health()["status"] == "closing")
        late = lab.submit(lab.model("late", 1.0))
        gate()
        closing.join()
        replies = [future.result() for future in waiting]
    assert late.status_code == 503
    assert ("refused_closing", "closing") in flags(lab)
    assert {kind for kind, _ in flags(lab)} == {"refused_closing"}
    assert statuses(lab) == list(enumerate(expected, start=1))
    codes = {"graded": 200, "cancelled": 503}
    assert [reply.status_code for reply in replies] == [codes[status] for status in expected]
    assert len(lab.events(SubmissionReceived)) == 3
    lab.service.close("again")  # does nothing
    with pytest.raises(Exception, match="refused"):
        lab.get("health")


def test_a_full_disk_is_503_and_told_to_the_run(lab):
    full = threading.Event()

    def write(event):
        if full.is_set():
            raise DiskFullError("no space left on the device")
        return lab.writer.write(event)

    lab.serve(write=write)
    assert not lab.service.failure
    path = lab.model("a", 1.0)
    full.set()
    assert lab.submit(path).status_code == 503
    assert lab.service.failure
    assert lab.service.failure == "no space left on the device"
    full.clear()
    assert lab.submit(path).status_code == 503  # it stays closed
    assert lab.events(SubmissionReceived) == []


def test_a_disk_that_fills_during_an_evaluation(lab, gate):
    full = threading.Event()

    def write(event):
        if full.is_set():
            raise DiskFullError("no space left on the device")
        return lab.writer.write(event)

    lab.serve(write=write, **GATED)
    with ThreadPoolExecutor(1) as pool:
        reply = pool.submit(lab.submit, lab.model("a", 1.0, act_wait=1))
        wait_for(lambda: lab.service.submissions() and lab.service.submissions()[0].state == "grading")
        full.set()
        gate()
        assert reply.result().status_code == 503  # never a score that is not on record
    assert lab.service.failure
    assert lab.service.best is None


def test_no_room_for_a_copy_is_no_fault_of_the_agent(lab, monkeypatch):
    lab.serve()

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("posttrace.runner.artifacts._copy_file", full)
    reply = lab.submit(lab.model("a", 1.0))
    assert (reply.status_code, reply.json()["error"]) == (500, "the model could not be copied")
    assert statuses(lab) == [(1, "error")]
    assert lab.service.failure
    assert lab.submit("output/a").status_code == 503


def test_a_lost_snapshot_ends_the_submission(lab):
    def revision():
        raise DiskFullError("no space left on the device")

    lab.serve(revision=revision)
    assert lab.submit(lab.model("a", 1.0)).status_code == 503
    assert statuses(lab) == [(1, "cancelled")]
    assert lab.service.failure


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
