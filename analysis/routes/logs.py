"""What logged metrics tell of the objective: they confirm or contradict, and never decide alone."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
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


def owners(
    logged: Iterable[Logged], workers: Sequence[Process], lag_s: float
) -> Mapping[Process, Sequence[Logged]]:
    """Who logged what, as far as times tell; lines are read up to ``lag_s`` after they were written.

    ``workers`` stand in order of their start. A source is cut where its steps begin anew; a piece belongs to
    the only worker in whose time all of it was read. Of several it is the first after the owner of the piece
    before; else nobody's.
    """
    found: dict[Process, list[Logged]] = {}
    for pieces in _pieces(logged).values():
        last = -1
        for piece in pieces:
            may = [
                n
                for n, worker in enumerate(workers)
                if worker.started_s <= piece[0].t_s and piece[-1].t_s <= worker.ended_s + lag_s
            ]
            later = [n for n in may if n > last >= 0]
            if len(may) == 1 or later:
                last = may[0] if len(may) == 1 else later[0]
                found.setdefault(workers[last], []).extend(piece)
    return found


def _pieces(logged: Iterable[Logged]) -> Mapping[str, list[list[Logged]]]:
    """The lines of each source, cut where a step is not after the one before."""
    found: dict[str, list[list[Logged]]] = {}
    for line in logged:
        pieces = found.setdefault(line.source, [[]])
        before = pieces[-1][-1].step if pieces[-1] else None
        if before is not None and line.step is not None and line.step <= before:
            pieces.append([])
        pieces[-1].append(line)
    return found


def agrees(objective: str, found: Collection[Family]) -> bool:
    """Whether the metrics are such as this objective logs."""
    return any(objective in OBJECTIVES[kind] for kind in found)
