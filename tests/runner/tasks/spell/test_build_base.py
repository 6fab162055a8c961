from __future__ import annotations

import random
from collections import Counter

import pytest
from click.testing import CliRunner

from posttrace.runner.tasks.pretrain import command
from posttrace.runner.tasks.spell.build_base import RECIPE, encoded, example, misspelt
from posttrace.runner.tasks.spell.task import TOKENIZER
from posttrace.runner.tasks.spell.words import words


def test_misspellings_swap_drop_or_double() -> None:
    rng = random.Random(0)
    lengths = Counter(len(misspelt("abcdef", rng)) for _ in range(3000))
    # each kind has probability 1/3: 1000 of 3000, standard error 26
    assert set(lengths) == {5, 6, 7}
    assert all(abs(count - 1000) < 130 for count in lengths.values())
    swapped = {misspelt("abc", random.Random(seed)) for seed in range(200)}
    assert swapped == {"bac", "acb", "bc", "ac", "aabc", "abbc"}


def test_the_answer_and_its_end_are_learnt() -> None:
    a, b, end, eos = (*TOKENIZER.encode("ab>"), TOKENIZER.eos_id)
    assert encoded("ab", "ba") == ([a, b, end, b, a, eos], [False, False, False, True, True, True])


def test_examples_are_of_training_words() -> None:
    rng, known = random.Random(0), set(words("train"))
    for _ in range(200):
        ids, learnt = example(rng)
        assert TOKENIZER.decode(ids[: learnt.index(True)]).removesuffix(">") in known


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_a_rebuild_gives_the_shipped_base(seed: int) -> None:
    # bit for bit on the machine that built it; elsewhere up to what rounding adds up to
    result = CliRunner().invoke(command(RECIPE), ["--check", "--seed", str(seed)])
    assert result.exit_code == 0, result.output
