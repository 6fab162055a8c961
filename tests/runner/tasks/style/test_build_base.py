from __future__ import annotations

import random
from pathlib import Path

import pytest
from click.testing import CliRunner

from posttrace.runner.artifacts import hash_directory
from posttrace.runner.compose import resolve
from posttrace.runner.tasks.pretrain import BASES, command
from posttrace.runner.tasks.style.build_base import RECIPE, encoded, example
from posttrace.runner.tasks.style.language import Prompt, prompts
from posttrace.runner.tasks.style.task import TOKENIZER


def test_the_answer_and_its_end_are_learnt() -> None:
    ids, learnt = encoded(Prompt("plain", "fox", ("red", "small")), "here is the fox .")
    assert TOKENIZER.decode(ids[:6]) == "plain fox : red small >"
    assert TOKENIZER.decode(ids[6:]) == "here is the fox ."
    assert ids[-1] == TOKENIZER.eos_id
    assert learnt == [False] * 6 + [True] * 6  # five words and the end


def test_examples_are_of_training_prompts() -> None:
    rng, known = random.Random(0), {prompt.text for prompt in prompts("train")}
    for _ in range(200):
        ids, learnt = example(rng)
        assert TOKENIZER.decode(ids[: learnt.index(True)]) in known


def test_the_options_name_the_shipped_bases() -> None:
    one, five = (resolve([f"base_model={name}"]).base_model for name in ("style", "style_five"))
    found = [hash_directory(BASES / "style" / str(seed))[0].sha256 for seed in range(5)]
    assert one.sha256 == found[0]
    assert [member.sha256 for member in five.by_seed] == found
    assert [Path(member.path).name for member in five.by_seed] == ["0", "1", "2", "3", "4"]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_a_rebuild_gives_the_shipped_base(seed: int) -> None:
    # bit for bit on the machine that built it; elsewhere up to what rounding adds up to
    result = CliRunner().invoke(command(RECIPE), ["--check", "--seed", str(seed)])
    assert result.exit_code == 0, result.output
