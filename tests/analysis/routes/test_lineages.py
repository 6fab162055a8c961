"""Routes of runs whose lineage is known: every expected label is what the story says was done."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import posttrace as pt
from tests.analysis.routes.made import Story

SFT = "read models/base\nstage sft\nwrite output/sft"
GRPO = "read output/sft\nstage grpo\nwrite output/grpo"


@pytest.fixture
def story(tmp_path: Path) -> Story:
    return Story(tmp_path / "run")


def two_commands(story: Story, **scripts: str) -> None:
    """SFT from the base until 20 s, GRPO from that until 40 s, both submitted."""
    story.start(a=SFT, b=GRPO, **scripts)
    story.ran(10, 20, "code/a.py")
    story.model(21, "output/sft", "s", written_s=19)
    story.submit(1, 22, "output/sft", "s", 40.0)
    story.ran(23, 40, "code/b.py")
    story.model(41, "output/grpo", "g", written_s=39)
    story.submit(2, 42, "output/grpo", "g", 60.0)


def test_one_training_is_its_objective(story: Story) -> None:
    commit = story.start(a=SFT)
    story.ran(10, 20, "code/a.py")
    story.log(12, 18, "output/log.jsonl", "loss", "lr")
    story.model(21, "output/sft", "s", written_s=19)
    story.submit(1, 22, "output/sft", "s")
    found = story.told()
    route = found.submissions[1]
    assert (route.label, route.coarse, route.tier) == ("sft", "SFT", "A")
    assert route.evidence[0].where == f"code/a.py:2@{commit[:8]}"
    assert {fact.rule for fact in route.evidence} >= {"stage", "executed", "write", "log", "started_from"}
    assert (found.attempted, found.submitted, found.submission_id) == (("sft",), route, 1)


def test_without_a_log_the_tier_is_lower(story: Story) -> None:
    story.start(a=SFT)
    story.ran(10, 20, "code/a.py")
    story.model(21, "output/sft", "s", written_s=19)
    story.submit(1, 22, "output/sft", "s")
    assert story.told().submissions[1].tier == "B"


def test_a_copy_of_the_base_is_no_training_whatever_the_scripts_hold(story: Story) -> None:
    story.start(a=SFT.replace("output/sft", "output/copy"))
    story.ran(10, 20, "code/a.py")
    story.model(21, "output/copy", "base", written_s=19)
    story.submit(1, 22, "output/copy", "base")
    found = story.told()
    assert (found.submissions[1].label, found.submissions[1].tier) == ("no_train", "A")
    assert found.attempted == ("sft",)


def test_a_link_to_the_base_is_no_training(story: Story) -> None:
    """The grader resolves links: what it copied has the content of the base."""
    story.start(a="read models/base")
    story.ran(10, 20, "code/a.py")
    story.submit(1, 12, "output/link", "base")
    assert story.told().submissions[1].label == "no_train"


def test_a_hybrid_over_two_commands(story: Story) -> None:
    two_commands(story)
    found = story.told()
    assert [found.submissions[n].label for n in (1, 2)] == ["sft", "sft>grpo"]
    assert found.submissions[2].coarse == "hybrid"
    assert found.attempted == ("sft", "grpo")
    assert found.submission_id == 2


def test_a_parent_that_was_only_seen_after_the_next_command_began(story: Story) -> None:
    story.start(a=SFT, b=GRPO)
    story.ran(10, 20, "code/a.py")
    story.ran(20.1, 40, "code/b.py")
    story.model(23, "output/sft", "s", written_s=19.9)
    story.model(41, "output/grpo", "g", written_s=39)
    story.submit(1, 42, "output/grpo", "g")
    assert story.told().submissions[1].label == "sft>grpo"


def test_a_copy_of_an_earlier_submission_has_its_route(story: Story) -> None:
    two_commands(story)
    story.model(51, "output/best", "s", written_s=50)
    story.submit(3, 52, "output/best", "s", 40.0)
    route = story.told().submissions[3]
    assert route.label == "sft"
    assert route.evidence[-1].rule == "copy"
    assert "output/sft" in route.evidence[-1].says


def test_an_overwritten_folder_is_two_models(story: Story) -> None:
    story.start(
        a="read models/base\nstage sft\nwrite output/m", b="read output/m\nstage grpo\nwrite output/m"
    )
    story.ran(10, 20, "code/a.py")
    story.model(21, "output/m", "s", written_s=19)
    story.submit(1, 22, "output/m", "s")
    story.ran(23, 40, "code/b.py")
    story.model(41, "output/m", "g", written_s=39)
    story.submit(2, 42, "output/m", "g")
    found = story.told()
    assert [found.submissions[n].label for n in (1, 2)] == ["sft", "sft>grpo"]


def test_an_overwritten_folder_that_only_revisions_list(story: Story) -> None:
    """The first model is gone before the folder is looked at; the submission's revision lists it."""
    scripts = {
        "a": "read models/base\nstage sft\nwrite output/m",
        "b": "read output/m\nstage grpo\nwrite output/m",
    }
    story.start(**scripts)
    story.ran(10, 20, "code/a.py")
    story.submit(1, 20.1, "output/m", "s")
    story.code(20.12, {"output/m": "s"}, **scripts)
    story.ran(20.5, 30, "code/b.py")
    story.model(31, "output/m", "g", written_s=29)
    story.submit(2, 32, "output/m", "g")
    found = story.told()
    assert [found.submissions[n].label for n in (1, 2)] == ["sft", "sft>grpo"]


def test_two_branches_of_one_parent(story: Story) -> None:
    story.start(a=SFT, b=GRPO, c="read output/sft\nstage dpo\nwrite output/dpo")
    story.ran(10, 20, "code/a.py")
    story.model(21, "output/sft", "s", written_s=19)
    story.ran(22, 40, "code/b.py")
    story.ran(23, 39, "code/c.py")
    story.model(41, "output/grpo", "g", written_s=38)
    story.model(41, "output/dpo", "d", written_s=38)
    story.submit(1, 42, "output/grpo", "g")
    story.submit(2, 43, "output/dpo", "d")
    found = story.told()
    assert [found.submissions[n].label for n in (1, 2)] == ["sft>grpo", "sft>dpo"]


def test_a_merge_joins_the_routes_of_its_parents(story: Story) -> None:
    two_commands(story, m="merge output/m output/sft output/grpo")
    story.ran(50, 52, "code/m.py")
    story.model(53, "output/m", "m", written_s=51)
    story.submit(3, 54, "output/m", "m")
    route = story.told().submissions[3]
    assert (route.label, route.attributes["merge"]) == ("sft>grpo", "2")


def test_a_hybrid_in_one_command(story: Story) -> None:
    """Its log shows that the first model was written before any reward was logged."""
    story.start(a="read models/base\nstage sft\nwrite output/step-*\nstage grpo\nwrite output/step-*")
    story.ran(10, 40, "code/a.py")
    story.log(11, 19, "output/log.jsonl", "loss")
    story.model(21, "output/step-1", "s", written_s=20)
    story.log(25, 38, "output/log.jsonl", "reward", "kl")
    story.model(41, "output/step-2", "g", written_s=39)
    story.submit(1, 41.1, "output/step-1", "s", 40.0)
    story.submit(2, 41.2, "output/step-2", "g", 60.0)
    found = story.told()
    assert [found.submissions[n].label for n in (1, 2)] == ["sft", "sft>grpo"]
    assert found.submissions[2].tier == "A"


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


def test_the_line_that_writes_a_model_says_what_came_before_it(story: Story) -> None:
    """Each folder is written at a place of its own in the script; no log is needed."""
    story.start(
        a="read models/base\nwrite output/cast\nstage sft\nwrite output/warm\nstage grpo\nwrite output/end"
    )
    story.ran(10, 40, "code/a.py")
    story.log(30, 38, "output/log.jsonl", "reward")
    for n, (t_s, name) in enumerate([(12, "cast"), (21, "warm"), (39, "end")], start=1):
        story.model(t_s + 0.5, f"output/{name}", name, written_s=t_s)
        story.submit(n, t_s + 0.6, f"output/{name}", name)
    found = story.told(order=True)
    assert [found.submissions[n].label for n in (1, 2, 3)] == ["no_train", "sft", "sft>grpo"]


def test_a_failed_first_attempt_is_attempted_and_not_submitted(story: Story) -> None:
    story.start(a="read models/base\nstage grpo\nwrite output/a", b=SFT)
    story.ran(10, 15, "code/a.py")
    story.ran(16, 30, "code/b.py")
    story.model(31, "output/sft", "s", written_s=29)
    story.submit(1, 32, "output/sft", "s")
    found = story.told()
    assert found.attempted == ("grpo", "sft")
    assert found.submitted is not None
    assert found.submitted.label == "sft"


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


def test_submissions_while_training_goes_on(story: Story) -> None:
    story.start(a="read models/base\nstage sft\nwrite output/step-*")
    story.ran(10, 40, "code/a.py")
    for n in (1, 2, 3):
        story.submit(n, 10.0 * n + 1, f"output/step-{n}", f"s{n}")
        story.model(10.0 * n + 3, f"output/step-{n}", f"s{n}", written_s=10.0 * n + 0.9)
    found = story.told()
    assert [route.label for route in found.submissions.values()] == ["sft"] * 3


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


def test_the_same_objective_again_is_one_stage_with_rounds(story: Story) -> None:
    story.start(a=SFT, b="read output/sft\nstage sft\nwrite output/more")
    story.ran(10, 20, "code/a.py")
    story.model(21, "output/sft", "s", written_s=19)
    story.ran(22, 30, "code/b.py")
    story.model(31, "output/more", "t", written_s=29)
    story.submit(1, 32, "output/more", "t")
    route = story.told().submissions[1]
    assert (route.label, route.attributes["rounds"]) == ("sft", "2")


def test_a_chain_of_many_rounds(story: Story) -> None:
    story.start(a="read $1\nstage sft\nwrite output/*")
    for n in range(400):
        start_s, source = 10.0 * n + 10, f"output/r{n - 1}" if n else "models/base"
        story.ran(start_s, start_s + 8, "code/a.py", source)
        story.model(start_s + 9, f"output/r{n}", f"w{n}", written_s=start_s + 7)
    story.submit(1, 4100, "output/r399", "w399")
    route = story.told().submissions[1]
    assert (route.label, route.attributes["rounds"]) == ("sft", "400")
    started = [fact.says for fact in route.evidence if fact.rule == "started_from"]
    assert started == ["started from output/r398", "started from models/base"]


def test_a_model_that_is_written_without_training_keeps_its_parents_route(story: Story) -> None:
    story.start(a="read models/base\nwrite output/noise", b="read output/sft\nwrite output/cast", c=SFT)
    story.ran(10, 12, "code/a.py")
    story.model(13, "output/noise", "n", written_s=11)
    story.submit(1, 14, "output/noise", "n")
    story.ran(20, 30, "code/c.py")
    story.model(31, "output/sft", "s", written_s=29)
    story.ran(32, 34, "code/b.py")
    story.model(35, "output/cast", "f", written_s=33)
    story.submit(2, 36, "output/cast", "f")
    found = story.told()
    assert [found.submissions[n].label for n in (1, 2)] == ["no_train", "sft"]


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


ROUND = "read $1\nstage sft data_path=output/tries.jsonl\nwrite output/r"


def rounds(story: Story, reads: str, *keys: str, also: str = "") -> None:
    """A command loads ``reads`` and writes output/tries.jsonl; SFT from the base on that file follows."""
    scripts = {
        "a": f"read {reads}{also}",
        "b": ROUND,
        "t": "read models/base\nstage dpo\nwrite output/teacher",
    }
    story.start(**scripts)
    story.ran(2, 5, "code/t.py")
    story.model(6, "output/teacher", "t", written_s=4)
    story.ran(10, 14, "code/a.py", "--out", "output/tries.jsonl")
    if keys:
        story.log(11, 13, "output/selection.jsonl", *keys)
    story.code(14.5, {}, "output/tries.jsonl", **scripts)
    story.ran(15, 30, "code/b.py", "models/base")
    story.model(31, "output/r", "r", written_s=29)
    story.submit(1, 32, "output/r", "r")


def test_training_on_own_samples_chosen_by_reward_is_rft(story: Story) -> None:
    rounds(story, "models/base", "reward", "kept")
    route = story.told().submissions[1]
    assert (route.label, route.coarse, route.attributes["data"]) == ("rft", "SFT", "self+filter")
    assert any(fact.rule == "own_samples" for fact in route.evidence)


def test_a_scorer_that_the_sampler_fits_first_changes_nothing(story: Story) -> None:
    rounds(story, "models/base", "reward", "kept", also="\nstage reward_model")
    found = story.told()
    assert (found.submissions[1].label, found.attempted) == ("rft", ("dpo", "reward_model", "rft"))


def test_a_scorer_is_no_part_of_the_route(story: Story) -> None:
    story.start(a="read models/base\nstage reward_model\nstage grpo\nwrite output/g")
    story.ran(10, 20, "code/a.py")
    story.model(21, "output/g", "g", written_s=19)
    story.submit(1, 22, "output/g", "g")
    route = story.told().submissions[1]
    assert (route.label, route.attributes) == ("grpo", {"auxiliary": "reward_model"})


def test_own_samples_without_a_sign_of_a_reward_are_open(story: Story) -> None:
    rounds(story, "models/base")
    route = story.told().submissions[1]
    assert (route.label, route.candidates) == ("unknown", ("rft", "sft"))


def test_samples_of_another_model_are_a_teachers_text(story: Story) -> None:
    rounds(story, "output/teacher", "reward")
    route = story.told().submissions[1]
    assert (route.label, route.attributes["data"]) == ("sft", "distill_text")


def test_a_script_that_only_the_next_revision_has(story: Story) -> None:
    story.start()
    story.ran(10, 20, "code/a.py")
    story.code(13, a=SFT)
    story.model(21, "output/sft", "s", written_s=19)
    story.submit(1, 22, "output/sft", "s")
    assert story.told().submissions[1].label == "sft"
