"""The little language of ``style``: its words, and prompts cut into sets that share no content.

A prompt names a tone, a thing and two to four facts about it: ``polite fox : forest red small >``. An answer
is free text of the same words, at best ``greetings , the small red fox lives in the forest .``

No text is downloaded and none is shipped: a seed and this file are the data. ``random.Random.random`` is the
only source of chance, because its sequence is guaranteed to stay the same across Python versions.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Final, Literal, TypeVar

PromptSet = Literal["feedback", "sealed", "fresh", "train"]
T = TypeVar("T")

SIZES: Final[dict[PromptSet, int]] = {"feedback": 2000, "sealed": 2000, "fresh": 2000, "train": 2000}
"""Prompts in each set, in the order in which the sets are drawn."""

OPENINGS: Final = {"plain": None, "polite": "greetings", "merry": "hurray"}
"""Tone -> the word that a text in that tone opens with."""
_WORDS: Final = {
    kind: tuple(words.split())
    for kind, words in {
        "thing": "bear cat crow deer dog duck fox frog goat hare hen horse mouse owl swan wolf",
        "size": "tiny small big huge",
        "quality": "brave calm clever gentle kind proud quick quiet shy sly wild wise",
        "colour": "black blue brown golden green grey red white",
        "place": "forest garden harbour hills marsh meadow valley village",
    }.items()
}
THINGS: Final = _WORDS["thing"]
FACTS: Final = {kind: words for kind, words in _WORDS.items() if kind != "thing"}
"""Kind of fact -> its words; adjectives stand in this order in a well-made sentence."""
KIND_OF: Final = {word: kind for kind, words in FACTS.items() for word in words}
KIND_ORDER: Final = {kind: rank for rank, kind in enumerate(FACTS)}
MIN_FACTS: Final = 2
PROMPT_END: Final = ">"

VOCABULARY: Final = (
    *(PROMPT_END, ":", ",", ".", "the", "here", "is", "and", "lives", "in"),
    *(*OPENINGS, *(word for word in OPENINGS.values() if word)),
    *(*THINGS, *KIND_OF),
)
"""All 65 words and signs, of prompts and answers."""


@dataclass(frozen=True)
class Prompt:
    """What a text is asked to be and to say; ``facts`` in the order of the prompt."""

    tone: str
    thing: str
    facts: tuple[str, ...]

    @cached_property
    def text(self) -> str:
        """What the model reads."""
        return " ".join((self.tone, self.thing, ":", *self.facts, PROMPT_END))


LONGEST_PROMPT: Final = 4 + len(FACTS)
"""Tokens of the longest prompt text."""


def prompts(of: PromptSet) -> list[Prompt]:
    """The prompts of one set, always the same. Sets are cut from one stream without repeats."""
    start = 0
    for name, size in SIZES.items():
        if name == of:
            return list(islice(_stream(), start, start + size))
        start += size
    raise KeyError(of)


def pick(rng: random.Random, options: Sequence[T]) -> T:
    """One of ``options``, each as likely."""
    return options[int(rng.random() * len(options))]


def shuffled(rng: random.Random, items: Sequence[T]) -> list[T]:
    """``items`` in random order."""
    keys = [rng.random() for _ in items]
    return [items[i] for i in sorted(range(len(items)), key=keys.__getitem__)]


def _stream(seed: int = 1) -> Iterator[Prompt]:
    """Random prompts; what has been asked in another order of the facts is no new prompt. Never ends."""
    rng = random.Random(seed)
    seen: set[tuple[str, str, frozenset[str]]] = set()
    while True:
        n_facts = MIN_FACTS + int(rng.random() * (len(FACTS) - MIN_FACTS + 1))
        kinds = shuffled(rng, tuple(FACTS))[:n_facts]
        prompt = Prompt(
            pick(rng, tuple(OPENINGS)), pick(rng, THINGS), tuple(pick(rng, FACTS[kind]) for kind in kinds)
        )
        content = (prompt.tone, prompt.thing, frozenset(prompt.facts))
        if content not in seen:
            seen.add(content)
            yield prompt
