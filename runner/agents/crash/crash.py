"""Starts like ``sft.py``, submits one checkpoint, then dies: it reads a validation file that nobody wrote."""

from __future__ import annotations

import argparse
import json
import logging
import os
from pathlib import Path

import numpy as np

# these files lie beside this one in the workspace's code/
from adamw import AdamW  # type: ignore[import-not-found]
from client import submit  # type: ignore[import-not-found]
from practice import demonstrations  # type: ignore[import-not-found]
from sft import train_step  # type: ignore[import-not-found]
from training import BASE, OUTPUT, Log, load, save  # type: ignore[import-not-found]


def main() -> None:
    """Train a few steps, submit, crash."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=5)
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")

    rng = np.random.default_rng(args.seed)
    model = load(BASE)
    optimizer = AdamW(model.weights, learning_rate=1e-3)
    examples = demonstrations()
    log = Log("sft")
    for step in range(1, args.steps + 1):
        batch = [examples[i] for i in rng.integers(len(examples), size=64)]
        log.write(step, **train_step(model, optimizer, batch))
    logging.info("submitted: %s", json.dumps(submit(save(model, OUTPUT / f"checkpoint-{args.steps}"))))
    held_out = (Path(os.environ["DATA_PATH"]) / "validation.jsonl").read_text().splitlines()
    logging.info("validating on %d examples", len(held_out))


if __name__ == "__main__":
    main()
