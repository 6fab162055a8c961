from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hydra.utils import instantiate

from posttrace.runner.compose import resolve
from posttrace.runner.tasks.house import House
from posttrace.runner.tasks.house.game import MAX_STEPS, PHRASES, Episode, Game
from posttrace.runner.tasks.house.games import SIZES, games
from posttrace.runner.tasks.house.play import play
from posttrace.runner.tasks.house.task import N_POSITIONS, TOKENIZER, solve
from posttrace.runner.tasks.loading import load_model
from posttrace.runner.tasks.pretrain import BASES
from posttrace.traces.errors import ConfigError

SHIPPED = BASES / "house" / "0"


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SHIPPED, tmp_path / "model"))


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return tmp_path


def records(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_the_option_file_composes_to_the_defaults() -> None:
    assert instantiate(resolve(["task=house"]).task) == House()
    assert instantiate(resolve(["task=house", "task.temperature=0"]).task) == House(temperature=0)


def test_the_trace_learns_level_metric_and_scale() -> None:
    info = House(n_items=50).info
    assert (info.id, info.level, info.metric, info.n_items, info.scale_max) == (
        "house",
        "L3",
        "success",
        50,
        100,
    )


def test_every_phrase_is_one_token_and_punctuation_is_none() -> None:
    for phrase in PHRASES:
        assert TOKENIZER.encode(f"  {phrase}.") == [TOKENIZER.ids[phrase]]
    assert TOKENIZER.encode("you see mug 1, cd 1. nothing happens.") == [
        TOKENIZER.ids[phrase] for phrase in ("you see", "mug 1", "cd 1", "nothing happens")
    ]
    assert TOKENIZER.encode("intoxicated") == []  # "in" and "to" are words, not syllables


def test_the_score_is_the_share_of_games_that_are_won() -> None:
    task = House(n_items=200)
    outcome = task.evaluate(SHIPPED, "sealed", seed=5)
    episodes = [Episode(game) for game in games("sealed")[:200]]
    model = load_model(SHIPPED, TOKENIZER, N_POSITIONS)
    play(model, TOKENIZER, episodes, temperature=1.0, rng=np.random.default_rng([5, 1]))
    # the games' own states tell who won, not what the transcripts say
    assert outcome.items.values == [100.0 * (e.places.get(e.game.target) == e.game.goal) for e in episodes]
    assert outcome.score == pytest.approx(np.mean(np.array(outcome.items.values, float)))
    assert outcome.items.ids[:2] == ["sealed-0000", "sealed-0001"]
    assert len(set(outcome.items.ids)) == 200


def test_the_base_knows_the_language_and_hardly_ever_wins() -> None:
    episodes = [Episode(game) for game in games("feedback")]
    rng = np.random.default_rng(0)
    transcripts = play(
        load_model(SHIPPED, TOKENIZER, N_POSITIONS), TOKENIZER, episodes, temperature=0, rng=rng
    )
    refused = sum(t.refused for t in transcripts) / sum(t.steps for t in transcripts)
    assert refused < 0.1
    assert House(temperature=0).evaluate(SHIPPED, "feedback", seed=0).score <= 5


def test_seed_and_split_decide_the_draws(checkpoint: Path) -> None:
    model = load_model(checkpoint, TOKENIZER, N_POSITIONS)

    def told(key: list[int]) -> list[list[int]]:
        rng = np.random.default_rng(key)
        episodes = [Episode(game) for game in games("feedback")[:20]]
        return [t.tokens for t in play(model, TOKENIZER, episodes, temperature=1.0, rng=rng)]

    assert told([3, 0]) == told([3, 0])
    assert told([3, 0]) != told([4, 0])
    task = House(n_items=100)
    one, other = (task.evaluate(checkpoint, "fresh", seed=3).items.values for _ in range(2))
    assert one == other


def test_fewer_steps_win_less() -> None:
    # no game can be won in three commands: the shortest way is go, take, go, move
    assert House(max_steps=3, n_items=100).evaluate(SHIPPED, "feedback", seed=0).score == 0
    assert House(max_steps=3, n_items=1).info.n_items == 1


def test_the_workspace_gets_training_games_and_no_hidden_one(workspace: Path) -> None:
    House(demonstrations=150).prepare(workspace)
    demonstrations = records(workspace / "data" / "train.jsonl")
    playable = [Game(**record) for record in records(workspace / "data" / "games.jsonl")]
    assert [game.content for game in playable] == [game.content for game in games("train")]
    assert [Game(**record["game"]) for record in demonstrations] == playable[:150]
    given = {game.content for game in playable}
    for name in ("feedback", "sealed", "fresh"):
        assert not given & {game.content for game in games(name)}


REPLAY = """
import json
from household import Episode, Game
for line in open("train.jsonl"):
    record = json.loads(line)
    episode = Episode(Game(**record["game"]))
    observation = episode.reset()
    for turn in record["turns"]:
        assert observation == turn["observation"]
        observation = episode.step(turn["command"])
    print(episode.won)
"""


def test_the_demonstrations_win_when_played_again_in_the_given_file(workspace: Path) -> None:
    House(demonstrations=60).prepare(workspace)
    command = [sys.executable, "-S", "-c", REPLAY]  # -S: the standard library has to do
    done = subprocess.run(command, cwd=workspace / "data", capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True"] * 60


def test_a_solution_starts_with_the_task_and_fits() -> None:
    turns = solve(games("train")[0])
    assert "put" in turns[0]["observation"]
    assert len(turns) <= MAX_STEPS


def test_the_texts_state_the_settings(workspace: Path) -> None:
    House(demonstrations=42, n_items=300, temperature=0, max_steps=10).prepare(workspace)
    description = (workspace / "description.md").read_text()
    assert "2000 training games" in description
    assert "42 of these games" in description
    assert "300 hidden games that are won within 10 commands" in description
    assert "decoded greedily" in description
    assert "{" not in description


def test_the_example_in_the_description_is_what_the_game_says(workspace: Path) -> None:
    House().prepare(workspace)
    block = [
        line[6:] for line in (workspace / "description.md").read_text().splitlines() if line[:6] == " " * 6
    ]
    places = {"book 1": "desk 1", "mug 1": "fridge 1", "cd 1": "fridge 1"}
    episode = Episode(Game(["desk 1", "fridge 1", "bed 1", "drawer 1"], places, "mug 1", "drawer 1"))
    said = [episode.reset()]
    for command in (line.removeprefix("> ") for line in block if line.startswith("> ")):
        said += [f"> {command}", episode.step(command)]
    assert block == said


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n_items": 0}, "n_items must be 1 to 400"),
        ({"n_items": 401}, "n_items must be 1 to 400"),
        ({"demonstrations": SIZES["train"] + 1}, "demonstrations must be 1 to 2000"),
        ({"max_steps": 0}, "max_steps must be 1 to 12"),
        ({"max_steps": 13}, "max_steps must be 1 to 12"),
        ({"temperature": -0.1}, "temperature must be 0 or more"),
        ({"temperature": float("nan")}, "temperature must be 0 or more"),
        ({"temperature": float("inf")}, "temperature must be 0 or more"),
    ],
)
def test_settings_out_of_range_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        House(**settings)
