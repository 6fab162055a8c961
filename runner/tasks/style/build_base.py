"""Pre-train the bases of ``style``: ``python -m posttrace.runner.tasks.style.build_base --seed N``.

A base reads training prompts and answers that leave out most of what is asked. So it speaks the language and
follows a prompt loosely. The lessons have no other flaw, because random ones would be averaged out by greedy
decoding and leave little room there; what else is wrong with its answers is the base's own doing.
``README.md`` holds how many items the five shipped bases win.
"""

from __future__ import annotations

import random
from functools import cache
from typing import Final

from posttrace.runner.tasks.pretrain import Example, Recipe, command
from posttrace.runner.tasks.style.language import Prompt, pick, prompts
from posttrace.runner.tasks.style.task import N_POSITIONS, TOKENIZER
from posttrace.runner.tasks.style.writers import Writer

TEACHER: Final = Writer(forgets=0.6, errs=0)
"""Who writes the lessons."""


@cache
def asked() -> tuple[Prompt, ...]:
    """The training prompts."""
    return tuple(prompts("train"))


def example(rng: random.Random) -> Example:
    """A training prompt and what the teacher answers."""
    prompt = pick(rng, asked())
    return encoded(prompt, TEACHER.write(prompt, rng))


def encoded(prompt: Prompt, answer: str) -> Example:
    """The answer and its end are learnt, the prompt is not."""
    read = TOKENIZER.encode(prompt.text)
    reply = [*TOKENIZER.encode(answer), TOKENIZER.eos_id]
    return [*read, *reply], [False] * len(read) + [True] * len(reply)


RECIPE: Final = Recipe("style", TOKENIZER, N_POSITIONS, example, steps=1500, batch=64, learning_rate=5e-3)

if __name__ == "__main__":
    command(RECIPE)()
