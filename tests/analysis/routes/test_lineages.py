"""Routes of runs whose lineage is known: every expected label is what the story says was done."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.analysis.routes.made import GRPO, SFT, Story, two_commands
from tests.analysis.routes.scripted import read_in_order


@pytest.fixture
def story(tmp_path: Path) -> Story:
    """A run to be told."""
    return Story(tmp_path / "run")


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
    found = story.told(read_in_order)
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


def test_submissions_while_training_goes_on(story: Story) -> None:
    story.start(a="read models/base\nstage sft\nwrite output/step-*")
    story.ran(10, 40, "code/a.py")
    for n in (1, 2, 3):
        story.submit(n, 10.0 * n + 1, f"output/step-{n}", f"s{n}")
        story.model(10.0 * n + 3, f"output/step-{n}", f"s{n}", written_s=10.0 * n + 0.9)
    found = story.told()
    assert [route.label for route in found.submissions.values()] == ["sft"] * 3


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
