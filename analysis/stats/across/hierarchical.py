"""The mean gain over runs: how far other runs, and other items, could move it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from scipy.stats import t

from posttrace.analysis.arrays import FloatArray
from posttrace.analysis.stats.items.paired import ZERO_SE

MIN_RUNS = 5
"""Runs that a bootstrap over runs needs in every task."""
CELLS_A_CHUNK = 1_000_000
"""Resamples x items held at once."""


@dataclass(frozen=True)
class RunInterval:
    """``low``, ``high`` around ``mean``; ``kind`` names what they are, or why there are none (NaN)."""

    mean: float
    low: float
    high: float
    kind: str


@dataclass(frozen=True)
class BetweenRuns:
    """No more of an interval than R runs support: none for one, the range of two, Student's from three.

    Over training, decode and judge randomness on *these* items. Runs that share one scoring of the baseline
    share its luck: SE^2 = s_R^2/R + Var(y0 mean | items). ``alpha`` two-sided.
    """

    alpha: float = 0.05

    def __call__(self, gains: FloatArray, shared_var: float | None = None) -> RunInterval:
        """``gains``: (run,). ``shared_var``: variance of the shared baseline's mean given the items.

        None: each run scored its own. Raises ``ValueError`` for a gain that is not finite.
        """
        count = len(gains)
        if not np.isfinite(gains).all():
            raise ValueError("an interval needs a finite gain of every run")
        mean = float(gains.mean()) if count else np.nan
        if count < 2:
            return RunInterval(mean, np.nan, np.nan, "single run" if count else "no scored run")
        if count == 2:
            return RunInterval(mean, float(gains.min()), float(gains.max()), "range")
        if shared_var is not None and np.isnan(shared_var):
            return RunInterval(mean, np.nan, np.nan, "shared baseline of unknown variance")
        variance = float(gains.var(ddof=1)) / count + (shared_var or 0.0)
        half = float(t.ppf(1 - self.alpha / 2, count - 1)) * sqrt(variance)
        kind = "t interval" if shared_var is None else "t interval, shared baseline"
        return RunInterval(mean, mean - half, mean + half, kind)


@dataclass(frozen=True)
class TaskOutcomes:
    """One task: ``agents``, each (run, item), all on the same items in the same order.

    ``baseline``: (replicate, item), shared by all runs; None where ``agents`` holds differences already,
    because each run scored its own baseline.
    """

    agents: tuple[FloatArray, ...]
    baseline: FloatArray | None = None

    @property
    def gains(self) -> tuple[FloatArray, ...]:
        """Each (run, item): outcome minus the baseline's mean over replicates."""
        if self.baseline is None:
            return self.agents
        return tuple(agent - self.baseline.mean(axis=0) for agent in self.agents)


@dataclass(frozen=True)
class Hierarchical:
    """Gains over runs and items; ``low``, ``high``: (agent,), NaN with a ``reason``.

    ``draws``: (resample, agent); a row shares its items, so that differences of columns are differences of
    agents on the same items. ``run_var``, ``run_df``: (task, agent) part of the variance of an agent's mean
    that is between its runs on a task, and its degrees of freedom.
    """

    means: FloatArray
    low: FloatArray
    high: FloatArray
    draws: FloatArray
    run_var: FloatArray
    run_df: FloatArray
    alpha: float
    reason: str

    def difference(self, one: int, other: int) -> tuple[float, float, float]:
        """Mean gain of one agent less that of another: estimate, low, high."""
        estimate = float(self.means[one] - self.means[other])
        if self.reason:
            return estimate, np.nan, np.nan
        pair = [one, other]
        drawn = self.draws[:, one] - self.draws[:, other]
        half = _half(drawn, self.run_var[:, pair], self.run_df[:, pair], self.alpha)
        return estimate, estimate - half, estimate + half


@dataclass(frozen=True)
class HierarchicalBootstrap:
    """Runs drawn within each agent and task, then items: one draw a task for all runs, agents and baseline.

    Tasks are fixed and weigh the same. Drawing items anew for each run would count one test set as many.
    R - 1 of R runs are drawn, which makes their part of the variance unbiased (Rao & Wu 1988), and the
    interval is Student's on the bootstrap standard error, with Satterthwaite's degrees of freedom: those of
    the runs where these vary most. The percentile interval covers too little with five runs. Replicates of
    the baseline are not drawn: their spread is already in the differences between items. The decode noise of
    a run enters with its items and with the runs, so that the interval is a little too long (the pigeonhole
    bootstrap, Owen 2007). ``alpha`` two-sided.
    """

    alpha: float = 0.05
    resamples: int = 10_000

    def __call__(self, tasks: Sequence[TaskOutcomes], rng: np.random.Generator) -> Hierarchical:
        """Gains of the agents, each averaged over tasks; every task has all agents, in one order."""
        gains = [task.gains for task in tasks]
        _check(gains)
        means = np.mean([[float(agent.mean()) for agent in task] for task in gains], axis=0)
        df = np.array([[float(len(agent) - 1) for agent in task] for task in gains])
        fewest = int(df.min()) + 1
        if fewest < MIN_RUNS:
            nothing, none = np.full(len(means), np.nan), np.empty((0, len(means)))
            reason = f"{fewest} runs; a bootstrap over runs needs {MIN_RUNS}"
            return Hierarchical(means, nothing, nothing, none, none, none, self.alpha, reason)
        between = [[float(agent.mean(axis=1).var(ddof=1)) / len(agent) for agent in task] for task in gains]
        var = np.array(between) / len(gains) ** 2
        draws = np.mean([self._task(task, rng) for task in gains], axis=0)
        halves = [_half(draws[:, i], var[:, [i]], df[:, [i]], self.alpha) for i in range(len(means))]
        return Hierarchical(means, means - halves, means + halves, draws, var, df, self.alpha, "")

    def _task(self, agents: tuple[FloatArray, ...], rng: np.random.Generator) -> FloatArray:
        """(resample, agent) mean gain."""
        n = agents[0].shape[1]
        item_rng, *run_rngs = rng.spawn(1 + len(agents))
        rows = []
        for size in self._chunks(n):
            items = _shares(n, n, size, item_rng)
            columns = []
            for agent, run_rng in zip(agents, run_rngs, strict=True):
                runs = _shares(len(agent), len(agent) - 1, size, run_rng)
                columns.append(((items @ agent.T) * runs).sum(axis=1))
            rows.append(np.column_stack(columns))
        return np.concatenate(rows)

    def _chunks(self, n_items: int) -> Iterator[int]:
        size = max(1, CELLS_A_CHUNK // n_items)
        for start in range(0, self.resamples, size):
            yield min(size, self.resamples - start)


def _half(drawn: FloatArray, run_var: FloatArray, run_df: FloatArray, alpha: float) -> float:
    """Half the interval of what was drawn; NaN without spread."""
    variance = max(float(drawn.var()), float(run_var.sum()))
    if variance <= ZERO_SE**2:
        return float("nan")
    parts = float((run_var**2 / run_df).sum())
    df = variance**2 / parts if parts > 0 else np.inf
    return float(t.ppf(1 - alpha / 2, df)) * sqrt(variance)


def _shares(n: int, draws: int, resamples: int, rng: np.random.Generator) -> FloatArray:
    """(resample, unit) share of each of n units in a sample of ``draws`` with replacement."""
    drawn = rng.integers(0, n, size=(resamples, draws)) + n * np.arange(resamples)[:, None]
    counts = np.bincount(drawn.ravel(), minlength=resamples * n).reshape(resamples, n)
    return np.asarray(counts / draws, dtype=np.float64)


def _check(tasks: Sequence[tuple[FloatArray, ...]]) -> None:
    if not tasks or len({len(task) for task in tasks}) != 1 or not tasks[0]:
        raise ValueError("every task needs the same agents, in the same order")
    for task in tasks:
        if any(a.ndim != 2 or a.size == 0 or not np.isfinite(a).all() for a in task):
            raise ValueError("every agent needs a finite outcome of each item in each run")
        if len({agent.shape[1] for agent in task}) != 1:
            raise ValueError("all runs of a task need the same items")
