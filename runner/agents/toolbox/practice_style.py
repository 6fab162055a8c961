"""Answers to a judge's taste: the chosen answers, and a reward learnt from the pairs."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

# these files lie beside this one in the workspace's code/
from reward_model import RewardModel  # type: ignore[import-not-found]
from sampling import sample  # type: ignore[import-not-found]
from tokenizer import Tokenizer  # type: ignore[import-not-found]

LONGEST = 24
DATA = Path(os.environ["DATA_PATH"])
TOKENIZER = Tokenizer.load(Path(os.environ["MODEL_PATH"]))


def read(name: str) -> list[dict[str, str]]:
    """The lines of a file of the task."""
    return [json.loads(line) for line in (DATA / name).read_text().splitlines()]


PAIRS = read("train.jsonl")
PROMPTS = [line["prompt"] for line in read("prompts.jsonl")]
REWARD = RewardModel(PROMPTS, [(p["prompt"], p["chosen"], p["rejected"]) for p in PAIRS])


def sequence(prompt: list[int], answer: list[int]) -> tuple[list[int], list[bool]]:
    """Tokens, and which of them are learnt: the answer alone."""
    return prompt + answer, [False] * len(prompt) + [True] * len(answer)


def demonstrations() -> list[tuple[list[int], list[bool]]]:
    """The answers that the judge chose."""
    return [
        sequence(TOKENIZER.encode(p["prompt"]), [*TOKENIZER.encode(p["chosen"]), TOKENIZER.eos_id])
        for p in PAIRS
    ]


def tries(
    model: Any, rng: np.random.Generator, n_prompts: int, n_samples: int
) -> tuple[list[tuple[list[int], list[bool]]], Any]:
    """``n_samples`` answers to each of ``n_prompts`` prompts, prompt after prompt, and their rewards."""
    asked = [PROMPTS[i] for i in rng.integers(len(PROMPTS), size=n_prompts) for _ in range(n_samples)]
    prompts = [TOKENIZER.encode(prompt) for prompt in asked]
    answers = sample(model, prompts, max_new_tokens=LONGEST, temperature=1.0, rng=rng)
    rewards = [REWARD(p, TOKENIZER.decode(a)) for p, a in zip(asked, answers, strict=True)]
    return [sequence(p, a) for p, a in zip(prompts, answers, strict=True)], np.array(rewards)
