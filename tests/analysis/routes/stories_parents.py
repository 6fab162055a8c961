"""Runs that leave it to the analysis what a command started from."""

from __future__ import annotations

from tests.analysis.routes.made import SFT, Story
from tests.analysis.routes.stories import known, trained


@known("sft", "sft", tier="B")
def the_base_by_its_published_name(story: Story) -> None:
    """A cache outside of the workspace holds it; its name ends in that of the base."""
    story.start(a=SFT.replace("models/base", "someone/base"))
    trained(story)
    story.submit(1, 22, "output/sft", "s")


@known("sft", "sft", tier="B", base="someone/chat-1b")
def another_published_model_instead_of_the_base(story: Story) -> None:
    story.start(a=SFT.replace("models/base", "someone/chat-1b"))
    trained(story)
    story.submit(1, 22, "output/sft", "s")


@known("grpo", "grpo", tier="B")
def a_published_judge_beside_the_base(story: Story) -> None:
    story.start(a="read models/base\nread someone/judge-7b\nstage grpo\nwrite output/g")
    story.ran(10, 20, "code/a.py")
    story.model(21, "output/g", "g", written_s=19)
    story.submit(1, 22, "output/g", "g")


@known("sft>grpo", "sft", "reward_model", "grpo", tier="B")
def a_scorer_of_its_own_is_no_parent(story: Story) -> None:
    story.start(
        a=SFT,
        r="read output/sft\nstage reward_model\nwrite output/rm",
        b="read output/sft\nread output/rm\nstage grpo\nwrite output/g",
    )
    trained(story)
    story.ran(22, 30, "code/r.py")
    story.model(31, "output/rm", "r", written_s=29)
    story.ran(32, 50, "code/b.py")
    story.model(51, "output/g", "g", written_s=49)
    story.submit(1, 52, "output/g", "g")


@known("unknown", "sft", tier=None, rules="unexplained")
def a_parent_that_nobody_can_have_written(story: Story) -> None:
    story.start(a=SFT.replace("models/base", "output/from-nowhere"))
    trained(story)
    story.submit(1, 22, "output/sft", "s")
