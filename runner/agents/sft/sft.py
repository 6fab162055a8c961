"""Supervised fine-tuning: cross-entropy on what is to be imitated."""

from __future__ import annotations

import argparse
import json
import logging
from pathlib import Path
from typing import Any

import numpy as np

# these files lie beside this one in the workspace's code/
from adamw import AdamW  # type: ignore[import-not-found]
from client import submit  # type: ignore[import-not-found]
from practice import demonstrations  # type: ignore[import-not-found]
from training import BASE, Log, collate, load, save  # type: ignore[import-not-found]


def train_step(model: Any, optimizer: Any, batch: list[tuple[list[int], list[bool]]]) -> dict[str, float]:
    """One step on the mean cross-entropy of the learnt tokens."""
    tokens, mask = collate(batch)
    log_probs, tape = model.log_probs(tokens)
    loss = -(log_probs * mask).sum() / mask.sum()
    grad_norm = optimizer.step(model.backward(tape, -mask / mask.sum()))
    passes = 3 * mask.size  # forward 1, backward 2
    return {"loss": loss, "learning_rate": optimizer.learning_rate, "grad_norm": grad_norm, "passes": passes}


def examples(file: Path | None) -> Any:
    """The sequences in ``file``, or the task's demonstrations."""
    if file is None:
        return demonstrations()
    return [(line["tokens"], line["learnt"]) for line in map(json.loads, file.read_text().splitlines())]


def main() -> None:
    """Train, log every step, submit along the way; each checkpoint replaces the one before."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--init", type=Path, default=BASE)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=80)
    parser.add_argument("--submissions", type=int, default=1)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")

    rng = np.random.default_rng(args.seed)
    model = load(args.init)
    optimizer = AdamW(model.weights, learning_rate=args.learning_rate)
    known = examples(args.data)
    submit_after = {args.steps * (i + 1) // args.submissions for i in range(args.submissions)} - {0}
    log = Log("sft")
    for step in range(1, args.steps + 1):
        batch = [known[i] for i in rng.integers(len(known), size=args.batch_size)]
        log.write(step, **train_step(model, optimizer, batch))
        if step in submit_after:
            answer = submit(save(model, args.out))
            logging.info("step %d: %s", step, json.dumps(answer))
    save(model, args.out)


if __name__ == "__main__":
    main()
