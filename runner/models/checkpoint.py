"""GPT-2 checkpoints in the Hugging Face format: ``config.json`` and ``model.safetensors``, both ways.

Needs numpy, safetensors and the standard library at run time, so that it can be copied next to a script.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

Weights = dict[str, NDArray[Any]]

FIXED = {
    "activation_function": "gelu_new",
    "tie_word_embeddings": True,
    "scale_attn_weights": True,
    "scale_attn_by_inverse_layer_idx": False,
    "add_cross_attention": False,
}
"""What ``transformers`` lets a GPT-2 vary and the numpy model does not; the values are its defaults."""


class CheckpointError(ValueError):
    """A directory is no checkpoint that this file can load; the text says which part and why."""


@dataclass(frozen=True)
class GPT2Config:
    """The shape of a model, under the names of ``config.json``."""

    vocab_size: int
    n_positions: int
    n_embd: int
    n_layer: int
    n_head: int
    eos_token_id: int
    layer_norm_epsilon: float = 1e-5

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Name -> shape of every weight, in the order of the forward pass."""
        e = self.n_embd
        shapes: dict[str, tuple[int, ...]] = {
            "transformer.wte.weight": (self.vocab_size, e),
            "transformer.wpe.weight": (self.n_positions, e),
        }
        for i in range(self.n_layer):
            for name, width in (("ln_1", e), ("ln_2", e)):
                shapes[f"transformer.h.{i}.{name}.weight"] = shapes[f"transformer.h.{i}.{name}.bias"] = (
                    width,
                )
            for name, n_in, n_out in (
                ("attn.c_attn", e, 3 * e),
                ("attn.c_proj", e, e),
                ("mlp.c_fc", e, 4 * e),
                ("mlp.c_proj", 4 * e, e),
            ):
                shapes[f"transformer.h.{i}.{name}.weight"] = (n_in, n_out)
                shapes[f"transformer.h.{i}.{name}.bias"] = (n_out,)
        shapes["transformer.ln_f.weight"] = shapes["transformer.ln_f.bias"] = (e,)
        return shapes


def load_checkpoint(directory: Path) -> tuple[GPT2Config, Weights]:
    """Read a checkpoint; the weights come as float32, every one finite and of the shape the config says.

    Raises ``CheckpointError`` with one line that names the file and the field or tensor.
    """
    config = _read_config(directory / "config.json")
    weights = _read_weights(directory / "model.safetensors")
    head = weights.pop("lm_head.weight", None)
    if head is not None and not np.array_equal(head, weights.get("transformer.wte.weight", head[:0])):
        raise CheckpointError("model.safetensors: lm_head.weight differs from transformer.wte.weight (tied)")
    if config.n_layer > len(weights):  # before a list of a billion names is made
        raise CheckpointError(f"model.safetensors: fewer tensors than n_layer = {config.n_layer} layers")
    shapes = config.shapes()
    if odd := sorted(shapes.keys() ^ weights.keys()):
        what = "is missing" if odd[0] in shapes else "is no weight of this model"
        raise CheckpointError(f"model.safetensors: {odd[0]} {what} ({len(odd)} such names)")
    for name, shape in shapes.items():
        if weights[name].shape != shape:
            raise CheckpointError(
                f"model.safetensors: {name} is {list(weights[name].shape)}, not {list(shape)}"
            )
        if not np.isfinite(weights[name]).all():
            raise CheckpointError(f"model.safetensors: {name} holds NaN or infinite weights")
    return config, {name: weights[name] for name in shapes}


def save_checkpoint(directory: Path, config: GPT2Config, weights: Weights) -> None:
    """Write ``config.json`` and ``model.safetensors``; the same content always gives the same bytes.

    Files of an earlier checkpoint in ``directory`` are replaced, not atomically.
    """
    directory.mkdir(parents=True, exist_ok=True)
    fields = {
        "architectures": ["GPT2LMHeadModel"],
        "model_type": "gpt2",
        **asdict(config),
        **FIXED,
        "bos_token_id": config.eos_token_id,
        "attn_pdrop": 0.0,
        "embd_pdrop": 0.0,
        "resid_pdrop": 0.0,
    }
    (directory / "config.json").write_text(json.dumps(fields, indent=2, sort_keys=True) + "\n")
    save_file(weights, directory / "model.safetensors", metadata={"format": "pt"})


def _read_config(path: Path) -> GPT2Config:
    try:
        fields = json.loads(path.read_bytes())
    except OSError as error:
        raise CheckpointError(f"config.json cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"config.json is no JSON: {error}") from error
    if not isinstance(fields, dict) or fields.get("model_type") != "gpt2":
        found = fields.get("model_type") if isinstance(fields, dict) else None
        raise CheckpointError(f"config.json: model_type is {found!r}, not 'gpt2'")
    for name, value in FIXED.items():
        if fields.get(name, value) != value:
            raise CheckpointError(f"config.json: {name} must be {value!r}, not {fields[name]!r}")
    config = GPT2Config(
        vocab_size=_whole(fields, "vocab_size", 1),
        n_positions=_whole(fields, "n_positions", 1),
        n_embd=_whole(fields, "n_embd", 1),
        n_layer=_whole(fields, "n_layer", 1),
        n_head=_whole(fields, "n_head", 1),
        eos_token_id=_whole(fields, "eos_token_id", 0),
        layer_norm_epsilon=_epsilon(fields),
    )
    if config.n_embd % config.n_head:
        raise CheckpointError("config.json: n_embd is not a multiple of n_head")
    return config


def _whole(fields: dict[str, Any], name: str, least: int) -> int:
    value = fields.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise CheckpointError(f"config.json: {name} must be a whole number from {least}, not {value!r}")
    return value


def _epsilon(fields: dict[str, Any]) -> float:
    value = fields.get("layer_norm_epsilon", GPT2Config.layer_norm_epsilon)
    if not isinstance(value, int | float) or not 0 < value < 1:
        raise CheckpointError(f"config.json: layer_norm_epsilon must be between 0 and 1, not {value!r}")
    return float(value)


def _read_weights(path: Path) -> Weights:
    try:
        stored = load_file(path)
    except OSError as error:
        raise CheckpointError(f"model.safetensors cannot be read: {error}") from error
    except (SafetensorError, TypeError, KeyError) as error:
        raise CheckpointError(f"model.safetensors is damaged or of an unknown dtype: {error}") from error
    return {name: np.asarray(value, np.float32) for name, value in stored.items()}
