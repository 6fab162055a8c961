"""Pre-train the bases of ``house``: ``python -m posttrace.runner.tasks.house.build_base --seed N``.

A base learns the commands of aimless players in training games: they wander, open, close, take and move
whatever there is, pay no heed to the task, and now and then try what is not possible. So it knows the
language and what can be done where, but wins hardly ever.
"""

from __future__ import annotations

import random
from typing import Final

from posttrace.runner.tasks.house.game import OBJECTS, RECEPTACLES, Episode
from posttrace.runner.tasks.house.games import choose, games
from posttrace.runner.tasks.house.play import encode
from posttrace.runner.tasks.house.task import N_POSITIONS, TOKENIZER
from posttrace.runner.tasks.pretrain import Example, Recipe, command

SENSELESS_SHARE: Final = 0.05
"""Of the commands: these name any object and any receptacle, so that they are nearly always refused."""
KINDS: Final = ("go to", "open", "take", "move", "close", "look", "inventory", "examine")
TALKATIVE: Final = ("look", "inventory", "examine")
TALKATIVE_SHARE: Final = 0.1
"""Of the commands: they change nothing."""


def example(rng: random.Random) -> Example:
    """What an aimless player says and hears in a training game; the commands are learnt."""
    transcript = encode(TOKENIZER, wander(Episode(choose(rng, games("train"))), rng))
    return transcript.tokens, transcript.own


def wander(episode: Episode, rng: random.Random) -> list[dict[str, str]]:
    """Turns of a player who does anything, until the steps are used up or the task is done by chance."""
    observation, turns = episode.reset(), []
    while not episode.ended:
        text = senseless(rng) if rng.random() < SENSELESS_SHARE else aimless(episode, rng)
        turns.append({"observation": observation, "command": text})
        observation = episode.step(text)
    return turns


def aimless(episode: Episode, rng: random.Random) -> str:
    """An admissible command: first its kind is drawn, then what it is about."""
    talkative = rng.random() < TALKATIVE_SHARE
    by_kind: dict[str, list[str]] = {}
    for text in episode.admissible():
        kind = next(kind for kind in KINDS if text.startswith(kind))
        if (kind in TALKATIVE) == talkative:
            by_kind.setdefault(kind, []).append(text)
    return choose(rng, by_kind[choose(rng, [*by_kind])])


def senseless(rng: random.Random) -> str:
    """A command without regard to where the player is."""
    name, place = choose(rng, OBJECTS), choose(rng, RECEPTACLES)
    return choose(rng, [f"take {name} from {place}", f"move {name} to {place}", f"open {place}"])


RECIPE: Final = Recipe("house", TOKENIZER, N_POSITIONS, example, steps=1100, batch=32)

if __name__ == "__main__":
    command(RECIPE)()
