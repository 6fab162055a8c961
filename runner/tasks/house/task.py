"""The task ``house``: what the agent gets, and how a checkpoint is scored."""

from __future__ import annotations

import shutil
from dataclasses import asdict, dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Final

from posttrace.runner.models.tokenizer import Tokenizer
from posttrace.runner.tasks.base import Outcome
from posttrace.runner.tasks.embedded import (
    SCALE_MAX,
    check_range,
    check_temperature,
    describe,
    nan_refused,
    noise,
    outcome,
    write_lines,
)
from posttrace.runner.tasks.house.game import MAX_STEPS, PHRASES, Episode, Game, expert
from posttrace.runner.tasks.house.games import SIZES, games
from posttrace.runner.tasks.house.play import play, positions_needed
from posttrace.runner.tasks.loading import load_model
from posttrace.traces.events import Evaluator, Split, TaskInfo

PATTERN: Final = rf"\b(?:{'|'.join(sorted(PHRASES, key=len, reverse=True))})\b"
"""The longest phrase first: "nothing happens" is one token, not "nothing" and a rest."""
TOKENIZER: Final = Tokenizer(("<pad>", "<eos>", *PHRASES), PATTERN)
N_POSITIONS: Final = positions_needed(MAX_STEPS)
EVALUATOR: Final = Evaluator(id="house-closed-loop", version="1")


@dataclass(frozen=True)
class House:
    """Score = per cent of hidden games that the model wins, one command at a time.

    The sets follow from this package's source: they are kept out of the workspace, but only a sandbox that
    isolates ``test_data`` keeps them from a program that looks for the package.
    """

    temperature: float = 1.0
    """Of sampling; 0 is greedy, and then the evaluation seed changes nothing."""
    demonstrations: int = 200
    """Training games that the agent sees the expert play."""
    n_items: int = 400
    """Games of each hidden set that are used."""
    max_steps: int = MAX_STEPS
    """Commands a game may have; the expert needs 4 to 11."""

    def __post_init__(self) -> None:
        """Refuse settings that the games cannot serve. Raises ``ConfigError``."""
        check_range(
            n_items=(self.n_items, SIZES["feedback"]),
            demonstrations=(self.demonstrations, SIZES["train"]),
            max_steps=(self.max_steps, MAX_STEPS),
        )
        check_temperature(self.temperature)

    @property
    def info(self) -> TaskInfo:
        """What the trace says of the task."""
        return TaskInfo(id="house", level="L3", metric="success", n_items=self.n_items, scale_max=SCALE_MAX)

    def prepare(self, workspace: Path) -> None:
        """Write ``data/{train.jsonl,games.jsonl,household.py}`` and ``description.md``."""
        training, data = games("train"), workspace / "data"
        write_lines(data / "games.jsonl", [asdict(game) for game in training])
        shown = training[: self.demonstrations]
        write_lines(data / "train.jsonl", [{"game": asdict(game), "turns": solve(game)} for game in shown])
        with as_file(files(__package__) / "game.py") as path:
            shutil.copyfile(path, data / "household.py")
        describe(__package__, workspace, **asdict(self), games=len(training))

    def check(self, model_dir: Path) -> None:
        """Raise ``GradingError`` when the checkpoint cannot be loaded or does not fit the task."""
        load_model(model_dir, TOKENIZER, N_POSITIONS)

    def evaluate(self, model_dir: Path, split: Split, seed: int) -> Outcome:
        """Play every game of a hidden set once; an item is worth 100 or 0.

        Sampling noise comes from (seed, split) alone, so one seed gives two models the same noise.
        Raises ``GradingError`` when the checkpoint cannot be loaded, does not fit the task, or computes
        NaN.
        """
        model = load_model(model_dir, TOKENIZER, N_POSITIONS)
        episodes = [Episode(game, self.max_steps) for game in games(split)[: self.n_items]]
        with nan_refused():
            played = play(model, TOKENIZER, episodes, temperature=self.temperature, rng=noise(seed, split))
        return outcome([transcript.won for transcript in played], split, EVALUATOR)


def solve(game: Game) -> list[dict[str, str]]:
    """The expert's turns: what it saw, and what it did."""
    episode = Episode(game)
    observation, turns = episode.reset(), []
    while not episode.ended:
        command = expert(episode)
        turns.append({"observation": observation, "command": command})
        observation = episode.step(command)
    return turns
