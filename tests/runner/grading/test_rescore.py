from __future__ import annotations

import shutil

import pytest

from posttrace.runner.artifacts import hash_directory, remove_artifact
from posttrace.runner.grading.rescore import rescore
from posttrace.runner.grading.seeds import rescore_seed
from posttrace.traces import read_events
from posttrace.traces.errors import GradingError, InputError
from posttrace.traces.events import (
    AgentInfo,
    BaseModelInfo,
    BudgetInfo,
    Recorder,
    RescoreStarted,
    RunFinished,
    RunStarted,
    SandboxInfo,
    Software,
)
from tests.runner.grading.toy import SPEC, Toy


def start(lab, **settings):
    base, _ = hash_directory(lab.run.root / "base")
    info = BaseModelInfo(id="base", sha256=base.sha256, bytes=base.bytes)
    lab.writer.write(
        RunStarted(
            run_id="cell-s7-a1",
            cell_id="cell",
            seed=7,
            config={"task": SPEC, "grading": settings, "server": {"port": 0}},
            task=Toy().info,
            agent=AgentInfo(id="test"),
            base_model=info,
            budget=BudgetInfo(),
            sandbox=SandboxInfo(kind="local", isolates=[]),
            software=Software(python=None, posttrace=None),
            recorder=Recorder(kind="native"),
        )
    )
    return lab.serve(base=info, **settings)


def finish(lab):
    lab.service.close("done")
    best = lab.service.best
    done = RunFinished(
        status="completed", reason=None, exit_code=0, wall_s=1.0, submissions=lab.service.received, best=best
    )
    lab.writer.write(done)


def rescored(path):
    return list(read_events(path))


def test_best_and_baseline_on_other_splits(lab):
    start(lab)
    lab.submit(lab.model("a", 0.2, 0.4))
    lab.submit(lab.model("b", 0.6, 1.0))
    finish(lab)
    path = rescore(lab.run.root, "best", 2, "sealed")
    assert path == lab.run.rescore(1)
    started, *events = rescored(path)
    assert isinstance(started, RescoreStarted)
    assert (started.run_id, started.parent_head) == ("cell-s7-a1", lab.writer.head)
    # mean of .6 and 1, halved on the sealed split
    assert [(e.submission_id, e.split, e.replicate, e.score) for e in events] == [
        (2, "sealed", 0, 0.4),
        (2, "sealed", 1, 0.4),
    ]
    assert events[0].eval_seed == rescore_seed(lab.writer.head, 2, 0, "sealed")
    assert events[0].items.values == [0.3, 0.5]
    second = rescore(lab.run.root, "baseline", 1, "fresh")
    assert second == lab.run.rescore(2)
    assert [(e.submission_id, e.replicate, e.score) for e in rescored(second)[1:]] == [("baseline", 0, 0.5)]
    # numbers go on where an earlier rescoring, or the run itself, stopped
    third = rescore(lab.run.root, 2, 1, "sealed")
    assert [e.replicate for e in rescored(third)[1:]] == [2]
    fourth = rescore(lab.run.root, "baseline", 1, "feedback")
    assert [e.replicate for e in rescored(fourth)[1:]] == [1]
    assert not lab.run.grading.exists()


def test_a_checkpoint_that_was_not_kept(lab):
    start(lab)
    lab.submit(lab.model("a", 0.9))
    lab.submit(lab.model("b", 0.1))
    lab.submit("nowhere")
    finish(lab)
    with pytest.raises(
        InputError, match=r"submission 2 was not kept: grading\.keep=best keeps only the best"
    ):
        rescore(lab.run.root, 2, 1, "sealed")
    with pytest.raises(InputError, match=r"submission 3 has no checkpoint; submissions with a score: 1, 2"):
        rescore(lab.run.root, 3, 1, "sealed")
    with pytest.raises(InputError, match="submission 9 has no checkpoint"):
        rescore(lab.run.root, 9, 1, "sealed")
    with pytest.raises(InputError, match="replicates must be 1 or more"):
        rescore(lab.run.root, 1, 0, "sealed")
    assert not lab.run.rescore(1).exists()


@pytest.mark.parametrize(("keep", "gone"), [("best", [1, "baseline"]), ("all", [1, 2, "baseline"])])
def test_a_checkpoint_that_was_kept_and_is_gone(lab, keep, gone):
    start(lab, keep=keep)
    lab.submit(lab.model("a", 0.9))
    lab.submit(lab.model("b", 0.1))
    finish(lab)
    for place in list(lab.run.artifacts.iterdir()):
        remove_artifact(place)
    for which in gone:
        with pytest.raises(InputError, match=rf"was kept \(grading\.keep={keep}\) and is gone"):
            rescore(lab.run.root, which, 1, "sealed")


def test_nothing_was_kept(lab):
    start(lab, keep="none")
    lab.submit(lab.model("a", 0.9))
    finish(lab)
    for which in (1, "baseline"):
        with pytest.raises(InputError, match=r"was not kept: grading\.keep=none keeps nothing"):
            rescore(lab.run.root, which, 1, "sealed")


def test_a_checkpoint_that_has_changed(lab):
    start(lab)
    lab.submit(lab.model("a", 0.9))
    finish(lab)
    artifact, _ = hash_directory(lab.run.workspace / "output/a")
    config = lab.run.artifact(artifact.sha256) / "config.json"
    config.chmod(0o644)
    config.write_text("{}")
    with pytest.raises(InputError, match="has changed: its hash is"):
        rescore(lab.run.root, "best", 1, "sealed")


def test_a_copy_of_the_base_is_never_the_best_that_is_kept_and_rescored(lab):
    start(lab)
    lab.submit(lab.model("a", 0.2, 0.4))
    lab.submit("models/base")  # scores .5, more than what was trained
    finish(lab)
    assert lab.service.best.submission_id == 2  # what the agent heard
    _, event = rescored(rescore(lab.run.root, "best", 1, "sealed"))
    assert event.submission_id == 1


def test_no_score_no_best(lab):
    start(lab)
    finish(lab)
    with pytest.raises(InputError, match="try --submission baseline"):
        rescore(lab.run.root, "best", 1, "sealed")


def test_a_run_is_named_by_its_folder_its_trace_or_a_folder_above(lab):
    start(lab)
    lab.submit(lab.model("a", 0.9))
    finish(lab)
    for n, path in enumerate((lab.run.root, lab.run.trace, lab.run.root.parent), start=1):
        assert rescore(path, "best", 1, "sealed") == lab.run.rescore(n)
    with pytest.raises(InputError, match=r"rescore-1.jsonl is no run: name a directory"):
        rescore(lab.run.rescore(1), "best", 1, "sealed")
    shutil.copytree(lab.run.root, lab.run.root.with_name("attempt-2"))
    with pytest.raises(InputError, match=f"holds 2 runs: name one, like {lab.run.root}$"):
        rescore(lab.run.root.parent, "best", 1, "sealed")


def test_no_run(tmp_path):
    with pytest.raises(InputError, match="is empty: name a run directory"):
        rescore(tmp_path, "best", 1, "sealed")


def test_a_failed_rescoring_is_no_score(lab, monkeypatch, tmp_path):
    monkeypatch.setenv("TOY_GATE", str(tmp_path))
    (tmp_path / "open").touch()
    start(lab, env_passthrough=("TOY_GATE",))
    lab.submit(lab.model("a", 0.9, act_wait=1))
    finish(lab)
    monkeypatch.delenv("TOY_GATE")
    with pytest.raises(GradingError, match=r"replicate 0 got no score \(error\): .*KeyError"):
        rescore(lab.run.root, "best", 1, "sealed")
    assert [type(e) for e in rescored(lab.run.rescore(1))] == [RescoreStarted]
