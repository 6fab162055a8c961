"""Pseudo-words from a small phonotactic grammar, cut into sets that share no word.

No word list is downloaded and none is shipped: a seed and this file are the data. ``random.Random.random`` is
the only source of chance, because its sequence is guaranteed to stay the same across Python versions.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import islice
from typing import Final, Literal

WordSet = Literal["feedback", "sealed", "fresh", "train"]

ALPHABET: Final = "abcdefghijklmnopqrstuvwxyz"
SIZES: Final[dict[WordSet, int]] = {"feedback": 2000, "sealed": 2000, "fresh": 2000, "train": 4000}
"""Words in each set, in the order in which the sets are drawn."""
MIN_LETTERS: Final = 4
MAX_LETTERS: Final = 8

_SYLLABLE: Final = tuple(
    part.split()
    for part in (
        "b bl br c ch cl cr d dr f fl fr g gl gr h j k kl l m n p pl pr qu r "
        "s sh sk sl sn sp st t th tr v w z",
        "a e i o u y ai ea oa ou",
        "- - - - - - b ck d g k l m n nd nt p r s st t x",
    )
)
"""Onset, nucleus and coda of a syllable; - is none."""


def words(of: WordSet) -> list[str]:
    """The words of one set, always the same. Sets are cut from one stream without repeats."""
    start = 0
    for name, size in SIZES.items():
        if name == of:
            return list(islice(_stream(), start, start + size))
        start += size
    raise KeyError(of)


def _stream(seed: int = 1) -> Iterator[str]:
    """Words of ``MIN_LETTERS`` to ``MAX_LETTERS`` letters in random order, each at most once; never ends."""
    rng = random.Random(seed)
    seen: set[str] = set()
    while True:
        word = "".join(_syllable(rng) for _ in range(2 if rng.random() < 0.7 else 3))
        if MIN_LETTERS <= len(word) <= MAX_LETTERS and word not in seen:
            seen.add(word)
            yield word


def _syllable(rng: random.Random) -> str:
    return "".join(part[int(rng.random() * len(part))] for part in _SYLLABLE).replace("-", "")
