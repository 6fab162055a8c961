from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest

from posttrace.runner.tasks.house import game as game_module
from posttrace.runner.tasks.house.game import (
    MAX_STEPS,
    OBJECTS,
    OPENABLE,
    RECEPTACLES,
    Episode,
    Game,
    expert,
)
from posttrace.runner.tasks.house.games import games

GAME = Game(
    receptacles=["desk 1", "fridge 1", "bed 1", "drawer 1"],
    places={"mug 1": "fridge 1", "book 1": "desk 1", "cd 1": "fridge 1", "vase 1": "bed 1"},
    target="mug 1",
    goal="drawer 1",
)


@pytest.fixture
def episode() -> Episode:
    return Episode(GAME)


def said(episode: Episode, *commands: str) -> list[str]:
    return [episode.step(command) for command in commands]


def test_a_whole_episode(episode: Episode) -> None:
    assert episode.reset() == "you see desk 1, fridge 1, bed 1, drawer 1. put mug 1 in drawer 1."
    assert said(
        episode,
        *("go to desk 1", "go to fridge 1", "open fridge 1", "take mug 1 from fridge 1"),
        *("go to drawer 1", "open drawer 1", "move mug 1 to drawer 1"),
    ) == [
        *("you see book 1.", "it is closed.", "you see mug 1, cd 1.", "you carry mug 1."),
        *("it is closed.", "you see nothing.", "you carry nothing."),
    ]
    assert episode.won
    assert episode.ended
    assert (episode.steps, episode.refused) == (7, 0)


def test_looking_and_examining_tell_and_change_nothing(episode: Episode) -> None:
    assert said(episode, "look", "inventory") == [
        "you see nothing.",
        "you carry nothing.",
    ]
    said(episode, "go to desk 1", "take book 1 from desk 1")
    assert said(episode, "look", "inventory", "examine desk 1", "examine book 1") == [
        *("you face desk 1.", "you carry book 1.", "you see nothing.", "nothing special."),
    ]


def test_a_closed_receptacle_hides_its_content_again(episode: Episode) -> None:
    assert said(episode, "go to fridge 1", "open fridge 1", "close fridge 1", "examine fridge 1") == [
        *("it is closed.", "you see mug 1, cd 1.", "it is closed.", "it is closed."),
    ]
    assert said(episode, "take mug 1 from fridge 1", "examine mug 1") == ["nothing happens."] * 2


@pytest.mark.parametrize(
    ("before", "command"),
    [
        ([], "open fridge 1"),  # not there
        ([], "examine desk 1"),  # not there
        ([], "go to sofa 1"),  # no such receptacle in this household
        ([], "go to mug 1"),
        ([], ""),
        (["go to desk 1"], "go to desk 1"),  # there already
        ([], "Look"),
        ([], "look around"),
        (["go to desk 1"], "examine book 1"),  # only what is carried can be examined, as in ALFWorld's engine
        (["go to desk 1"], "open desk 1"),  # cannot be opened
        (["go to desk 1"], "close desk 1"),
        (["go to desk 1"], "take vase 1 from desk 1"),  # is elsewhere
        (["go to desk 1"], "take book 1 from bed 1"),  # the player is elsewhere
        (["go to desk 1"], "take book 1"),
        (["go to desk 1"], "move book 1 to desk 1"),  # not carried
        (["go to fridge 1"], "take mug 1 from fridge 1"),  # closed
        (["go to fridge 1"], "close fridge 1"),  # closed already
        (["go to fridge 1", "open fridge 1"], "open fridge 1"),  # open already
        (["go to desk 1", "take book 1 from desk 1", "go to bed 1"], "take vase 1 from bed 1"),  # hands full
        (["go to desk 1", "take book 1 from desk 1"], "move book 1 to bed 1"),  # the player is elsewhere
        (["go to desk 1", "take book 1 from desk 1", "go to fridge 1"], "move book 1 to fridge 1"),  # closed
    ],
)
def test_what_is_not_possible_is_refused_and_counts(
    episode: Episode, before: list[str], command: str
) -> None:
    assert "nothing happens." not in said(episode, *before)
    state = (dict(episode.places), set(episode.opened), episode.at, episode.carried)
    assert episode.step(command) == "nothing happens."
    assert (episode.places, episode.opened, episode.at, episode.carried) == state
    assert (episode.steps, episode.refused) == (len(before) + 1, 1)


def test_admissible_commands_are_those_that_are_not_refused() -> None:
    # independent path: every command that can be said at all is tried in a copy of the situation
    rng = random.Random(3)
    sayable = ["look", "inventory", *(f"examine {name}" for name in (*OBJECTS, *RECEPTACLES))]
    for place in RECEPTACLES:
        sayable += [f"{verb} {place}" for verb in ("go to", "open", "close")]
        sayable += [
            f"{verb} {place}" for name in OBJECTS for verb in (f"take {name} from", f"move {name} to")
        ]
    for game in games("train")[:5]:
        history: list[str] = []
        while len(history) < 8:
            accepted = set()
            for command in sayable:
                copy = Episode(game)
                said(copy, *history)
                if not copy.ended and copy.step(command) != "nothing happens.":
                    accepted.add(command)
            now = Episode(game)
            said(now, *history)
            if now.ended:
                break
            assert sorted(accepted) == sorted(now.admissible())
            history.append(now.admissible()[int(rng.random() * len(now.admissible()))])


def test_the_steps_run_out(episode: Episode) -> None:
    said(episode, *["look"] * MAX_STEPS)
    assert episode.ended
    assert not episode.won
    with pytest.raises(RuntimeError, match="has ended; call reset"):
        episode.step("look")
    episode.reset()
    assert not episode.ended


def test_reset_forgets_everything(episode: Episode) -> None:
    said(episode, "go to desk 1", "take book 1 from desk 1", "nonsense")
    episode.reset()
    assert episode == Episode(GAME)


def test_the_expert_wins_every_game_within_the_steps() -> None:
    lengths = []
    for name in ("train", "feedback"):
        for game in games(name):
            episode = Episode(game)
            while not episode.ended:
                assert episode.step(expert(episode)) != "nothing happens."
            assert episode.won
            lengths.append(episode.steps)
    # shortest: go, take, go, move; longest: open three and the goal last of the searched (8), take, go, move
    assert (min(lengths), max(lengths)) == (4, 11)


def test_the_expert_knows_only_what_was_seen() -> None:
    # two games that differ in what closed receptacles hold look alike until one of them is opened
    closed = Game(["safe 1", "fridge 1", "bed 1", "drawer 1"], {"mug 1": "safe 1"}, "mug 1", "bed 1")
    other = Game(closed.receptacles, {"mug 1": "drawer 1"}, "mug 1", "bed 1")
    one, two = Episode(closed), Episode(other)
    for _ in range(2):  # go to the safe, open it
        assert expert(one) == expert(two)
        said(one, expert(one)), said(two, expert(two))
    assert (expert(one), expert(two)) == ("take mug 1 from safe 1", "go to fridge 1")


def test_the_expert_helps_a_player_who_made_a_mess() -> None:
    rng = random.Random(0)
    for game in games("train")[:200]:
        episode = Episode(game, max_steps=60)
        for _ in range(20):
            if not episode.ended:
                options = episode.admissible()
                episode.step(options[int(rng.random() * len(options))])
        while not episode.ended:
            assert episode.step(expert(episode)) != "nothing happens."
        assert episode.won


def test_the_content_of_a_game_ignores_the_order_of_listing() -> None:
    shuffled = Game(GAME.receptacles[::-1], dict([*GAME.places.items()][::-1]), GAME.target, GAME.goal)
    assert shuffled.content == GAME.content
    assert Game(GAME.receptacles, GAME.places, "cd 1", GAME.goal).content != GAME.content
    assert Game(GAME.receptacles, GAME.places, GAME.target, "bed 1").content != GAME.content
    elsewhere = Game(GAME.receptacles, {**GAME.places, "mug 1": "bed 1"}, GAME.target, GAME.goal)
    assert elsewhere.content != GAME.content


def test_the_file_stands_alone(tmp_path: Path) -> None:
    # as an agent gets it: isolated mode (-I) hides the installed package's neighbours, -S site-packages
    (tmp_path / "household.py").write_bytes(Path(str(game_module.__file__)).read_bytes())
    code = "import sys; sys.path.insert(0, sys.argv[1]); import household; print(len(household.OPENABLE))"
    command = [sys.executable, "-I", "-S", "-c", code, str(tmp_path)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == str(
        len(OPENABLE)
    )
