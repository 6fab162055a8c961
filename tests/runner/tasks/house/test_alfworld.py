"""Our rules against the real ALFWorld engine, on the same commands in the same households.

The package brings rules (``alfred.pddl``) and texts (``alfred.twl2``), but no games without a download;
so each of our games is written as a PDDL problem. It takes minutes to install and needs a C++ compiler.
"""

from __future__ import annotations

import importlib.util
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from posttrace.runner.tasks.house.build_base import aimless, senseless
from posttrace.runner.tasks.house.game import OBJECTS, OPENABLE, RECEPTACLES, Episode, Game, expert
from posttrace.runner.tasks.house.games import choose, games

N_GAMES = 25
MAX_COMMANDS = 16

# what these packages warn of is not ours to mend
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def start() -> Callable[[Game], Any]:
    """Starts a game in the real engine; without it the tests skip, unless ``POSTTRACE_REQUIRE`` lists it."""
    found = importlib.util.find_spec("alfworld")
    if found is None or found.origin is None:
        complaint = "alfworld is not installed (extra)"
        if "alfworld" in os.environ.get("POSTTRACE_REQUIRE", "").split(","):
            pytest.fail(complaint)
        pytest.skip(complaint)
    data = Path(found.origin).parent / "data"

    def start(game: Game) -> Any:
        import textworld
        from textworld.envs import PddlEnv

        env = PddlEnv(textworld.EnvInfos(admissible_commands=True))
        domain, grammar = ((data / name).read_text() for name in ("alfred.pddl", "alfred.twl2"))
        env.load({"pddl_domain": domain, "grammar": grammar, "pddl_problem": problem(game)})
        for entity in env._entity_infos.values():
            entity.name = entity.name.replace("_", " ")
        return env

    return start


def problem(game: Game) -> str:
    """The game in PDDL: every receptacle takes every object; all closed that can be opened."""
    symbol = {name: name.replace(" ", "_") for name in (*game.receptacles, *game.places)}
    of_type = {name: f"{name.removesuffix(' 1').capitalize()}Type" for name in symbol}
    place = {name: f"loc_{i}" for i, name in enumerate(game.receptacles, start=1)}
    objects = ["agent1 - agent", "loc_0 - location"]
    facts = ["(atLocation agent1 loc_0)"]
    for name in game.receptacles:
        objects += [f"{symbol[name]} - receptacle", f"{place[name]} - location", f"{of_type[name]} - rtype"]
        facts += [f"(receptacleAtLocation {symbol[name]} {place[name]})"]
        facts += [f"(receptacleType {symbol[name]} {of_type[name]})"]
        facts += [f"(openable {symbol[name]})"] * (name in OPENABLE)
        facts += [f"(canContain {of_type[name]} {of_type[thing]})" for thing in game.places]
    for name, at in game.places.items():
        objects += [f"{symbol[name]} - object", f"{of_type[name]} - otype"]
        facts += [f"(inReceptacle {symbol[name]} {symbol[at]})", f"(pickupable {symbol[name]})"]
        facts += [
            f"(objectType {symbol[name]} {of_type[name]})",
            f"(objectAtLocation {symbol[name]} {place[at]})",
        ]
    target, goal = of_type[game.target], of_type[game.goal]
    return f"""(define (problem p) (:domain alfred) (:objects {" ".join(objects)})
        (:init {" ".join(facts)} (= (total-cost) 0))
        (:goal (exists (?r - receptacle) (exists (?o - object) (and
            (inReceptacle ?o ?r) (objectType ?o {target}) (receptacleType ?r {goal})))))
        (:metric minimize (total-cost)))"""


def commands(game: Game, seed: int) -> Callable[[Episode], str]:
    """Draws the next command: aimless, sensible or senseless."""
    rng = random.Random(seed)

    def draw(episode: Episode) -> str:
        return choose(rng, [aimless(episode, rng), expert(episode), senseless(rng)])

    return draw


def told(answer: str, command: str) -> tuple[bool, bool, bool, set[str]]:
    """What an answer says: refused, closed, nothing special, and the things seen, faced or carried."""
    words = answer.lower().split("next to it")[0]  # nothing ever lies on the floor
    said = "nothing happens" in words, "close" in words, "nothing special" in words
    if any(said) or command.startswith(("take", "move")):  # what was moved, the admissible commands tell
        return *said, set()
    for before in ("you see", "facing", "you face", "carrying", "you carry"):
        words = words.split(before)[-1]
    return *said, {name for name in (*OBJECTS, *RECEPTACLES) if name in words}


@pytest.mark.parametrize("seed", range(N_GAMES))
def test_the_same_commands_have_the_same_effect(start: Callable[[Game], Any], seed: int) -> None:
    game = games("train")[seed]
    env, episode, draw = start(game), Episode(game, MAX_COMMANDS), commands(game, seed)
    state = env.reset()
    assert told(state.feedback.split("Your task")[0], "") == told(episode.reset().split("put")[0], "")
    while not episode.ended:
        assert sorted({*state.admissible_commands} - {"help"}) == sorted(episode.admissible())
        command = draw(episode)
        ours = episode.step(command)
        state, _, _ = env.step(command)
        assert told(state.feedback, command) == told(ours, command), command
        assert state.won == episode.won
