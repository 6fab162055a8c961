"""What logged metrics tell of the objective: they confirm or contradict, and never decide alone."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Final, Literal

from posttrace.analysis.routes.history import Logged, Process

Family = Literal["likelihood", "reward", "preference"]

OBJECTIVES: Final[Mapping[Family, tuple[str, ...]]] = {
    "likelihood": ("sft", "rft", "pretrain", "distill"),
    "reward": ("grpo", "reinforce", "ppo", "rft"),
    "preference": ("dpo",),
}
"""What each family of metrics goes with, the most common first. Own samples are chosen by reward before they
are learnt, so ``rft`` may log either."""
MIN_LINES: Final = 2
"""Training logs more than once."""

_LOSS: Final = frozenset({"loss", "nll", "perplexity", "ppl", "xent"})
_REWARD: Final = frozenset({"reward", "rewards", "return", "returns", "advantage", "advantages"})
_PREFERENCE: Final = frozenset({"chosen", "rejected", "margin", "margins"})


def family(keys: Collection[str]) -> Family | None:
    """The family of one logged line; null when nothing in it is of training."""
    words = {word for key in keys for word in re.split(r"[^a-z0-9]+", key.lower())}
    if words & _PREFERENCE:
        return "preference"
    if words & _REWARD:
        return "reward"
    return "likelihood" if words & _LOSS else None


def families(lines: Iterable[Logged]) -> Mapping[Family, str]:
    """The families that some source logged at least twice, each with such a source."""
    counts: dict[tuple[Family, str], int] = {}
    for line in lines:
        kind = family(line.keys)
        if kind is not None:
            counts[kind, line.source] = counts.get((kind, line.source), 0) + 1
    return {kind: source for (kind, source), n in counts.items() if n >= MIN_LINES}


def logged_by(process: Process, logged: Iterable[Logged], lag_s: float) -> list[Logged]:
    """The lines that can only be of this process, as far as times tell; they are read up to ``lag_s`` late.

    A source that nobody wrote to before or after counts whole; of any other the lines that were read when no
    earlier process can have left them.
    """
    end_s = process.ended_s + lag_s
    inside = [line for line in logged if process.started_s <= line.t_s <= end_s]
    shared = {line.source for line in logged if not process.started_s <= line.t_s <= end_s}
    first_s = process.started_s + lag_s
    return [line for line in inside if line.source not in shared or first_s < line.t_s <= process.ended_s]


def agrees(objective: str, found: Collection[Family]) -> bool:
    """Whether the metrics are such as this objective logs."""
    return any(objective in OBJECTIVES[kind] for kind in found)
