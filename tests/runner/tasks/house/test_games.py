from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from itertools import combinations, islice

import pytest

from posttrace.runner.tasks.house.game import OBJECTS, RECEPTACLES
from posttrace.runner.tasks.house.games import N_OBJECTS, N_RECEPTACLES, SIZES, GameSet, games, stream


@pytest.mark.parametrize("name", [*SIZES])
def test_a_set_has_its_size_and_no_game_twice(name: GameSet) -> None:
    assert len(games(name)) == len({game.content for game in games(name)}) == SIZES[name]


@pytest.mark.parametrize(("one", "other"), [*combinations(SIZES, 2)])
def test_no_two_sets_share_a_game(one: GameSet, other: GameSet) -> None:
    assert not {game.content for game in games(one)} & {game.content for game in games(other)}


def test_a_game_is_complete() -> None:
    for game in games("sealed"):
        assert len(set(game.receptacles)) == N_RECEPTACLES
        assert len(game.places) == N_OBJECTS
        assert set(game.receptacles) <= set(RECEPTACLES)
        assert set(game.places) <= set(OBJECTS)
        assert set(game.places.values()) <= set(game.receptacles)
        assert game.goal in game.receptacles
        assert game.places[game.target] != game.goal


def test_the_space_is_so_large_that_draws_hardly_ever_repeat() -> None:
    # (8 choose 4)^2 choices of receptacles and objects, 4^4 places, 4 targets, 3 goals each: n draws of N
    # games have n^2 / 2N repeats, here 0.34 in all that the sets need
    n = sum(SIZES.values())
    assert n**2 / 2 / 15_052_800 < 0.35
    one, other = ({game.content for game in islice(stream(seed), 20_000)} for seed in (2, 3))
    # two streams share 20,000^2 / N = 26.6 games, standard deviation 5.2: within four of them
    assert 5 <= len(one & other) <= 48


def test_the_games_are_those_that_published_scores_refer_to() -> None:
    # recorded when the sets were made; scores before and after a change cannot be compared
    digests = {
        name: hashlib.sha256(json.dumps([asdict(game) for game in games(name)]).encode()).hexdigest()[:16]
        for name in SIZES
    }
    assert digests == {
        "feedback": "d200068ea0592110",
        "sealed": "85212c2cefaaba2d",
        "fresh": "f61c7e4970ac05ed",
        "train": "bca7a6e9f1d1fa52",
    }


def test_an_unknown_set_is_an_error() -> None:
    with pytest.raises(KeyError):
        games("validation")
