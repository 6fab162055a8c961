from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from posttrace.runner.models.gpt2 import GPT2
from posttrace.runner.tasks.house.game import MAX_STEPS, PHRASES, Episode, expert
from posttrace.runner.tasks.house.games import games
from posttrace.runner.tasks.house.play import (
    MAX_COMMAND,
    MAX_OBSERVATION,
    MAX_TASK,
    Transcript,
    encode,
    play,
    positions_needed,
)
from posttrace.runner.tasks.house.task import N_POSITIONS, TOKENIZER, solve
from posttrace.runner.tasks.loading import load_model
from posttrace.runner.tasks.pretrain import BASES


@pytest.fixture(scope="module")
def base() -> GPT2:
    return load_model(BASES / "house" / "0", TOKENIZER, N_POSITIONS)


def some_episodes(n: int) -> list[Episode]:
    return [Episode(game) for game in games("train")[:n]]


def played(model: GPT2, n: int, temperature: float, seed: int) -> list[Transcript]:
    rng = np.random.default_rng(seed)
    return play(model, TOKENIZER, some_episodes(n), temperature=temperature, rng=rng)


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_cached_play_is_uncached_play_token_by_token(base: GPT2, temperature: float) -> None:
    # independent path: each token from a forward pass over the whole episode so far, one game at a time
    n, noise = 6, np.random.default_rng(11)
    turns = [noise.gumbel(size=(MAX_COMMAND, n, len(TOKENIZER.tokens))) for _ in range(MAX_STEPS)]
    for row, (episode, transcript) in enumerate(
        zip(some_episodes(n), played(base, n, temperature, seed=11), strict=True)
    ):
        tokens = TOKENIZER.encode(episode.reset())
        while not episode.ended:
            command: list[int] = []
            while len(command) < MAX_COMMAND and TOKENIZER.eos_id not in command:
                logits = base.logits(base.hidden(np.array([tokens + command])))[0, -1]
                draw = temperature * turns[episode.steps][len(command), row]
                command.append(int((logits + draw).argmax()))
            tokens += command
            observation = episode.step(TOKENIZER.decode(command) if TOKENIZER.eos_id in command else "")
            tokens += [] if episode.ended else TOKENIZER.encode(observation)
        assert transcript.tokens == tokens
        assert (transcript.won, transcript.steps, transcript.refused) == (
            episode.won,
            episode.steps,
            episode.refused,
        )


def test_the_seed_decides_and_greedy_play_has_none(base: GPT2) -> None:
    assert played(base, 20, 1.0, seed=1) == played(base, 20, 1.0, seed=1)
    assert played(base, 20, 1.0, seed=1) != played(base, 20, 1.0, seed=2)
    assert played(base, 20, 0.0, seed=1) == played(base, 20, 0.0, seed=2)


def test_what_happens_in_a_game_does_not_depend_on_the_others(base: GPT2) -> None:
    # the second half is cut to one step: those rows leave at once, and the first half goes on undisturbed
    episodes = [Episode(game, MAX_STEPS if i < 5 else 1) for i, game in enumerate(games("train")[:10])]
    cut = play(base, TOKENIZER, episodes, temperature=1.0, rng=np.random.default_rng(4))
    assert cut[:5] == played(base, 10, 1.0, seed=4)[:5]


def test_the_own_tokens_are_the_commands_and_their_ends(base: GPT2) -> None:
    for transcript, episode in zip(played(base, 20, 1.0, seed=3), some_episodes(20), strict=True):
        tokens = list(zip(transcript.tokens, transcript.own, strict=True))
        said = [token for token, own in tokens if not own]
        observations = TOKENIZER.encode(episode.reset())
        command: list[int] = []
        for token in (token for token, own in tokens if own):
            command.append(token)
            if token == TOKENIZER.eos_id or len(command) == MAX_COMMAND:
                answer = episode.step(TOKENIZER.decode(command) if token == TOKENIZER.eos_id else "")
                observations += [] if episode.ended else TOKENIZER.encode(answer)
                command = []
        assert said == observations
        assert episode.ended


def test_a_draw_is_as_likely_as_the_softmax_says(base: GPT2) -> None:
    # the first command word of one game, drawn 2,000 times: each frequency within four standard errors
    episode, n = some_episodes(1)[0], 2000
    prompt = TOKENIZER.encode(episode.reset())
    logits = base.logits(base.hidden(np.array([prompt])))[0, -1].astype(float)
    likely = np.exp(2 * logits) / np.exp(2 * logits).sum()  # at temperature 1/2
    rows = [Episode(episode.game, max_steps=1) for _ in range(n)]
    drawn = play(base, TOKENIZER, rows, temperature=0.5, rng=np.random.default_rng(0))
    counts = np.bincount([row.tokens[len(prompt)] for row in drawn], minlength=len(likely))
    assert (np.abs(counts / n - likely) <= 4 * np.sqrt(likely * (1 - likely) / n) + 1 / n).all()


class Parrot(GPT2):
    """A model that says one token whatever it reads."""

    token = 0

    def logits(self, hidden: Any) -> Any:
        out = np.zeros((*hidden.shape[:-1], len(TOKENIZER.tokens)))
        out[..., self.token] = 1
        return out


@pytest.mark.parametrize(("token", "length"), [(TOKENIZER.eos_id, 1), (TOKENIZER.ids["look"], MAX_COMMAND)])
def test_silence_and_endless_talk_are_refused(base: GPT2, token: int, length: int) -> None:
    parrot = Parrot(base.config, base.weights)
    parrot.token = token
    (transcript,) = played(parrot, 1, 0.0, seed=0)
    assert (transcript.won, transcript.steps, transcript.refused) == (False, MAX_STEPS, MAX_STEPS)
    assert sum(transcript.own) == length * MAX_STEPS


def test_an_expert_among_models_wins(base: GPT2) -> None:
    # rows that write short commands wait for the others, rows that have won leave: each keeps its own place
    episodes = some_episodes(30)

    class Expert(GPT2):
        """Says what the expert would, row by row, one token at each call."""

        said = 0

        def logits(self, hidden: Any) -> Any:
            running = [episode for episode in episodes if not episode.ended]
            commands = [[*TOKENIZER.encode(expert(e)), TOKENIZER.eos_id] + [0] * MAX_COMMAND for e in running]
            out = np.zeros((len(hidden), len(TOKENIZER.tokens)))
            out[np.arange(len(hidden)), [command[self.said] for command in commands]] = 1
            longest = max(command.index(TOKENIZER.eos_id) for command in commands)
            self.said = 0 if self.said == longest else self.said + 1
            return out

    model = Expert(base.config, base.weights)
    transcripts = play(model, TOKENIZER, episodes, temperature=0, rng=np.random.default_rng(0))
    assert all(transcript.won and transcript.refused == 0 for transcript in transcripts)
    assert [t.tokens for t in transcripts] == [encode(TOKENIZER, solve(e.game)).tokens for e in episodes]


def test_an_encoded_demonstration_is_what_was_said() -> None:
    turns = [{"observation": "you see mug 1, cd 1.", "command": "go to desk 1"}]
    transcript = encode(TOKENIZER, turns)
    assert TOKENIZER.decode(transcript.tokens) == "you see mug 1 cd 1 go to desk 1"
    assert transcript.own == [False] * 3 + [True] * 3
    assert transcript.tokens[-1] == TOKENIZER.eos_id


def test_no_episode_is_longer_than_the_model_reads(base: GPT2) -> None:
    # 9 tokens of task, 12 commands of 5, 11 answers of 5
    assert positions_needed(MAX_STEPS) == N_POSITIONS == 9 + 60 + 55 == base.config.n_positions
    longest = max(PHRASES, key=len)
    assert len(TOKENIZER.encode(longest)) == 1
    first, later = [], []
    rng = np.random.default_rng(0)
    for episode in some_episodes(200):
        first.append(len(TOKENIZER.encode(episode.reset())))
        while not episode.ended:
            options = episode.admissible()
            assert all(len(TOKENIZER.encode(option)) < MAX_COMMAND for option in options)
            later.append(len(TOKENIZER.encode(episode.step(options[rng.integers(len(options))]))))
    assert max(first) == MAX_TASK
    assert max(later) == MAX_OBSERVATION


def test_too_few_positions_are_an_error(base: GPT2) -> None:
    small = GPT2(replace(base.config, n_positions=100), base.weights)
    with pytest.raises(ValueError, match="may need 124 positions; the model has 100"):
        played(small, 2, 0.0, seed=0)


def test_nan_is_an_error_not_a_command(base: GPT2) -> None:
    weights = {**base.weights, "transformer.ln_f.bias": np.full(base.config.n_embd, math.nan, np.float32)}
    with pytest.raises(FloatingPointError, match="NaN or infinite logits"):
        played(GPT2(base.config, weights), 2, 1.0, seed=0)
