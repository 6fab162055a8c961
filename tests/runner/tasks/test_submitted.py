"""What an embedded task does with a checkpoint that cannot be scored: one clear line, and never a score."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from posttrace.runner.models.checkpoint import load_checkpoint
from posttrace.runner.models.tokenizer import CHARACTERS, Tokenizer
from posttrace.runner.tasks.base import Task
from posttrace.runner.tasks.house import House
from posttrace.runner.tasks.pretrain import BASES
from posttrace.runner.tasks.spell import Spell
from posttrace.runner.tasks.style import Style
from posttrace.traces.errors import GradingError

TASKS = (Spell(n_items=5), Style(n_items=5), House(n_items=5))


@pytest.fixture(params=TASKS, ids=lambda task: task.info.id)
def task(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture
def checkpoint(task: Task, tmp_path: Path) -> Path:
    return Path(shutil.copytree(BASES / task.info.id / "0", tmp_path / "model"))


@pytest.fixture
def refused(task: Task, checkpoint: Path) -> Callable[[str], None]:
    def check(message: str) -> None:
        with pytest.raises(GradingError, match=message):
            task.evaluate(checkpoint, "feedback", seed=0)

    return check


def change_config(directory: Path, **fields: Any) -> None:
    path = directory / "config.json"
    path.write_text(json.dumps(json.loads(path.read_bytes()) | fields))


def change_weights(directory: Path, change: Callable[[dict[str, Any]], object]) -> None:
    weights = load_file(directory / "model.safetensors")
    change(weights)
    save_file(weights, directory / "model.safetensors")


def test_an_intact_checkpoint_is_scored(task, checkpoint):
    assert 0 <= task.evaluate(checkpoint, "feedback", seed=0).score <= 100


@pytest.mark.parametrize("file", ["config.json", "model.safetensors", "tokenizer.json"])
def test_a_missing_file(checkpoint, refused, file):
    (checkpoint / file).unlink()
    refused(f"^{file} cannot be read")


def test_another_architecture(checkpoint, refused):
    change_config(checkpoint, model_type="qwen2")
    refused("model_type is 'qwen2', not 'gpt2'")


def test_weights_that_are_not_finite(checkpoint, refused):
    change_weights(checkpoint, lambda w: w["transformer.h.1.mlp.c_fc.weight"].put(7, np.inf))
    refused(r"h\.1\.mlp\.c_fc\.weight holds NaN or infinite")


def test_weights_that_overflow(checkpoint, refused):
    def grow(weights):
        weights["transformer.wte.weight"] *= np.float32(1e10)  # about 1e9, and hidden states of about 1e37:
        weights["transformer.ln_f.weight"] *= np.float32(1e37)  # their product is beyond float32 (3e38)

    change_weights(checkpoint, grow)
    refused("NaN or infinite logits; submit an earlier checkpoint")


def test_tokens_in_another_order(checkpoint, refused):
    tokenizer = Tokenizer.load(checkpoint)
    replace(tokenizer, tokens=(*tokenizer.tokens[:2], *reversed(tokenizer.tokens[2:]))).save(checkpoint)
    refused("vocabulary is not the task's")


def test_tokens_cut_by_another_pattern(checkpoint, refused):
    tokenizer = Tokenizer.load(checkpoint)
    replace(tokenizer, pattern=r"\w" if tokenizer.pattern == CHARACTERS else CHARACTERS).save(checkpoint)
    refused("vocabulary is not the task's")


def test_another_end_token(checkpoint, refused):
    change_config(checkpoint, eos_token_id=2)
    refused("eos_token_id must be 1, not 2")


def test_too_few_positions(checkpoint, refused):
    needed = load_checkpoint(checkpoint)[0].n_positions
    change_config(checkpoint, n_positions=needed - 1)
    change_weights(
        checkpoint, lambda w: w.update({"transformer.wpe.weight": w["transformer.wpe.weight"][:-1]})
    )
    refused(f"n_positions must be {needed} or more, not {needed - 1}")
