from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from posttrace.runner.artifacts import hash_directory
from posttrace.runner.compose import resolve
from posttrace.runner.models.gpt2 import GPT2
from posttrace.runner.tasks.spell import build_base
from posttrace.runner.tasks.spell.build_base import (
    SHIPPED,
    Recipe,
    main,
    misspelt,
    pack,
    save_base,
    train_base,
)
from posttrace.runner.tasks.spell.task import TOKENIZER, load_model
from posttrace.runner.workspace import locate

QUICK = Recipe(steps=3, batch=8, n_embd=8, n_head=2)


def test_the_shipped_base_has_the_recorded_hash() -> None:
    option = resolve(["base_model=spell"]).base_model
    path = locate(option.path)
    assert path.samefile(SHIPPED)
    assert hash_directory(path)[0].sha256 == option.sha256


def test_the_shipped_base_is_a_complete_checkpoint() -> None:
    files = {file.path for file in hash_directory(SHIPPED)[1]}
    assert files == {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"}
    load_model(SHIPPED)


def test_a_recipe_gives_the_same_weights_again_and_another_seed_others() -> None:
    one, same = train_base(QUICK), train_base(QUICK)
    other = train_base(Recipe(steps=3, batch=8, n_embd=8, n_head=2, seed=1))
    for name, weight in one.weights.items():
        np.testing.assert_array_equal(same.weights[name], weight)
    assert not np.array_equal(one.weights["transformer.wte.weight"], other.weights["transformer.wte.weight"])


def test_saved_bases_of_one_recipe_have_one_hash(tmp_path: Path) -> None:
    for name in ("one", "two"):
        save_base(train_base(QUICK), tmp_path / name)
    assert hash_directory(tmp_path / "one")[0] == hash_directory(tmp_path / "two")[0]


def test_misspellings_swap_drop_or_double() -> None:
    rng = random.Random(0)
    lengths = Counter(len(misspelt("abcdef", rng)) for _ in range(3000))
    # each kind has probability 1/3: 1000 of 3000, standard error 26
    assert set(lengths) == {5, 6, 7}
    assert all(abs(count - 1000) < 130 for count in lengths.values())
    swapped = {misspelt("abc", random.Random(seed)) for seed in range(200)}
    assert swapped == {"bac", "acb", "bc", "ac", "aabc", "abbc"}


def test_packing_marks_the_answer_and_its_end() -> None:
    # "ab>" then "ba<eos>": targets at t = 2, 3, 4 (of tokens 3, 4, 5); the shorter row is padded with 0
    a, b, end, eos = (*TOKENIZER.encode("ab>"), TOKENIZER.eos_id)
    tokens, mask = pack([("ab", "ba"), ("a", "a")])
    assert tokens.tolist() == [[a, b, end, b, a, eos], [a, end, a, eos, 0, 0]]
    assert mask.tolist() == [[0, 0, 1, 1, 1], [0, 1, 1, 0, 0]]


@pytest.mark.slow
def test_a_rebuild_gives_the_shipped_base() -> None:
    # bit for bit on the machine that built it; elsewhere up to what rounding adds up to
    result = CliRunner().invoke(main, ["--check"])
    assert result.exit_code == 0, result.output


def test_check_names_the_difference_and_fails_above_the_tolerance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build_base, "Recipe", lambda: QUICK)  # three steps instead of 250
    model = train_base(QUICK)
    for shift, code, words_ in ((0.0, 0, "identical"), (0.004, 0, "0.004"), (0.03, 1, "by more than 0.01")):
        # nothing else differs, so the largest difference is the shift itself
        shifted = {**model.weights, "transformer.ln_f.bias": model.weights["transformer.ln_f.bias"] + shift}
        save_base(GPT2(model.config, shifted), tmp_path)
        result = CliRunner().invoke(main, [str(tmp_path), "--check"])
        assert (result.exit_code, words_ in result.output) == (code, True), result.output


def test_the_command_writes_a_complete_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build_base, "Recipe", lambda: QUICK)
    assert CliRunner().invoke(main, [str(tmp_path)]).exit_code == 0
    load_model(tmp_path)
