from __future__ import annotations

import random

import numpy as np
import pytest
from click.testing import CliRunner

from posttrace.runner.models.checkpoint import load_checkpoint
from posttrace.runner.tasks.house.build_base import (
    RECIPE,
    SENSELESS_SHARE,
    TALKATIVE,
    TALKATIVE_SHARE,
    aimless,
    example,
    wander,
)
from posttrace.runner.tasks.house.game import Episode
from posttrace.runner.tasks.house.games import games
from posttrace.runner.tasks.house.task import N_POSITIONS, TOKENIZER
from posttrace.runner.tasks.loading import load_model
from posttrace.runner.tasks.pretrain import BASES, command


def test_an_aimless_player_hardly_ever_wins_and_is_hardly_ever_refused() -> None:
    rng, episodes = random.Random(0), [Episode(game) for game in games("train")]
    for episode in episodes:
        wander(episode, rng)
    assert sum(episode.won for episode in episodes) / len(episodes) < 0.05
    steps = sum(episode.steps for episode in episodes)
    refused = sum(episode.refused for episode in episodes) / steps
    # not all senseless commands are refused; four standard errors above the share of them
    assert 0.7 * SENSELESS_SHARE < refused < SENSELESS_SHARE + 4 * np.sqrt(SENSELESS_SHARE / steps)


def test_an_aimless_command_is_admissible_and_seldom_talk() -> None:
    rng, talk, n = random.Random(1), 0, 0
    for game in games("train")[:300]:
        episode = Episode(game)
        while not episode.ended:
            text = aimless(episode, rng)
            assert text in episode.admissible()
            talk += text.startswith(TALKATIVE)
            n += 1
            episode.step(text)
    error = np.sqrt(TALKATIVE_SHARE * (1 - TALKATIVE_SHARE) / n)
    assert abs(talk / n - TALKATIVE_SHARE) < 4 * error


def test_an_example_learns_commands_of_a_training_game() -> None:
    first = {TOKENIZER.decode(TOKENIZER.encode(Episode(game).reset())) for game in games("train")}
    rng = random.Random(2)
    for _ in range(50):
        tokens, learnt = example(rng)
        assert len(tokens) == len(learnt) <= N_POSITIONS
        assert TOKENIZER.decode(tokens[: learnt.index(True)]) in first
        ends = [own for token, own in zip(tokens, learnt, strict=True) if token == TOKENIZER.eos_id]
        assert all(ends)  # every end is the player's


def test_five_bases_are_shipped_and_differ() -> None:
    bases = [load_model(BASES / "house" / str(seed), TOKENIZER, N_POSITIONS) for seed in range(5)]
    assert len({base.weights["transformer.wte.weight"].tobytes() for base in bases}) == 5
    assert {base.config for base in bases} == {RECIPE.config}


def test_the_pretrained_model_is_of_the_recipe() -> None:
    config, weights = load_checkpoint(BASES / "house" / "0")
    assert config == RECIPE.config
    assert 100_000 < sum(weight.size for weight in weights.values()) < 120_000


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_a_rebuild_gives_the_shipped_base(seed: int) -> None:
    # bit for bit on the machine that built it; elsewhere up to what rounding adds up to
    result = CliRunner().invoke(command(RECIPE), ["--check", "--seed", str(seed)])
    assert result.exit_code == 0, result.output
