"""Runs told by events, each with the route that it was made to have: one chain after another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from tests.analysis.routes.made import GRPO, SFT, Story, two_commands


@dataclass(frozen=True)
class Known:
    """A story, and what is true of its best submission and of the run."""

    tell: Callable[[Story], None]
    route: str
    attempted: tuple[str, ...]
    tier: str | None
    attributes: Mapping[str, str] = field(default_factory=dict)
    """Those that must be there with these values."""
    candidates: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    """That must have fired."""
    real: bool = False
    """Whether the scripts are python."""


STORIES: Final[dict[str, Known]] = {}


def known(
    route: str, *attempted: str, tier: str | None, candidates: str = "", rules: str = "", real: bool = False,
    **attributes: str,
) -> Callable[[Callable[[Story], None]], Callable[[Story], None]]:  # fmt: skip
    """The route of the best submission; ``candidates`` and ``rules`` are words."""

    def keep(tell: Callable[[Story], None]) -> Callable[[Story], None]:
        told = Known(
            tell, route, attempted, tier, attributes, tuple(candidates.split()), tuple(rules.split()), real
        )
        assert tell.__name__ not in STORIES
        STORIES[tell.__name__] = told
        return tell

    return keep


def trained(story: Story, *, log: bool = False) -> None:
    """SFT until 20 s, in output/sft."""
    story.ran(10, 20, "code/a.py")
    if log:
        story.log(11, 19, "output/log.jsonl", "loss", "mean_token_accuracy")
    story.model(21, "output/sft", "s", written_s=19)


@known("sft", "sft", tier="A", rules="stage executed log started_from")
def straight(story: Story) -> None:
    story.start(a=SFT)
    trained(story, log=True)
    story.submit(1, 22, "output/sft", "s")


@known("sft>dpo", "sft", "dpo", tier="B")
def sft_then_dpo(story: Story) -> None:
    story.start(a=SFT, b=GRPO.replace("grpo", "dpo"))
    trained(story)
    story.ran(23, 40, "code/b.py")
    story.model(41, "output/dpo", "d", written_s=39)
    story.submit(1, 42, "output/dpo", "d")


@known("pretrain>sft>grpo", "pretrain", "sft", "grpo", tier="B")
def three_objectives(story: Story) -> None:
    story.start(
        a="read models/base\nstage pretrain\nwrite output/p",
        b="read output/p\nstage sft\nwrite output/s",
        c="read output/s\nstage grpo\nwrite output/g",
    )
    for n, name in enumerate("psg"):
        story.ran(10 * n + 10, 10 * n + 18, f"code/{'abc'[n]}.py")
        story.model(10 * n + 19, f"output/{name}", name, written_s=10 * n + 17)
    story.submit(1, 50, "output/g", "g")


@known("sft>grpo", "sft", "grpo", tier="B", rules="copy")
def copied_and_submitted(story: Story) -> None:
    two_commands(story)
    story.model(50, "output/final", "g", written_s=39)  # cp -p keeps the time
    story.submit(3, 51, "output/final", "g", 70.0)


@known("sft", "sft", tier="B", rules="copy")
def moved_before_it_was_seen_again(story: Story) -> None:
    story.start(a=SFT)
    trained(story)
    story.step(22, "mv output/sft output/final", 22.5)
    story.model(24, "output/final", "s", written_s=19)
    story.submit(1, 25, "output/final", "s")


@known("sft", "sft", tier="B", rules="copy")
def a_link_to_a_trained_model(story: Story) -> None:
    """Links are not followed by the recorder; the grader hashes what they point to."""
    story.start(a=SFT)
    trained(story)
    story.step(22, "ln -s sft output/link", 22.1)
    story.submit(1, 25, "output/link", "s")


@known("no_train", tier="A", rules="base_copy")
def a_link_to_the_base(story: Story) -> None:
    story.start(a=SFT)
    story.step(10, "ln -s ../models/base output/link", 10.1)
    story.submit(1, 12, "output/link", "base")


@known("no_train", "sft", tier="A", rules="base_copy")
def a_copy_of_the_base_after_a_training(story: Story) -> None:
    story.start(a=SFT)
    trained(story, log=True)
    story.submit(1, 22, "output/sft", "s", 20.0)
    story.model(30, "output/copy", "base", written_s=0)
    story.submit(2, 31, "output/copy", "base", 50.0)


@known("sft", "sft", "grpo", tier="B", rules="copy")
def the_earlier_checkpoint_is_the_best(story: Story) -> None:
    two_commands(story)
    story.model(50, "output/best", "s", written_s=49)
    story.submit(3, 51, "output/best", "s", 90.0)


@known("sft>dpo", "sft", "grpo", "dpo", tier="B")
def two_branches_and_the_worse_one_is_submitted(story: Story) -> None:
    story.start(a=SFT, b=GRPO, c="read output/sft\nstage dpo\nwrite output/dpo")
    trained(story)
    story.ran(22, 40, "code/b.py")
    story.model(41, "output/grpo", "g", written_s=39)
    story.ran(42, 60, "code/c.py")
    story.model(61, "output/dpo", "d", written_s=59)
    story.submit(1, 62, "output/dpo", "d", 10.0)


@known("grpo", "sft", "grpo", tier="B")
def a_branch_from_the_base_ignores_the_warm_up(story: Story) -> None:
    story.start(a=SFT, b=GRPO.replace("output/sft", "models/base"))
    trained(story)
    story.ran(22, 40, "code/b.py")
    story.model(41, "output/grpo", "g", written_s=39)
    story.submit(1, 42, "output/grpo", "g")


@known("sft>grpo", "sft", "grpo", tier="B", merge="2")
def a_merge_of_two_trained_models(story: Story) -> None:
    two_commands(story, m="merge output/m output/sft output/grpo")
    story.ran(50, 52, "code/m.py")
    story.model(53, "output/m", "m", written_s=51)
    story.submit(3, 54, "output/m", "m", 90.0)


@known("sft", "sft", tier="B", merge="2")
def a_merge_with_the_base(story: Story) -> None:
    story.start(a=SFT, m="merge output/m models/base output/sft")
    trained(story)
    story.ran(30, 32, "code/m.py")
    story.model(33, "output/m", "m", written_s=31)
    story.submit(1, 34, "output/m", "m")


@known("sft", "sft", tier="B", merge="adapter")
def an_adapter_that_is_merged(story: Story) -> None:
    story.start(a=SFT, m="merge output/m models/base output/sft")
    story.ran(10, 20, "code/a.py")
    story.model(21, "output/sft", "s", written_s=19, adapter=True)
    story.ran(30, 32, "code/m.py")
    story.model(33, "output/m", "m", written_s=31)
    story.submit(1, 34, "output/m", "m")


@known("sft>grpo", "sft", "grpo", tier="B", merge="adapter")
def an_adapter_trained_twice_and_merged_at_the_end(story: Story) -> None:
    story.start(a=SFT, b="read models/base\n" + GRPO, m="merge output/m models/base output/grpo")
    story.ran(10, 20, "code/a.py")
    story.model(21, "output/sft", "s", written_s=19, adapter=True)
    story.ran(23, 40, "code/b.py")
    story.model(41, "output/grpo", "g", written_s=39, adapter=True)
    story.ran(50, 52, "code/m.py")
    story.model(53, "output/m", "m", written_s=51)
    story.submit(1, 54, "output/m", "m")


@known("sft", "sft", tier="B", resumed="yes")
def a_training_that_is_resumed_from_its_checkpoint(story: Story) -> None:
    story.start(a="read $1\nstage sft\nwrite output/sft")
    story.ran(10, 20, "code/a.py", "models/base", exit_code=1)
    story.model(18, "output/sft/checkpoint-50", "half", written_s=17)
    story.ran(23, 40, "code/a.py", "--resume_from_checkpoint", "output/sft/checkpoint-50")
    story.model(41, "output/sft", "s", written_s=39)
    story.submit(1, 42, "output/sft", "s")


@known("sft", "sft", tier="B", rounds="3")
def rounds_into_one_folder(story: Story) -> None:
    story.start(a="read $1\nstage sft\nwrite output/m")
    story.ran(10, 20, "code/a.py", "models/base")
    story.model(21, "output/m", "1", written_s=19)
    story.ran(22, 30, "code/a.py", "output/m")
    story.model(31, "output/m", "2", written_s=29)
    story.ran(32, 40, "code/a.py", "output/m")
    story.model(41, "output/m", "3", written_s=39)
    story.submit(1, 42, "output/m", "3")


@known("rft", "rft", tier="B", rounds="2", data="self+filter")
def rounds_on_own_samples(story: Story) -> None:
    scripts = {"a": "read $1", "b": "read $1\nstage sft data_path=output/tries.jsonl\nwrite output/*"}
    story.start(**scripts)
    source = "models/base"
    for n in (1, 2):
        at_s = 30.0 * n
        story.ran(at_s, at_s + 5, "code/a.py", "--out", "output/tries.jsonl", source)
        story.log(at_s + 1, at_s + 4, "output/tries.jsonl", "reward")
        story.code(at_s + 5.5, {}, "output/tries.jsonl", **scripts)
        story.ran(at_s + 6, at_s + 20, "code/b.py", source)
        source = f"output/r{n}"
        story.model(at_s + 21, source, f"w{n}", written_s=at_s + 19)
    story.submit(1, 99, "output/r2", "w2")


@known("sft", "grpo", "sft", tier="B")
def a_failed_attempt_first(story: Story) -> None:
    story.start(a=GRPO.replace("output/sft", "models/base"), b=SFT)
    story.ran(10, 30, "code/a.py", exit_code=1)
    story.ran(40, 50, "code/b.py")
    story.model(51, "output/sft", "s", written_s=49)
    story.submit(1, 52, "output/sft", "s")
