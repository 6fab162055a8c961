"""Logged metrics as series: what each key is of, cut where a training begins anew."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, Literal

import numpy as np

from posttrace.analysis.arrays import FloatArray, IntArray
from posttrace.traces.events.metrics import LogMetrics

Role = Literal[
    "loss",
    "gradient",
    "reward",
    "spread",
    "without_spread",
    "entropy",
    "log_prob",
    "length",
    "clipped",
    "fit",
]
_NOT_TRAINING: Final = frozenset({"eval", "val", "valid", "validation", "test", "dev", "ref", "reference"})
_REWARDS: Final = frozenset({"reward", "rewards", "return", "returns"})
_OF_ALL: Final = frozenset(
    {"train", "mean", "avg", "average", "critic", "episode", "episodic", "objective"}
    | {"rollout", "rollouts", "env", "total", "batch", "step"}
)
_GENERATED: Final = frozenset({"completion", "completions", "response", "responses"})


@dataclass(frozen=True)
class Series:
    """One key of one training, by line: ``seq`` of the events, ``values`` with NaN and infinity."""

    source: str
    key: str
    seq: IntArray
    values: FloatArray

    @property
    def n(self) -> int:
        """Lines that have the key."""
        return len(self.values)

    @property
    def first(self) -> FloatArray:
        """The finite values of the first quarter, of at least one line."""
        quarter = self.values[: max(1, self.n // 4)]
        return quarter[np.isfinite(quarter)]

    @property
    def last(self) -> FloatArray:
        """The finite values of the last quarter, of at least one line."""
        quarter = self.values[-max(1, self.n // 4) :]
        return quarter[np.isfinite(quarter)]


@dataclass
class _Column:
    seq: array[int] = field(default_factory=lambda: array("q"))
    at: array[float] = field(default_factory=lambda: array("d"))
    values: array[float] = field(default_factory=lambda: array("d"))


@dataclass
class Piece:
    """The lines of one source from one training: its steps rise."""

    source: str
    step: int | None = None
    first_at: float = 0.0
    last_at: float = 0.0
    columns: dict[str, _Column] = field(default_factory=dict)

    def ends_before(self, step: int | None) -> bool:
        """Whether a line with this step begins another training."""
        return self.step is not None and step is not None and step <= self.step

    def until(self, at: float) -> Mapping[Role, list[Series]]:
        """The series by role, of the lines that were there at a time."""
        found: dict[Role, list[Series]] = {}
        for key, column in self.columns.items():
            role = role_of(key)
            n = int(np.searchsorted(np.frombuffer(column.at, dtype=np.float64), at, side="right"))
            if role is not None and n:
                seq = np.array(column.seq[:n], dtype=np.int64)
                values = np.array(column.values[:n], dtype=np.float64)
                found.setdefault(role, []).append(Series(self.source, key, seq, values))
        return found

    def between(self, low: float, high: float) -> bool:
        """Whether some line of it was written in (low, high]."""
        columns = (np.frombuffer(column.at, dtype=np.float64) for column in self.columns.values())
        return any(bool(((at > low) & (at <= high)).any()) for at in columns)


@dataclass
class Pieces:
    """Takes logged lines in order and keeps what rules read of them."""

    all: list[Piece] = field(default_factory=list)
    _open: dict[str, Piece] = field(default_factory=dict)

    def take(self, event: LogMetrics, at: float) -> None:
        """Add one line, written at ``at``."""
        piece = self._open.get(event.source)
        if piece is None or piece.ends_before(event.step):
            piece = self._open[event.source] = Piece(event.source, first_at=at)
            self.all.append(piece)
        piece.step = piece.step if event.step is None else event.step
        piece.last_at = at
        for key, value in event.values.items():
            if role_of(key) is not None:
                column = piece.columns.setdefault(key, _Column())
                column.seq.append(event.seq)
                column.at.append(at)
                column.values.append(float(value))  # a name of a non-finite number is one float() reads


@lru_cache(maxsize=10_000)
def role_of(key: str) -> Role | None:
    """What a key of a training log is of; None where no rule asks for it.

    Losses and rewards of an evaluation are not of the training. A reward is the whole one: a part of it may
    well stay constant.
    """
    return _role(frozenset(_words(key)))


def _words(key: str) -> Iterator[str]:
    return (word for word in re.split(r"[^a-z0-9]+", key.lower()) if word)


def _role(words: frozenset[str]) -> Role | None:
    if words & _NOT_TRAINING:
        return None
    if {"zero", "std"} <= words and words & _REWARDS:
        return "without_spread"
    if words & _REWARDS:
        left = words - _REWARDS - _OF_ALL
        return "reward" if not left else "spread" if left == {"std"} else None
    if words & {"loss", "nll"}:
        return "loss" if not words & {"scale", "weight", "coef", "aux", "value", "vf"} else None
    if {"grad", "norm"} <= words or "gradnorm" in words:
        return "gradient" if "clip" not in words else None
    if words & {"accuracy", "acc"} and "train" in words and "token" not in words:
        return "fit"
    return _of_policy(words)


def _of_policy(words: frozenset[str]) -> Role | None:
    if "entropy" in words:
        return "entropy" if not words & {"coef", "coeff", "bonus"} else None
    if words in ({"log", "prob"}, {"logprob"}, {"log", "probs"}, {"mean", "logprob"}):
        return "log_prob"
    if words & _GENERATED and "length" in words:
        if words & {"clipped", "clip"}:
            return "clipped"
        return "length" if "mean" in words else None
    return "clipped" if words & _GENERATED and "clipped" in words else None
