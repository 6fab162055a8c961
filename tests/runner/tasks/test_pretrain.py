from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from posttrace.runner.artifacts import hash_directory
from posttrace.runner.models.gpt2 import GPT2
from posttrace.runner.models.tokenizer import Tokenizer
from posttrace.runner.tasks.loading import load_model
from posttrace.runner.tasks.pretrain import BASES, Example, Recipe, command, pack, save, train

TOKENIZER = Tokenizer(("<pad>", "<eos>", "a", "b"))


def alternate(rng: random.Random) -> Example:
    """abab or baba, then the end; the first token is the prompt."""
    ids = [2, 3, 2, 3, 1] if rng.random() < 0.5 else [3, 2, 3, 2, 1]
    return ids, [False, True, True, True, True]


QUICK = Recipe("toy", TOKENIZER, 8, alternate, steps=3, batch=8, warm_up=1, n_embd=8, n_head=2)


def test_a_recipe_and_a_seed_give_the_same_weights_again_and_another_seed_others() -> None:
    one, same, other = train(QUICK, 0), train(QUICK, 0), train(QUICK, 1)
    for name, weight in one.weights.items():
        np.testing.assert_array_equal(same.weights[name], weight)
    assert not np.array_equal(one.weights["transformer.wte.weight"], other.weights["transformer.wte.weight"])


def test_it_learns_what_the_examples_say() -> None:
    # the only chance is in the prompt, which is not learnt: the loss can fall from ln 4 to 0
    tokens, mask = pack([alternate(random.Random(0)) for _ in range(8)])
    log_probs, _ = train(replace(QUICK, steps=150, n_embd=16, learning_rate=1e-2), 0).log_probs(tokens)
    assert -(log_probs * mask).sum() / mask.sum() < 0.1


def test_packing_shifts_the_mask_to_what_predicts() -> None:
    tokens, mask = pack([([2, 3, 1], [False, True, True]), ([2, 1], [False, True])])
    assert tokens.tolist() == [[2, 3, 1], [2, 1, 0]]
    assert mask.tolist() == [[1, 1], [1, 0]]


def test_saved_bases_of_one_recipe_have_one_hash(tmp_path: Path) -> None:
    for name in ("one", "two"):
        save(QUICK, train(QUICK, 0), tmp_path / name)
    assert hash_directory(tmp_path / "one")[0] == hash_directory(tmp_path / "two")[0]


def test_the_command_writes_a_complete_checkpoint(tmp_path: Path) -> None:
    result = CliRunner().invoke(command(QUICK), [str(tmp_path), "--seed", "1"])
    assert result.exit_code == 0, result.output
    model = load_model(tmp_path, TOKENIZER, 8)
    np.testing.assert_array_equal(
        model.weights["transformer.wte.weight"], train(QUICK, 1).weights["transformer.wte.weight"]
    )


@pytest.mark.parametrize(
    ("shift", "code", "words"), [(0.0, 0, "identical"), (0.004, 0, "0.004"), (0.03, 1, "by more than 0.01")]
)
def test_check_names_the_difference_and_fails_above_the_tolerance(
    tmp_path: Path, shift: float, code: int, words: str
) -> None:
    model = train(QUICK, 0)
    # nothing else differs, so the largest difference is the shift itself
    shifted = {**model.weights, "transformer.ln_f.bias": model.weights["transformer.ln_f.bias"] + shift}
    save(QUICK, GPT2(model.config, shifted), tmp_path)
    result = CliRunner().invoke(command(QUICK), [str(tmp_path), "--check"])
    assert (result.exit_code, words in result.output) == (code, True), result.output


def test_every_shipped_base_is_a_complete_checkpoint() -> None:
    found = sorted(BASES.glob("*/*"))
    assert found
    for base in found:
        files = {file.path for file in hash_directory(base)[1]}
        assert files == {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"}, base
