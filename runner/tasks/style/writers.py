"""Rule-based writers of any skill: they make the references, the preference pairs and the base's lessons."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final

from posttrace.runner.tasks.style.language import (
    KIND_OF,
    KIND_ORDER,
    OPENINGS,
    THINGS,
    Prompt,
    PromptSet,
    pick,
    prompts,
    shuffled,
)


@dataclass(frozen=True)
class Writer:
    """Knows the rule, forgets and errs."""

    forgets: float
    """Probability of leaving out each asked fact, and the opening."""
    errs: float
    """Probability of each of: a fact invented, an adjective repeated, the adjectives jumbled, another thing,
    another tone's opening, the end left off."""

    def write(self, prompt: Prompt, rng: random.Random) -> str:
        """An answer to ``prompt``; one of two ways to say it, by chance."""
        facts = [fact for fact in prompt.facts if rng.random() >= self.forgets]
        if self._errs(rng):
            facts.append(pick(rng, tuple(KIND_OF)))
        adjectives, places = self._arranged(facts, rng)
        thing = pick(rng, THINGS) if self._errs(rng) else prompt.thing
        compose = pick(rng, (_adjectives_first, _adjectives_last))
        words = [*self._opening(prompt.tone, rng), *compose(thing, adjectives, places), "."]
        if self._errs(rng):
            del words[-pick(rng, (1, 2, 3)) :]
        return " ".join(words)

    def _errs(self, rng: random.Random) -> bool:
        return rng.random() < self.errs

    def _arranged(self, facts: list[str], rng: random.Random) -> tuple[list[str], list[str]]:
        places = [fact for fact in facts if KIND_OF[fact] == "place"]
        adjectives = sorted(set(facts) - set(places), key=lambda word: (KIND_ORDER[KIND_OF[word]], word))
        if self._errs(rng):
            adjectives = shuffled(rng, adjectives)
        if adjectives and self._errs(rng):
            adjectives.append(pick(rng, adjectives))
        return adjectives, places

    def _opening(self, tone: str, rng: random.Random) -> list[str]:
        opening = OPENINGS[pick(rng, tuple(OPENINGS)) if self._errs(rng) else tone]
        return [opening, ","] if opening and rng.random() >= self.forgets else []


REFERENCE: Final = Writer(forgets=0.3, errs=0.1)
"""Writes the hidden references: middling."""
REFERENCE_SEED: Final[dict[PromptSet, int]] = {"feedback": 11, "sealed": 12, "fresh": 13, "train": 14}


def references(of: PromptSet) -> list[str]:
    """The reference answer to each prompt of a set, always the same."""
    rng = random.Random(REFERENCE_SEED[of])
    return [REFERENCE.write(prompt, rng) for prompt in prompts(of)]


def _adjectives_first(thing: str, adjectives: list[str], places: list[str]) -> list[str]:
    """``the small red fox lives in the forest``, or ``here is the small red fox``."""
    named = ["the", *adjectives, thing]
    return [*named, *_living(places)] if places else ["here", "is", *named]


def _adjectives_last(thing: str, adjectives: list[str], places: list[str]) -> list[str]:
    """``the fox is small and red and lives in the forest``."""
    if not adjectives:
        return _adjectives_first(thing, adjectives, places)
    said = " and ".join(adjectives).split()
    return ["the", thing, "is", *said, *(["and", *_living(places)] if places else [])]


def _living(places: list[str]) -> list[str]:
    return ["lives", *" and ".join(f"in the {place}" for place in places).split()]
