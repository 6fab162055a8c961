from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from posttrace.runner.models.checkpoint import (
    CheckpointError,
    GPT2Config,
    Weights,
    load_checkpoint,
    save_checkpoint,
)
from posttrace.runner.models.gpt2 import GPT2

CONFIG = GPT2Config(vocab_size=7, n_positions=6, n_embd=4, n_layer=2, n_head=2, eos_token_id=1)
WTE = "transformer.wte.weight"


def weights(seed: int = 0) -> Weights:
    return GPT2.initial(CONFIG, np.random.default_rng(seed), std=0.5).weights


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    save_checkpoint(tmp_path, CONFIG, weights())
    return tmp_path


def change_config(directory: Path, **fields: Any) -> None:
    path = directory / "config.json"
    path.write_text(json.dumps(json.loads(path.read_bytes()) | fields))


def change_weights(directory: Path, change: Callable[[Weights], object]) -> None:
    stored = load_file(directory / "model.safetensors")
    change(stored)
    save_file(stored, directory / "model.safetensors")


def test_save_and_load_keep_every_bit(saved: Path) -> None:
    config, loaded = load_checkpoint(saved)
    assert config == CONFIG
    assert list(loaded) == list(CONFIG.shapes())
    for name, weight in weights().items():
        np.testing.assert_array_equal(loaded[name], weight)


def test_the_same_content_gives_the_same_bytes(saved: Path, tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "again", *load_checkpoint(saved))
    for file in ("config.json", "model.safetensors"):
        assert (saved / file).read_bytes() == (tmp_path / "again" / file).read_bytes()


def test_half_precision_and_a_tied_head_are_read(saved: Path) -> None:
    change_weights(saved, lambda w: w.update({n: a.astype(np.float16) for n, a in w.items()}))
    change_weights(saved, lambda w: w.update({"lm_head.weight": w[WTE]}))
    _, loaded = load_checkpoint(saved)
    assert loaded[WTE].dtype == np.float32
    np.testing.assert_array_equal(loaded[WTE], weights()[WTE].astype(np.float16).astype(np.float32))


def put_nan(stored: Weights) -> None:
    stored["transformer.ln_f.weight"][2] = np.nan


WRONG_WEIGHTS: list[tuple[Callable[[Weights], object], str]] = [
    (put_nan, r"transformer\.ln_f\.weight holds NaN"),
    (lambda w: w.pop(WTE), r"transformer\.wte\.weight is missing"),
    (lambda w: w.update(extra=np.zeros(1)), "extra is no weight of this model"),
    (lambda w: w.update({WTE: w[WTE][:5]}), r"transformer\.wte\.weight is \[5, 4\], not \[7, 4\]"),
    (lambda w: w.update({"lm_head.weight": w[WTE] + 1}), r"lm_head\.weight differs"),
]


@pytest.mark.parametrize(("change", "message"), WRONG_WEIGHTS)
def test_weights_that_do_not_fit_are_refused(
    saved: Path, change: Callable[[Weights], object], message: str
) -> None:
    change_weights(saved, change)
    with pytest.raises(CheckpointError, match=message):
        load_checkpoint(saved)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"model_type": "llama"}, "model_type is 'llama', not 'gpt2'"),
        ({"activation_function": "relu"}, "activation_function must be 'gelu_new'"),
        ({"tie_word_embeddings": False}, "tie_word_embeddings must be True"),
        ({"n_layer": 0}, "n_layer must be a whole number from 1, not 0"),
        ({"n_layer": 10**12}, "fewer tensors than n_layer"),
        ({"n_embd": "4"}, "n_embd must be a whole number from 1, not '4'"),
        ({"vocab_size": True}, "vocab_size must be a whole number"),
        ({"n_head": 3}, "n_embd is not a multiple of n_head"),
        ({"layer_norm_epsilon": 0}, "layer_norm_epsilon must be between 0 and 1, not 0"),
        ({"layer_norm_epsilon": "small"}, "layer_norm_epsilon must be between"),
        ({"eos_token_id": None}, "eos_token_id must be a whole number from 0, not None"),
        ({"eos_token_id": float("inf")}, "eos_token_id must be a whole number from 0, not inf"),
        ({"n_layer": 3}, r"transformer\.h\.2\.attn\.c_attn\.bias is missing"),
    ],
)
def test_a_configuration_that_does_not_fit_is_refused(
    saved: Path, fields: dict[str, Any], message: str
) -> None:
    change_config(saved, **fields)
    with pytest.raises(CheckpointError, match=message):
        load_checkpoint(saved)


@pytest.mark.parametrize("file", ["config.json", "model.safetensors"])
def test_missing_and_damaged_files_are_named(saved: Path, file: str) -> None:
    (saved / file).write_bytes(b"[1, 2")
    with pytest.raises(CheckpointError, match=f"^{file} is (damaged|no JSON)"):
        load_checkpoint(saved)
    (saved / file).unlink()
    with pytest.raises(CheckpointError, match=f"^{file} cannot be read"):
        load_checkpoint(saved)


@pytest.mark.parametrize("text", ["[]", "3", "null", "[" * 100_000])
def test_a_configuration_that_is_no_object_is_refused(saved: Path, text: str) -> None:
    (saved / "config.json").write_text(text)
    with pytest.raises(CheckpointError, match=r"^config\.json"):
        load_checkpoint(saved)


def test_transformers_computes_the_same_logits(saved: Path) -> None:
    transformers = pytest.importorskip("transformers", reason="transformers is not installed (extra)")
    torch = pytest.importorskip("torch", reason="torch is not installed (extra)")
    theirs = transformers.AutoModelForCausalLM.from_pretrained(saved).eval()
    tokens = np.random.default_rng(0).integers(CONFIG.vocab_size, size=(5, 6))
    with torch.no_grad():
        expected = theirs(torch.from_numpy(tokens)).logits.numpy()
    model = GPT2(*load_checkpoint(saved))
    np.testing.assert_allclose(model.logits(model.hidden(tokens)), expected, atol=1e-5)


def test_a_checkpoint_saved_by_transformers_loads(saved: Path, tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers", reason="transformers is not installed (extra)")
    transformers.AutoModelForCausalLM.from_pretrained(saved).save_pretrained(tmp_path / "theirs")
    config, loaded = load_checkpoint(tmp_path / "theirs")
    assert config == CONFIG
    for name, weight in weights().items():
        np.testing.assert_array_equal(loaded[name], weight)
