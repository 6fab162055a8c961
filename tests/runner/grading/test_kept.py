"""Which checkpoints are kept, and what is flagged: copies of the base, links, paths that lead out."""

from __future__ import annotations

import shutil

import pytest

from posttrace.runner.artifacts import hash_directory, remove_artifact
from posttrace.traces.events import (
    IntegrityFlag,
    SubmissionGraded,
)
from tests.support import wait_for


def _fails(_):
    raise OSError("no process")


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
    assert lab.flags() == [("base_copy", "same artefact"), ("base_copy", "same weights")]


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
    assert lab.flags() == [("path_escape", "path leads out of the workspace")] * 6
    assert lab.statuses() == [(n, "rejected") for n in range(1, 7)]
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
    assert lab.flags() == [("base_symlink", "link to the base model")]
