"""Spelling backwards: the given words, and a reward that can be checked."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

# these files lie beside this one in the workspace's code/
from sampling import sample  # type: ignore[import-not-found]
from tokenizer import Tokenizer  # type: ignore[import-not-found]

LONGEST = 9
TOKENIZER = Tokenizer.load(Path(os.environ["MODEL_PATH"]))
WORDS = [
    json.loads(line) for line in (Path(os.environ["DATA_PATH"]) / "train.jsonl").read_text().splitlines()
]


def sequence(prompt: list[int], answer: list[int]) -> tuple[list[int], list[bool]]:
    """Tokens, and which of them are learnt: the answer alone."""
    return prompt + answer, [False] * len(prompt) + [True] * len(answer)


def demonstrations() -> list[tuple[list[int], list[bool]]]:
    """The solved words."""
    return [
        sequence(TOKENIZER.encode(w["prompt"]), [*TOKENIZER.encode(w["completion"]), TOKENIZER.eos_id])
        for w in WORDS
    ]


def tries(
    model: Any, rng: np.random.Generator, n_prompts: int, n_samples: int
) -> tuple[list[tuple[list[int], list[bool]]], Any]:
    """``n_samples`` answers to each of ``n_prompts`` words, one word after the other, and their rewards.

    The reward is the share of letters at the right place, and one more for a right answer as a whole.
    """
    asked = [WORDS[i] for i in rng.integers(len(WORDS), size=n_prompts) for _ in range(n_samples)]
    prompts = [TOKENIZER.encode(w["prompt"]) for w in asked]
    answers = sample(model, prompts, max_new_tokens=LONGEST, temperature=1.0, rng=rng)
    rewards = [reward(TOKENIZER.decode(a), w["completion"]) for a, w in zip(answers, asked, strict=True)]
    return [sequence(p, a) for p, a in zip(prompts, answers, strict=True)], np.array(rewards)


def reward(answer: str, right: str) -> float:
    """0 to 2."""
    same = sum(a == b for a, b in zip(answer, right, strict=False))
    return same / max(len(answer), len(right)) + (answer == right)
