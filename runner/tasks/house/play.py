"""Let a model play many games at once, with cached keys and values kept from turn to turn.

Needs numpy and the standard library at run time, so that it can be copied next to a training script. One
function serves the evaluation and online rollouts.

Axes in the shapes below: N games, V vocabulary, K tokens of a command.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:  # only for annotations: at run time this file stands alone
    from posttrace.runner.models.gpt2 import GPT2
    from posttrace.runner.models.tokenizer import Tokenizer
    from posttrace.runner.tasks.house.game import Episode

MAX_COMMAND = 5
"""Tokens of the longest command, "take A from B" and its end; without an end by then, it is refused."""
MAX_OBSERVATION = 5
"""Tokens of the longest later observation: "you see" and four names."""
MAX_TASK = 9
"""Tokens of the first observation: "you see" and four names, "put", a name, "in", a name."""


@dataclass
class Transcript:
    """What was said in one episode, as the model reads it: observation, command, observation, ..."""

    tokens: list[int] = field(default_factory=list)
    own: list[bool] = field(default_factory=list)
    """Which tokens the model chose: commands and their ends. These alone are learnt."""
    won: bool = False
    steps: int = 0
    refused: int = 0
    """Commands that were answered by "nothing happens"."""

    def add(self, tokens: Sequence[int], *, own: bool) -> None:
        """Append what was said."""
        self.tokens += tokens
        self.own += [own] * len(tokens)


def encode(tokenizer: Tokenizer, turns: Iterable[Mapping[str, str]]) -> Transcript:
    """The transcript of turns {observation, command}, such as a demonstration has them."""
    transcript = Transcript()
    for turn in turns:
        transcript.add(tokenizer.encode(turn["observation"]), own=False)
        transcript.add([*tokenizer.encode(turn["command"]), tokenizer.eos_id], own=True)
    return transcript


def positions_needed(max_steps: int) -> int:
    """Tokens of the longest episode; the observation after the last command is not read."""
    return MAX_TASK + max_steps * MAX_COMMAND + (max_steps - 1) * MAX_OBSERVATION


def play(
    model: GPT2,
    tokenizer: Tokenizer,
    episodes: Sequence[Episode],
    *,
    temperature: float,
    rng: np.random.Generator,
) -> list[Transcript]:
    """Play every episode from its start until it ends; the transcripts are in the same order.

    Temperature 0 takes the most likely token and draws nothing from ``rng``. Otherwise one [K, N, V] block of
    Gumbel noise is drawn a turn, so what happens in a game depends on the seed, its row and N, not on when
    other games end.

    Raises ``FloatingPointError`` when the model computes a logit that is no finite number, ``ValueError``
    when it has too few positions for the episodes.
    """
    most = positions_needed(max(episode.max_steps for episode in episodes))
    if model.config.n_positions < most:
        raise ValueError(f"the episodes may need {most} positions; the model has {model.config.n_positions}")
    transcripts = [Transcript() for _ in episodes]
    for episode, transcript in zip(episodes, transcripts, strict=True):
        transcript.add(tokenizer.encode(episode.reset()), own=False)
    decoder = _Decoder(model, len(episodes), most)
    running = list(range(len(episodes)))
    while running:
        noise = _noise(rng, (MAX_COMMAND, len(episodes), len(tokenizer.tokens)), temperature)
        commands = decoder.write([transcripts[i].tokens for i in running], noise[:, running])
        for i, command in zip(running, commands, strict=True):
            _take_turn(episodes[i], transcripts[i], tokenizer, command)
        decoder.keep(np.array([not episodes[i].ended for i in running]))
        running = [i for i in running if not episodes[i].ended]
    return transcripts


def _noise(rng: np.random.Generator, shape: tuple[int, ...], temperature: float) -> NDArray[Any]:
    """What is added to the logits: argmax of logits + temperature * Gumbel noise is a softmax sample."""
    return temperature * rng.gumbel(size=shape) if temperature > 0 else np.zeros(shape)


def _take_turn(episode: Episode, transcript: Transcript, tokenizer: Tokenizer, command: list[int]) -> None:
    ended = command[-1] == tokenizer.eos_id
    observation = episode.step(tokenizer.decode(command) if ended else "")
    transcript.add(command, own=True)
    transcript.won, transcript.steps, transcript.refused = episode.won, episode.steps, episode.refused
    if not episode.ended:
        transcript.add(tokenizer.encode(observation), own=False)


class _Decoder:
    """Reads what was said since its last turn and writes the next command, for all rows at once."""

    def __init__(self, model: GPT2, n_rows: int, n_slots: int) -> None:
        self.model = model
        self.cache = model.empty_cache(n_rows, n_slots)
        self.n_read = np.zeros(n_rows, int)
        """Tokens of each row that are in the cache; slots behind them hold rubbish that nobody sees."""

    def write(self, spoken: Sequence[Sequence[int]], noise: NDArray[Any]) -> list[list[int]]:
        """One command a row, with its end, given all tokens ``spoken`` in the row so far."""
        eos = self.model.config.eos_token_id
        lengths = np.array([len(tokens) for tokens in spoken])
        hidden = self._read(spoken, lengths)
        drawn = np.full((len(spoken), MAX_COMMAND), eos)
        for k in range(MAX_COMMAND):
            logits = self.model.logits(hidden)
            if not np.isfinite(logits).all():
                raise FloatingPointError("the model computes NaN or infinite logits")
            drawn[:, k] = (logits + noise[k]).argmax(-1)
            if k + 1 == MAX_COMMAND or (drawn[:, : k + 1] == eos).any(1).all():
                break
            hidden = self._hidden(drawn[:, k : k + 1], lengths + k)[:, 0]
        commands = [_until_end(row, eos) for row in drawn.tolist()]
        self.n_read = lengths + [len(command) - 1 for command in commands]
        return commands

    def keep(self, rows: NDArray[np.bool_]) -> None:
        """Forget all other rows."""
        if not rows.all():
            self.cache = replace(self.cache, keys=self.cache.keys[:, rows], values=self.cache.values[:, rows])
            self.n_read = self.n_read[rows]

    def _read(self, spoken: Sequence[Sequence[int]], lengths: NDArray[Any]) -> NDArray[Any]:
        """Hidden state of the last token of each row, [rows, E]."""
        n_new = lengths - self.n_read
        tokens = np.zeros((len(spoken), n_new.max()), np.int64)
        for row, said in enumerate(spoken):
            tokens[row, : n_new[row]] = said[self.n_read[row] :]
        hidden = self._hidden(tokens, self.n_read)
        last: NDArray[Any] = hidden[np.arange(len(spoken)), n_new - 1]
        return last

    def _hidden(self, tokens: NDArray[Any], start: NDArray[Any]) -> NDArray[Any]:
        n_slots = int(start.max()) + tokens.shape[1]  # the others are empty yet
        used = replace(
            self.cache, keys=self.cache.keys[..., :n_slots, :], values=self.cache.values[..., :n_slots, :]
        )
        return self.model.hidden(tokens, start=start, cache=used)


def _until_end(tokens: list[int], eos: int) -> list[int]:
    return tokens[: tokens.index(eos) + 1] if eos in tokens else tokens
