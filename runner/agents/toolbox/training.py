"""What every training script needs: batches, a log, and complete checkpoints."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

# these files lie beside this one in the workspace's code/
from checkpoint import load_checkpoint, save_checkpoint  # type: ignore[import-not-found]
from gpt2 import GPT2  # type: ignore[import-not-found]

BASE = Path(os.environ["MODEL_PATH"])
OUTPUT = Path(os.environ["OUTPUT_DIR"])


def load(directory: Path) -> Any:
    """The model in ``directory``, to be trained in place."""
    return GPT2(*load_checkpoint(directory))


def save(model: Any, directory: Path) -> Path:
    """A complete checkpoint: the weights, and the base model's tokenizer."""
    save_checkpoint(directory, model.config, model.weights)
    for file in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(BASE / file, directory / file)
    return directory


def collate(sequences: Sequence[tuple[list[int], list[bool]]]) -> tuple[Any, Any]:
    """Tokens [B, T], padded on the right, and a mask [B, T-1]: 1 where the next token is learnt."""
    tokens = np.zeros((len(sequences), max(len(ids) for ids, _ in sequences)), np.int64)
    mask = np.zeros((len(sequences), tokens.shape[1] - 1), np.float32)
    for row, (ids, learnt) in enumerate(sequences):
        tokens[row, : len(ids)] = ids
        mask[row, : len(ids) - 1] = learnt[1:]
    return tokens, mask


class Log:
    """JSON lines, one a step, in ``output/<name>.jsonl``; a later stage goes on below."""

    def __init__(self, name: str) -> None:
        self._file = (OUTPUT / f"{name}.jsonl").open("a", buffering=1)

    def write(self, step: int, **values: float) -> None:
        """Write one step's values, rounded to five digits."""
        rounded = {name: float(f"{value:.5g}") for name, value in values.items()}
        self._file.write(json.dumps({"step": step, **rounded}) + "\n")
