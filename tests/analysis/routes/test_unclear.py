"""Runs that leave something open: what is found all the same, and what stays ``unknown`` with candidates."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import posttrace as pt
from tests.analysis.routes.made import SFT, Story, two_commands


@pytest.fixture
def story(tmp_path: Path) -> Story:
    """A run to be told."""
    return Story(tmp_path / "run")


def test_a_hybrid_in_one_command_without_a_log_is_open_before_its_end(story: Story) -> None:
    story.start(a="read models/base\nstage sft\nwrite output/step-*\nstage grpo\nwrite output/step-*")
    story.ran(10, 40, "code/a.py")
    story.model(21, "output/step-1", "s", written_s=20)
    story.model(41, "output/step-2", "g", written_s=39)
    story.submit(1, 41.1, "output/step-1", "s", 40.0)
    story.submit(2, 41.2, "output/step-2", "g", 60.0)
    found = story.told()
    assert found.submissions[1].label == "unknown"
    assert set(found.submissions[1].candidates) == {"sft", "sft>grpo"}
    assert found.submissions[2].label == "sft>grpo"


def test_a_slip_that_would_have_written_the_same_folder(story: Story) -> None:
    """The model is first seen when it is submitted: by then both commands can have written it."""
    scripts = {"a": SFT, "b": "read $1\nstage grpo\nwrite output/grpo"}
    story.start(**scripts)
    story.ran(10, 20, "code/a.py")
    story.model(21, "output/sft", "s", written_s=19)
    story.ran(23, 24, "code/b.py", "output/typo")
    story.ran(25, 40, "code/b.py", "output/sft")
    story.submit(1, 30, "output/grpo", "g")
    assert story.told().submissions[1].label == "sft>grpo"


def test_without_revisions_only_hashes_speak(story: Story) -> None:
    two_commands(story)
    story.submit(3, 50, "output/copy", "base")
    traces = story.write()
    shutil.rmtree(story.folder / "revisions.git")
    found = pt.routes(traces).of("c-s0-a1")
    assert [route.label for route in found.submissions.values()] == ["unknown", "unknown", "no_train"]
    assert found.problem is not None
    assert "revisions.git" in found.problem
    assert "revisions.git" in found.submissions[1].evidence[0].says


def test_a_damaged_store_is_named_and_the_rest_goes_on(story: Story) -> None:
    two_commands(story)
    story.submit(3, 50, "output/copy", "base")
    traces = story.write()
    for place in (story.folder / "revisions.git/objects").glob("??/*"):
        place.unlink()
    found = pt.routes(traces).of("c-s0-a1")
    assert [route.label for route in found.submissions.values()] == ["unknown", "unknown", "no_train"]
    assert "lacks the commit" in (found.problem or "")


def test_a_command_that_was_never_seen(story: Story) -> None:
    story.start(a=SFT.replace("write output/sft", "write output/other"))
    story.log(11, 14, "output/log.jsonl", "reward")
    story.model(21, "output/sft", "s", written_s=19)
    story.submit(1, 22, "output/sft", "s")
    route = story.told().submissions[1]
    assert (route.label, route.tier) == ("unknown", None)
    assert route.candidates[0] == "grpo"  # what logs rewards, the most common first


def test_a_script_that_was_not_seen_to_run_but_alone_writes_the_folder(story: Story) -> None:
    two_commands(story, m="merge output/m output/sft output/grpo")
    story.model(53, "output/m", "m", written_s=51)
    story.submit(3, 54, "output/m", "m")
    route = story.told().submissions[3]
    assert (route.label, route.tier) == ("sft>grpo", "C")
    assert route.evidence[0].rule == "present"


def test_two_trainings_that_may_write_anywhere_leave_a_model_open(story: Story) -> None:
    """Nor does a script that lies there, and would write this folder, decide."""
    anywhere = "read models/base\nstage {}\nwrite *"
    story.start(a=anywhere.format("sft"), b=anywhere.format("grpo"), c=SFT.replace("stage sft", "stage dpo"))
    story.ran(10, 20, "code/a.py")
    story.ran(11, 21, "code/b.py")
    story.model(19, "output/sft", "s", written_s=18)
    story.submit(1, 22, "output/sft", "s")
    route = story.told().submissions[1]
    assert (route.label, route.candidates) == ("unknown", ("sft", "grpo"))


def test_a_session_that_runs_the_training_is_not_the_training(story: Story) -> None:
    story.start(session="stage grpo\nwrite output/*", a=SFT)
    story.ran(5, 60, "bash", "code/session.sh", pid=7)
    story.ran(10, 20, "code/a.py", ppid=7)
    story.model(21, "output/sft", "s", written_s=19)
    story.submit(1, 22, "output/sft", "s")
    found = story.told()
    assert (found.submissions[1].label, found.attempted) == ("sft", ("sft",))


def test_the_code_is_that_of_the_launch(story: Story) -> None:
    """Between two revisions the script changed from SFT to GRPO; a log of losses says which one ran."""
    story.start(a=SFT)
    story.ran(10, 20, "code/a.py")
    story.log(12, 19, "output/log.jsonl", "loss")
    story.code(24, a=SFT.replace("sft", "grpo").replace("output/grpo", "output/sft"))
    story.model(21, "output/sft", "s", written_s=19)
    story.submit(1, 22, "output/sft", "s")
    assert story.told().submissions[1].label == "sft"


def test_code_that_changed_around_the_launch_is_open_without_a_log(story: Story) -> None:
    story.start(a=SFT)
    story.ran(10, 20, "code/a.py")
    story.code(24, a=SFT.replace("sft", "grpo").replace("output/grpo", "output/sft"))
    story.model(21, "output/sft", "s", written_s=19)
    story.submit(1, 22, "output/sft", "s")
    route = story.told().submissions[1]
    assert (route.label, set(route.candidates)) == ("unknown", {"sft", "grpo"})


def test_a_recorder_of_launches_leaves_nothing_open(story: Story) -> None:
    """At 16 s it kept the code of another launch, so nothing had changed at 10 s."""
    story.start(a=SFT)
    story.ran(10, 15, "code/a.py")
    grpo = SFT.replace("stage sft", "stage grpo").replace("output/sft", "output/b")
    story.code(16.5, a=grpo, trigger="launch")
    story.ran(16, 20, "code/a.py")
    story.model(15, "output/sft", "s", written_s=14)
    story.model(21, "output/b", "g", written_s=19)
    story.submit(1, 22, "output/sft", "s")
    story.submit(2, 23, "output/b", "g")
    found = story.told()
    assert [found.submissions[n].label for n in (1, 2)] == ["sft", "grpo"]


def test_a_script_that_only_the_next_revision_has(story: Story) -> None:
    story.start()
    story.ran(10, 20, "code/a.py")
    story.code(13, a=SFT)
    story.model(21, "output/sft", "s", written_s=19)
    story.submit(1, 22, "output/sft", "s")
    assert story.told().submissions[1].label == "sft"
