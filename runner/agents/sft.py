"""Supervised fine-tuning on the demonstrations; submits four checkpoints along the way."""

from __future__ import annotations

import argparse
import json
import logging
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np

# these files lie beside this one in the workspace's code/
from adamw import AdamW  # type: ignore[import-not-found]
from checkpoint import load_checkpoint, save_checkpoint  # type: ignore[import-not-found]
from client import submit  # type: ignore[import-not-found]
from gpt2 import GPT2  # type: ignore[import-not-found]
from tokenizer import Tokenizer  # type: ignore[import-not-found]

CHECKPOINTS = 4
BASE = Path(os.environ["MODEL_PATH"])
OUTPUT = Path(os.environ["OUTPUT_DIR"])


def read_demonstrations(tokenizer: Any) -> list[tuple[list[int], list[int]]]:
    """(prompt, completion) as token ids; the completion ends with the end token."""
    lines = (Path(os.environ["DATA_PATH"]) / "train.jsonl").read_text().splitlines()
    examples = [json.loads(line) for line in lines]
    return [
        (tokenizer.encode(e["prompt"]), [*tokenizer.encode(e["completion"]), tokenizer.eos_id])
        for e in examples
    ]


def collate(examples: list[tuple[list[int], list[int]]]) -> tuple[Any, Any]:
    """Tokens padded on the right, and a mask of the completion tokens, which alone are learnt."""
    length = max(len(prompt) + len(completion) for prompt, completion in examples)
    tokens = np.zeros((len(examples), length), np.int64)
    mask = np.zeros((len(examples), length - 1), np.float32)
    for row, (prompt, completion) in enumerate(examples):
        tokens[row, : len(prompt) + len(completion)] = prompt + completion
        mask[row, len(prompt) - 1 : len(prompt) + len(completion) - 1] = 1
    return tokens, mask


def train_step(model: Any, optimizer: Any, batch: list[tuple[list[int], list[int]]]) -> dict[str, float]:
    """One step on the mean cross-entropy of the completion tokens."""
    tokens, mask = collate(batch)
    log_probs, tape = model.log_probs(tokens)
    loss = -(log_probs * mask).sum() / mask.sum()
    grad_norm = optimizer.step(model.backward(tape, -mask / mask.sum()))
    return {"loss": round(float(loss), 5), "lr": optimizer.learning_rate, "grad_norm": round(grad_norm, 4)}


def save(model: Any, name: str) -> Path:
    """A complete checkpoint below output/: the weights, and the base model's tokenizer."""
    save_checkpoint(OUTPUT / name, model.config, model.weights)
    for file in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(BASE / file, OUTPUT / name / file)
    return OUTPUT / name


def main() -> None:
    """Train, log every step, submit every quarter."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=80)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")

    rng = np.random.default_rng(args.seed)
    model = GPT2(*load_checkpoint(BASE))
    optimizer = AdamW(model.weights, learning_rate=args.learning_rate)
    examples = read_demonstrations(Tokenizer.load(BASE))
    submit_after = {args.steps * (i + 1) // CHECKPOINTS for i in range(CHECKPOINTS)} - {0}
    with (OUTPUT / "train_log.jsonl").open("w", buffering=1) as log:
        for step in range(1, args.steps + 1):
            batch = [examples[i] for i in rng.integers(len(examples), size=args.batch_size)]
            log.write(json.dumps({"step": step, **train_step(model, optimizer, batch)}) + "\n")
            if step in submit_after:
                answer = submit(save(model, f"checkpoint-{step}"))
                logging.info("step %d: %s", step, json.dumps(answer))
                if answer.get("remaining_submissions") == 0:
                    break


if __name__ == "__main__":
    main()
