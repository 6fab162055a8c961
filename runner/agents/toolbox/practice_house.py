"""The household game: the given episodes, and games to play."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

DATA = Path(os.environ["DATA_PATH"])
sys.path.append(str(DATA))
from household import Episode, Game  # type: ignore[import-not-found]  # noqa: E402

# these files lie beside this one in the workspace's code/
from play import encode, play  # type: ignore[import-not-found]  # noqa: E402
from tokenizer import Tokenizer  # type: ignore[import-not-found]  # noqa: E402

TOKENIZER = Tokenizer.load(Path(os.environ["MODEL_PATH"]))


def demonstrations() -> list[tuple[list[int], list[bool]]]:
    """The given episodes; the player's commands alone are learnt."""
    lines = (DATA / "train.jsonl").read_text().splitlines()
    given = [encode(TOKENIZER, json.loads(line)["turns"]) for line in lines]
    return [(transcript.tokens, transcript.own) for transcript in given]


def tries(
    model: Any, rng: np.random.Generator, n_prompts: int, n_samples: int
) -> tuple[list[tuple[list[int], list[bool]]], Any]:
    """``n_samples`` episodes of each of ``n_prompts`` games, one game after the other, and their rewards.

    The reward is 1 for a game that is won, less a little for commands that were refused.
    """
    games = [Game(**json.loads(line)) for line in (DATA / "games.jsonl").read_text().splitlines()]
    episodes = [Episode(games[i]) for i in rng.integers(len(games), size=n_prompts) for _ in range(n_samples)]
    played = play(model, TOKENIZER, episodes, temperature=1.0, rng=rng)
    rewards = [transcript.won - 0.1 * transcript.refused / transcript.steps for transcript in played]
    return [(transcript.tokens, transcript.own) for transcript in played], np.array(rewards)
