"""Sample from a checkpoint and keep the best try of each prompt, for fine-tuning on it."""

from __future__ import annotations

import argparse
import json
import logging
from pathlib import Path

import numpy as np

# these files lie beside this one in the workspace's code/
from practice import tries  # type: ignore[import-not-found]
from training import BASE, Log, load  # type: ignore[import-not-found]


def main() -> None:
    """Write the best try of each prompt that had one better than its mean."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", type=Path, default=BASE)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--prompts", type=int, default=256)
    parser.add_argument("--samples", type=int, default=4)
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")

    sequences, rewards = tries(load(args.model), np.random.default_rng(args.seed), args.prompts, args.samples)
    groups = rewards.reshape(-1, args.samples)
    best = groups.argmax(axis=1) + np.arange(len(groups)) * args.samples
    kept = best[groups.max(axis=1) > groups.mean(axis=1)]
    with args.out.open("w") as file:
        for i in kept:
            tokens, learnt = sequences[i]
            file.write(json.dumps({"tokens": tokens, "learnt": learnt, "reward": rewards[i]}) + "\n")
    passes = sum(len(tokens) for tokens, _ in sequences)
    Log("selection").write(0, reward=rewards.mean(), kept=len(kept), passes=passes)
    logging.info("kept %d of %d", len(kept), len(groups))


if __name__ == "__main__":
    main()
