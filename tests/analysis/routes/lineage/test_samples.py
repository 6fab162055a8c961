"""Training on what the run itself drew from a model."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.analysis.routes.made import Story


@pytest.fixture
def story(tmp_path: Path) -> Story:
    """A run to be told."""
    return Story(tmp_path / "run")


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


def unseen(story: Story, sampler: str, *, data: str = "output/tries.jsonl") -> None:
    """SFT on ``data``; a sampler stands in the code, and no command but the training was seen."""
    scripts = {"a": sampler, "b": f"read models/base\nstage sft data_path={data}\nwrite output/r"}
    story.start(**scripts)
    story.code(14.5, {}, "output/tries.jsonl", **scripts)
    story.ran(15, 30, "code/b.py")
    story.model(31, "output/r", "r", written_s=29)
    story.submit(1, 32, "output/r", "r")


def test_new_data_that_a_script_of_the_code_may_have_drawn_are_open(story: Story) -> None:
    unseen(story, "read models/base\ndraw output/tries.jsonl")
    route = story.told().submissions[1]
    assert (route.label, route.candidates) == ("unknown", ("rft", "sft"))
    assert any(fact.rule == "unseen_samples" and fact.path == "code/a.py" for fact in route.evidence)


def test_new_data_without_a_sampler_in_the_code_are_what_was_given(story: Story) -> None:
    unseen(story, "read models/base")
    assert story.told().submissions[1].label == "sft"


def test_data_that_was_there_at_the_start_are_given_whatever_samplers_do(story: Story) -> None:
    unseen(story, "read models/base\ndraw output/tries.jsonl", data="data/train.jsonl")
    assert story.told().submissions[1].label == "sft"


def test_samples_of_another_model_are_a_teachers_text(story: Story) -> None:
    rounds(story, "output/teacher", "reward")
    route = story.told().submissions[1]
    assert (route.label, route.attributes["data"]) == ("sft", "distill_text")
