"""The pairs that the agent gets: two answers to a training prompt, and one verdict of the judge."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final

from posttrace.runner.tasks.style.judge import prefers_first
from posttrace.runner.tasks.style.language import Prompt, pick, prompts
from posttrace.runner.tasks.style.writers import Writer

WRITERS: Final = tuple(Writer(forgets, errs=0.15) for forgets in (0.1, 0.3, 0.5, 0.7))
"""Who writes the answers, each as often: from good to poor."""


@dataclass(frozen=True)
class Pair:
    """A verdict. It may be wrong by the rule: the judge was asked once, in the order of writing."""

    prompt: Prompt
    chosen: str
    rejected: str


def preference_pairs(n: int, seed: int = 21) -> list[Pair]:
    """One pair on each of the first ``n`` training prompts, always the same; the answers differ."""
    rng = random.Random(seed)
    return [_pair(prompt, rng) for prompt in prompts("train")[:n]]


def _pair(prompt: Prompt, rng: random.Random) -> Pair:
    first = second = ""
    while first == second:
        first, second = (pick(rng, WRITERS).write(prompt, rng) for _ in range(2))
    if prefers_first(prompt, first, second):
        return Pair(prompt, first, second)
    return Pair(prompt, second, first)
