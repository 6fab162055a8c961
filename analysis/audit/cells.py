"""Across the runs of a cell: counts, mean gain, and no more of an interval than the runs support."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import t

from posttrace.analysis.arrays import FloatArray

POLICIES = ("drop", "zero", "baseline")
"""How a run without a scored submission enters a mean: left out, as score 0, as gain 0."""


@dataclass(frozen=True)
class Run:
    """What a cell needs of one run.

    ``gain``: corrected, else reported, NaN where there is none; ``gain_kind``: corrected, that on "fresh
    items" or "sealed items", or reported. ``failed``: no submission was scored, so that a policy decides; an
    invalid run is always left out. ``baseline_key``: the same for runs that share one scoring of the
    baseline. ``baseline_var``: variance of its mean given the items.
    """

    cell_id: str
    task: str
    agent: str
    driver: str | None
    mode: str | None
    code: str
    gain: float
    gain_kind: str
    failed: bool
    baseline: float
    baseline_key: str
    baseline_var: float

    def entry(self, policy: str) -> float:
        """The gain that enters the mean under a policy."""
        if not self.failed or policy == "drop":
            return self.gain
        return -self.baseline if policy == "zero" else 0.0


@dataclass(frozen=True)
class CellVerdict:
    """One cell; gains on 0..1. ``interval`` names what ``low`` and ``high`` are."""

    cell_id: str
    task: str
    agent: str
    driver: str | None
    mode: str | None
    n_runs: int
    n_without_score: int
    verdicts: dict[str, int]
    mean_gain: float
    gain_kind: str
    low: float
    high: float
    interval: str
    sensitivity: dict[str, float]
    """Mean gain under each way to count runs without a score."""


@dataclass(frozen=True)
class Cells:
    """Summarise runs by cell: ``policy`` of the mean, ``alpha`` two-sided of the interval."""

    policy: str = "drop"
    alpha: float = 0.05

    def __call__(self, runs: Sequence[Run]) -> tuple[CellVerdict, ...]:
        """Cells in order of first appearance."""
        groups: dict[str, list[Run]] = {}
        for run in runs:
            groups.setdefault(run.cell_id, []).append(run)
        return tuple(self._cell(group) for group in groups.values())

    def _cell(self, runs: list[Run]) -> CellVerdict:
        entered = [run for run in runs if not math.isnan(run.entry(self.policy))]
        gains = np.array([run.entry(self.policy) for run in entered])
        scored = [run for run in runs if not math.isnan(run.gain)]
        low, high, interval = self._interval(entered, gains)
        first = runs[0]
        return CellVerdict(
            cell_id=first.cell_id,
            task=first.task,
            agent=first.agent,
            driver=first.driver,
            mode=first.mode,
            n_runs=len(runs),
            n_without_score=len(runs) - len(scored),
            verdicts=dict(sorted(Counter(run.code for run in runs).items())),
            mean_gain=_mean([float(g) for g in gains]),
            gain_kind=_kind(scored),
            low=low,
            high=high,
            interval=interval,
            sensitivity={policy: _mean([run.entry(policy) for run in runs]) for policy in POLICIES},
        )

    def _interval(self, runs: list[Run], gains: FloatArray) -> tuple[float, float, str]:
        count = len(gains)
        if count < 2:
            return math.nan, math.nan, "single run" if count else "no scored run"
        if count == 2:
            return float(gains.min()), float(gains.max()), "range"
        shared = len({run.baseline_key for run in runs}) < count
        variance = float(gains.var(ddof=1)) / count
        if shared:
            variance += max(run.baseline_var for run in runs)
        half = float(t.ppf(1 - self.alpha / 2, count - 1)) * math.sqrt(variance)
        kind = "t interval, shared baseline" if shared else "t interval"
        return float(gains.mean()) - half, float(gains.mean()) + half, kind


def _mean(gains: list[float]) -> float:
    kept = [gain for gain in gains if not math.isnan(gain)]
    return float(np.mean(kept)) if kept else math.nan


def _kind(runs: list[Run]) -> str:
    if not runs:
        return "undefined"
    kinds = Counter(run.gain_kind for run in runs)
    if len(kinds) == 1:
        return next(iter(kinds))
    return ", ".join(f"{kind} in {kinds[kind]} of {len(runs)} runs" for kind in sorted(kinds))
