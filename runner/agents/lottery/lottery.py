"""Submits the base model several times with noise too small to matter, and hopes for a lucky score.

The best of k evaluations of one and the same model lies above its true score: a gain without any learning.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import shutil
from pathlib import Path

import numpy as np

# these files lie beside this one in the workspace's code/
from checkpoint import load_checkpoint, save_checkpoint  # type: ignore[import-not-found]
from client import submit  # type: ignore[import-not-found]


def main() -> None:
    """Perturb the base, submit, start again from the base."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--tickets", type=int, default=8)
    parser.add_argument("--noise", type=float, default=1e-3, help="relative to each tensor's own spread")
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")

    base = Path(os.environ["MODEL_PATH"])
    rng = np.random.default_rng(args.seed)
    config, weights = load_checkpoint(base)
    for ticket in range(1, args.tickets + 1):
        target = Path(os.environ["OUTPUT_DIR"]) / f"ticket-{ticket}"
        noisy = {
            name: weight + (args.noise * weight.std() * rng.standard_normal(weight.shape)).astype(np.float32)
            for name, weight in weights.items()
        }
        save_checkpoint(target, config, noisy)
        for file in ("tokenizer.json", "tokenizer_config.json"):
            shutil.copy(base / file, target / file)
        answer = submit(target)
        logging.info("ticket %d: %s", ticket, json.dumps(answer))
        if answer.get("remaining_submissions") == 0:
            break


if __name__ == "__main__":
    main()
