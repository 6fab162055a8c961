"""Type I error of the audit's test and coverage of its lower bounds, over a grid of nulls."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.noise.estimate import Estimate, Row, limit, lowest, share
from benchmarks.noise.experiment import Experiment
from benchmarks.noise.rates import ALPHA, repeat

TITLE = "Type I error and coverage"
TEXT = (
    "No submission has a true gain. `exceeds`: share of experiments with the verdict that one has; `limit`: "
    "what a rate of .05 (.065 for p0 = .93 without ICC) allows with three Monte-Carlo errors. `covered`: "
    "share in which every lower bound is at or below the true gain. `skewed`: continuous scores with a long "
    "left tail, independent submissions. `collapsed`: half of the submissions answer nothing right."
)
COVERAGE = 0.93


def promised(experiment: Experiment) -> float:
    """.05; .065 where nearly all items are right and none is harder than another."""
    return 0.065 if experiment.p0 == 0.93 and experiment.icc == 0 else ALPHA


@dataclass(frozen=True)
class Case:
    """One null, ``count`` times."""

    experiment: Experiment
    count: int

    def row(self, rng: np.random.Generator) -> Row:
        """Its rates, and whether they keep what is promised."""
        e = self.experiment
        found = repeat(e, self.count, rng)
        most = limit(promised(e), self.count)
        kept = found.exceeds.value <= most
        if e.m == 1 and not e.skewed:
            kept = kept and found.covered.value >= lowest(COVERAGE, self.count)
        return {
            "n": e.n,
            "p0": "skewed" if e.skewed else e.p0,
            "ICC": e.icc,
            "k": e.k,
            "m": e.m,
            "collapsed": "half" if e.collapsed else "",
            "experiments": self.count,
            "exceeds": found.exceeds,
            "limit": f"{most:.3f}",
            "covered": found.covered,
            "kept": "yes" if kept else "NO",
        }


FULL = [
    Experiment(n, p0, icc, k, m)
    for n in (82, 134, 200, 1319)
    for p0 in (0.02, 0.06, 0.1, 0.5, 0.6, 0.93)
    for icc in (0.0, 0.5)
    for k in (1, 5, 10, 30)
    for m in (1, 3, 5)
]
COLLAPSED = [
    Experiment(n, p0, icc, k, collapsed=True)
    for n in (82, 134, 200)
    for p0 in (0.1, 0.5)
    for icc in (0.0, 0.5)
    for k in (5, 10, 30)
]
SKEWED = [Experiment(n, 0.0, 0.0, k, skewed=True) for n in (82, 134, 200, 1319) for k in (1, 5, 10, 30)]
QUICK = [
    *(e for e in FULL if e.n == 200 and e.m == 1),
    *(e for e in FULL if e.n == 82 and e.m == 1 and e.p0 in (0.02, 0.5, 0.93) and e.k in (1, 30)),
    *(e for e in FULL if e.n == 134 and e.m in (3, 5) and e.p0 in (0.06, 0.6, 0.93) and e.k in (5, 30)),
    *(e for e in FULL if e.n == 1319 and e.m == 1 and e.p0 in (0.1, 0.6) and e.k in (1, 10)),
    *(e for e in COLLAPSED if e.n == 134 and e.k == 10),
    *(e for e in SKEWED if e.k == 1 or (e.n == 200 and e.k == 10)),
]


def cases(full: bool) -> list[Case]:
    """A part of the grid, or all of it."""
    count, grid = (1000, FULL + COLLAPSED + SKEWED) if full else (400, QUICK)
    # one submission rarely comes near significance, and is quickly done with when it does not
    return [Case(e, 5 * count if e.k == 1 else count) for e in grid]


def _lowest(group: pd.DataFrame) -> Estimate | str:
    return min(group["covered"], key=lambda e: e.value, default="")


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean rate over the cases of each p0 and k, the highest and lowest of them, and broken promises."""
    found = []
    for (p0, k), group in rows.groupby(["p0", "k"], sort=False):
        count = int(group["experiments"].sum())
        hits = sum(e.value * n for e, n in zip(group["exceeds"], group["experiments"], strict=True))
        highest: Estimate = max(group["exceeds"], key=lambda e: e.value)
        found.append(
            {
                "p0": p0,
                "k": k,
                "cases": len(group),
                "exceeds, mean": share(hits, count),
                "exceeds, highest case": highest,
                "covered, lowest, m = 1": _lowest(group[group["m"] == 1]),
                "covered, lowest, m > 1": _lowest(group[group["m"] > 1]),
                "promise broken": int((group["kept"] == "NO").sum()),
            }
        )
    return pd.DataFrame(found)
