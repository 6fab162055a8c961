"""Pre-train the bases of ``spell``: ``python -m posttrace.runner.tasks.spell.build_base --seed N``.

A base learns the task for a short time, from training words whose answers are wrong in three of ten cases
(two neighbouring letters swapped, one dropped, or one doubled): of the hidden words the five shipped bases
sample 15 to 29 % right at temperature 1, and spell 72 to 90 % right greedily.
"""

from __future__ import annotations

import random
from functools import cache
from typing import Final

from posttrace.runner.tasks.pretrain import Example, Recipe, command
from posttrace.runner.tasks.spell.task import N_POSITIONS, TOKENIZER, answer_to, prompt_of
from posttrace.runner.tasks.spell.words import words

WRONG_SHARE: Final = 0.3


@cache
def vocabulary() -> tuple[str, ...]:
    """The training words."""
    return tuple(words("train"))


def example(rng: random.Random) -> Example:
    """A training word and an answer that is sometimes wrong."""
    word = vocabulary()[int(rng.random() * len(vocabulary()))]
    right = answer_to(word)
    return encoded(word, misspelt(right, rng) if rng.random() < WRONG_SHARE else right)


def misspelt(answer: str, rng: random.Random) -> str:
    """Swap two neighbouring letters, drop one, or double one; not always a different word."""
    at = int(rng.random() * (len(answer) - 1))
    kind = int(rng.random() * 3)
    if kind == 0:
        return answer[:at] + answer[at + 1] + answer[at] + answer[at + 2 :]
    return answer[:at] + (answer[at + 1 :] if kind == 1 else answer[at] + answer[at:])


def encoded(word: str, answer: str) -> Example:
    """The answer and its end are learnt, the prompt is not."""
    prompt = TOKENIZER.encode(prompt_of(word))
    reply = [*TOKENIZER.encode(answer), TOKENIZER.eos_id]
    return [*prompt, *reply], [False] * len(prompt) + [True] * len(reply)


RECIPE: Final = Recipe("spell", TOKENIZER, N_POSITIONS, example, steps=170)

if __name__ == "__main__":
    command(RECIPE)()
