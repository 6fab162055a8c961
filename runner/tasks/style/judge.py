"""The hidden judge of ``style``: a rule that says how good an answer is, and a judge that mostly follows it.

The judge only ever says which of two answers it prefers. Like a language model in that place it is imperfect
in three ways: it leans towards the answer it reads first (Wang et al. 2023, arXiv 2305.17926), towards the
longer one (Dubois et al. 2024, arXiv 2404.04475), and when two answers are close its verdict is a toss that
comes out the same each time it is asked. ``README.md`` holds how often.

Pure functions, exact in binary floating point and without ``hash``: every process and every Python version
gives the same verdicts.
"""

from __future__ import annotations

import hashlib
from itertools import pairwise
from typing import Final

from posttrace.runner.tasks.style.language import KIND_OF, KIND_ORDER, OPENINGS, THINGS, Prompt

POSITION: Final = 0.5
"""What being read first is worth, in units of the rule."""
VERBOSITY: Final = 0.0625
"""What one word more than the other answer is worth."""
NOISE: Final = 3.0
"""Half-width of the triangular distribution of the toss; no gap above it is ever misjudged by noise."""
SENSIBLE_WORDS: Final = 16

START, END = "^", "$"
CLASS_OF: Final = {
    **{opening: "opening" for opening in OPENINGS.values() if opening},
    **dict.fromkeys(THINGS, "thing"),
    **{word: "place" if kind == "place" else "adjective" for word, kind in KIND_OF.items()},
}
"""Word class; any other word is a class of its own."""
FOLLOWS: Final = {
    START: {"opening", "the", "here"},
    "opening": {","},
    ",": {"the", "here"},
    "here": {"is"},
    "the": {"adjective", "thing", "place"},
    "is": {"adjective", "the"},
    "adjective": {"adjective", "and", "thing", "."},
    "thing": {"is", "lives", "."},
    "and": {"adjective", "lives", "in"},
    "lives": {"in"},
    "in": {"the"},
    "place": {"and", "."},
    ".": {END},
}
"""Word class -> the classes that may come next."""


def utility(prompt: Prompt, answer: str) -> float:
    """The rule: how good an answer is to a prompt, in points. Higher is better; the best is facts + 2.

    +1 for each asked fact that is said, for the thing named, for the tone's opening (none if plain);
    -1 for each other fact, other thing, wrong opening, fact or thing said again, and word that cannot follow
    the one before it; -1/2 for each neighbouring pair of adjectives in the wrong order and for each word
    beyond ``SENSIBLE_WORDS``.
    """
    words = answer.split()
    said = [word for word in words if word in KIND_OF or word in THINGS]
    asked = {prompt.thing, *prompt.facts}
    content = sum(1 if word in asked else -1 for word in set(said)) - (len(said) - len(set(said)))
    excess = max(0, len(words) - SENSIBLE_WORDS)
    return content + _tone(prompt, words) - _breaches(words) - 0.5 * (_inversions(said) + excess)


def prefers_first(prompt: Prompt, first: str, second: str) -> bool:
    """The judge's verdict on two answers in this order; there is no tie."""
    lead = utility(prompt, first) - utility(prompt, second)
    lean = POSITION + VERBOSITY * (len(first.split()) - len(second.split()))
    return lead + lean + _toss(prompt, first, second) > 0


def wins(prompt: Prompt, answer: str, other: str) -> bool:
    """True when the judge prefers ``answer`` in both orders; one order of two is no win."""
    return prefers_first(prompt, answer, other) and not prefers_first(prompt, other, answer)


def _tone(prompt: Prompt, words: list[str]) -> int:
    opening = words[0] if words and CLASS_OF.get(words[0]) == "opening" else None
    if opening == OPENINGS[prompt.tone]:
        return 1
    return -1 if opening else 0


def _breaches(words: list[str]) -> int:
    """How many words stand where the sentence does not allow them, its start and end included."""
    classes = [START, *(CLASS_OF.get(word, word) for word in words), END]
    return sum(after not in FOLLOWS.get(before, ()) for before, after in pairwise(classes))


def _inversions(said: list[str]) -> int:
    ranks = [KIND_ORDER[KIND_OF[word]] for word in said if CLASS_OF[word] == "adjective"]
    return sum(before > after for before, after in pairwise(ranks))


def _toss(prompt: Prompt, first: str, second: str) -> float:
    """Noise in (-NOISE, NOISE), triangular, fixed by the texts and their order."""
    digest = hashlib.sha256("\n".join((prompt.text, first, second)).encode()).digest()
    one, other = (int.from_bytes(digest[at : at + 4], "big") / 2**32 for at in (0, 4))
    return NOISE * (one - other)
