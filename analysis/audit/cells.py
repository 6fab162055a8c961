"""Across the runs of a cell: counts, mean gain, and no more of an interval than the runs support."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from posttrace.analysis.audit.settings import POLICIES
from posttrace.analysis.stats.across.hierarchical import BetweenRuns, RunInterval


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
        return entry(self.gain, self.baseline, self.failed, policy)


def entry(gain: float, baseline: float, failed: bool, policy: str) -> float:
    """The gain of a run that enters a mean; a run that failed gains by policy, NaN leaves it out."""
    if not failed or policy == "drop":
        return gain
    return -baseline if policy == "zero" else 0.0


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
        scored = [run for run in runs if not math.isnan(run.gain)]
        interval = self._interval(entered)
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
            mean_gain=interval.mean,
            gain_kind=_kind(scored),
            low=interval.low,
            high=interval.high,
            interval=interval.kind,
            sensitivity={policy: _mean([run.entry(policy) for run in runs]) for policy in POLICIES},
        )

    def _interval(self, runs: list[Run]) -> RunInterval:
        shared = len({run.baseline_key for run in runs}) < len(runs)
        # where only some share a scoring, all are counted as if they did: never too short
        variance = float(np.max([run.baseline_var for run in runs])) if shared else None
        return BetweenRuns(self.alpha)(np.array([run.entry(self.policy) for run in runs]), variance)


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
