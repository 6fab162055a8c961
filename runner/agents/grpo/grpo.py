"""Group-relative policy optimisation (Shao et al. 2024) on fresh tries of the current policy.

One update a batch: the importance ratio is 1 and is never clipped. There is no KL term.
"""

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
from practice import tries  # type: ignore[import-not-found]
from training import BASE, Log, collate, load, save  # type: ignore[import-not-found]


def advantages(rewards: Any, group_size: int) -> Any:
    """Reward over that of the other tries of the same prompt, in standard deviations."""
    groups = rewards.reshape(-1, group_size)
    spread = groups.std(axis=1, keepdims=True)
    return ((groups - groups.mean(axis=1, keepdims=True)) / (spread + 1e-4)).ravel()


def main() -> None:
    """Sample, score, step; each checkpoint replaces the one before."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--init", type=Path, default=BASE)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=80)
    parser.add_argument("--submissions", type=int, default=1)
    parser.add_argument("--prompts", type=int, default=16)
    parser.add_argument("--group-size", type=int, default=8)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")

    rng = np.random.default_rng(args.seed)
    model = load(args.init)
    optimizer = AdamW(model.weights, learning_rate=args.learning_rate)
    submit_after = {args.steps * (i + 1) // args.submissions for i in range(args.submissions)} - {0}
    log = Log("grpo")
    for step in range(1, args.steps + 1):
        batch, rewards = tries(model, rng, args.prompts, args.group_size)
        tokens, mask = collate(batch)
        weights = advantages(rewards, args.group_size)[:, None] * mask
        log_probs, tape = model.log_probs(tokens)
        grad_norm = optimizer.step(model.backward(tape, -weights / mask.sum()))
        log.write(
            step,
            reward=rewards.mean(),
            reward_std=rewards.reshape(-1, args.group_size).std(axis=1).mean(),
            log_prob=(log_probs * mask).sum() / mask.sum(),
            grad_norm=grad_norm,
            passes=4 * mask.size,  # sampling 1, forward 1, backward 2
        )
        if step in submit_after:
            answer = submit(save(model, args.out))
            logging.info("step %d: %s", step, json.dumps(answer))
    save(model, args.out)


if __name__ == "__main__":
    main()
