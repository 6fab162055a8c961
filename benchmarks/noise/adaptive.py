"""An agent that hears its scores and climbs on them: what the test says where nothing was gained."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.noise.estimate import Row, mean_pp, share
from benchmarks.noise.experiment import chances
from benchmarks.noise.rates import claims
from posttrace.analysis.arrays import FloatArray
from posttrace.analysis.stats.items.paired import Paired

TITLE = "Hill-climbing on the test set"
TEXT = (
    "n = 200 items, decoding deterministic, so that luck on an item stays; every submission is as good as "
    "the baseline on other items. `climb x`: the best so far, with the share x of its answers drawn anew, "
    "kept where its score is higher (1: k fresh draws, no climbing). `vote`: k - 1 fresh draws, then item "
    "by item the majority of those that scored above the baseline (Blum & Hardt 2015), on questions with "
    "two answers and a model that guesses, where a vote is no better than a guess. `claims`: the audit's "
    "test as if nothing had been heard."
)
N = 200


def climb(rng: np.random.Generator, chance: FloatArray, base: FloatArray, k: int, part: float) -> FloatArray:
    """Each submission is the best so far with ``part`` of its answers drawn anew."""
    best, found = base, []
    for _ in range(k):
        anew = (rng.random(len(chance)) < chance).astype(np.float64)
        tried = np.where(rng.random(len(chance)) < part, anew, best)
        best = tried if tried.sum() > best.sum() else best
        found.append(tried)
    return np.array(found).T


def vote(rng: np.random.Generator, chance: FloatArray, base: FloatArray, k: int) -> FloatArray:
    """k - 1 fresh draws, then the majority of those above the baseline; an item without one is guessed."""
    fresh = (rng.random((k - 1, len(chance))) < chance).astype(np.float64)
    panel = fresh[fresh.sum(axis=1) > base.sum()]
    mean = panel.mean(axis=0) if len(panel) else np.full(len(chance), 0.5)
    guessed = rng.random(len(chance)) < 0.5
    majority = np.where(mean == 0.5, guessed, mean > 0.5).astype(np.float64)
    return np.vstack([fresh, majority]).T


@dataclass(frozen=True)
class Case:
    """A climber that changes ``part`` of its answers, or votes (None); ``k`` submissions, ``count`` times."""

    part: float | None
    p0: float
    icc: float
    k: int
    count: int

    def row(self, rng: np.random.Generator) -> Row:
        """How often a gain is claimed that is none, and how large the best looks."""
        hits, gains = 0, np.empty(self.count)
        for i in range(self.count):
            paired = self.draw(rng)
            hits += claims(paired, np.zeros(self.k), rng).exceeds
            gains[i] = paired.units.gains.max()
        return {
            "strategy": "vote" if self.part is None else f"climb {self.part:g}",
            "p0": self.p0,
            "ICC": self.icc,
            "k": self.k,
            "experiments": self.count,
            "best gain": mean_pp(gains),
            "claims": share(hits, self.count),
        }

    def draw(self, rng: np.random.Generator) -> Paired:
        """New items, and one agent's submissions on them."""
        chance = chances(rng, N, self.p0, self.icc)
        base = (rng.random(N) < chance).astype(np.float64)
        if self.part is None:
            return Paired(base[None], vote(rng, chance, base, self.k))
        return Paired(base[None], climb(rng, chance, base, self.k, self.part))


def cases(full: bool) -> list[Case]:
    """Climbers with large and small steps, and the vote."""
    count = 4000 if full else 400
    climbers = [
        Case(part, p0, icc, k, count)
        for k in ((10, 30) if full else (30,))
        for p0, icc in ((0.1, 0.5), (0.5, 0.5), (0.5, 0.0))
        for part in (1.0, 0.5, 0.2, 0.1, 0.05, 0.02)
    ]
    return [*climbers, *(Case(None, 0.5, 0.0, k, count) for k in (10, 30))]
