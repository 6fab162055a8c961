"""Games drawn from one stream, cut into sets that share no game.

``random.Random.random`` is the only source of chance, because its sequence is guaranteed to stay the same
across Python versions.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import islice
from typing import Final, Literal, TypeVar

from posttrace.runner.tasks.house.game import OBJECTS, RECEPTACLES, Game

GameSet = Literal["feedback", "sealed", "fresh", "train"]
T = TypeVar("T")

SIZES: Final[dict[GameSet, int]] = {"feedback": 400, "sealed": 400, "fresh": 400, "train": 2000}
"""Games in each set, in the order in which the sets are drawn."""
N_RECEPTACLES: Final = 4
N_OBJECTS: Final = 4
"""In each household. There are (8 choose 4)^2 * 4^4 * 4 * 3 = 15,052,800 different games."""


@cache
def games(of: GameSet) -> tuple[Game, ...]:
    """The games of one set, always the same. Sets are cut from one stream without repeats."""
    start = 0
    for name, size in SIZES.items():
        if name == of:
            return tuple(islice(stream(), start, start + size))
        start += size
    raise KeyError(of)


def stream(seed: int = 1) -> Iterator[Game]:
    """Games in random order, each content at most once; practically never ends."""
    rng = random.Random(seed)
    seen: set[str] = set()
    while True:
        game = _draw(rng)
        if game.content not in seen:
            seen.add(game.content)
            yield game


def choose(rng: random.Random, options: Sequence[T]) -> T:
    """One of the options, each equally likely; ``rng.choice`` may draw differently in another Python."""
    return options[int(rng.random() * len(options))]


def _draw(rng: random.Random) -> Game:
    receptacles = _sample(rng, RECEPTACLES, N_RECEPTACLES)
    places = {name: choose(rng, receptacles) for name in _sample(rng, OBJECTS, N_OBJECTS)}
    target = choose(rng, [*places])
    goal = choose(rng, [place for place in receptacles if place != places[target]])
    return Game(receptacles, places, target, goal)


def _sample(rng: random.Random, options: Sequence[str], n: int) -> list[str]:
    left = list(options)
    return [left.pop(int(rng.random() * len(left))) for _ in range(n)]
