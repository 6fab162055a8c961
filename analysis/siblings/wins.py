"""Best on so many tasks: does it exceed chance, when tasks come in a few domains?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final, Literal

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from posttrace.analysis.arrays import FloatArray
from posttrace.analysis.siblings.paired import flip_p
from posttrace.analysis.stats.ranks import SignedRank
from posttrace.traces.errors import InputError

Row = tuple[str, float, float, float, float, str]
Side = Literal["greater", "two-sided"]
SIDES: Final[tuple[Side, Side]] = ("greater", "two-sided")
TIE: Final = 1e-9


def wins_table(wins: int, tasks: int, systems: Sequence[int] = (2,), alpha: float = 0.05) -> pd.DataFrame:
    """Sign test of ``wins`` of ``tasks`` against 1/2 and 1/systems, with the Clopper-Pearson interval.

    One row a null: 1/2 is "as often better as worse than one rival", 1/s "the best of s exchangeable
    systems". Tasks are taken as independent, which tasks of one domain hardly are.
    """
    if not 0 <= wins <= tasks or tasks < 1 or min(systems, default=2) < 2:
        raise InputError(f"wins must lie in 0..tasks, and systems be two or more; got {wins} of {tasks}")
    rows = []
    for s in dict.fromkeys((2, *systems)):
        test = binomtest(wins, tasks, 1 / s, alternative="greater")
        both = binomtest(wins, tasks, 1 / s)
        interval = both.proportion_ci(1 - alpha, method="exact")
        rows.append((f"1/{s}", wins / tasks, interval.low, interval.high, test.pvalue, both.pvalue))
    return pd.DataFrame(rows, columns=["null", "rate", "low", "high", "p_greater", "p"])


@dataclass(frozen=True)
class DomainFlips:
    """Signs flipped by whole domain. ``smallest``: least attainable one-sided p, 2^-domains if not drawn."""

    p: float
    p_greater: float
    smallest: float
    domains: int


@dataclass(frozen=True)
class DomainSigns:
    """Permutation test with one random sign a domain; all 2^D patterns where these are no more than
    ``resamples``, otherwise that many are drawn and p = (1 + #)/(1 + resamples)."""

    resamples: int = 2**14

    def __call__(self, values: FloatArray, domains: Sequence[str], rng: np.random.Generator) -> DomainFlips:
        """p of the sum of ``values`` (task,): differences, or +1/0/-1 for won, tied, lost.

        ``domains``: (task,). Allows any dependence of tasks within a domain; domains must be independent.
        With D domains no one-sided p is below 2^-D, however many tasks are won.
        """
        sums = pd.Series(values).groupby(pd.Series(list(domains))).sum().to_numpy(dtype=np.float64)
        every = 2 ** len(sums) <= self.resamples
        patterns = np.zeros(1)
        if every:
            for value in sums:
                patterns = np.concatenate([patterns + value, patterns - value])
        else:
            patterns = (1 - 2.0 * rng.integers(0, 2, size=(self.resamples, len(sums)))) @ sums
        seen, own = float(sums.sum()), 0 if every else 1
        reached = (int((np.abs(patterns) >= abs(seen) - TIE).sum()), int((patterns >= seen - TIE).sum()))
        p, p_greater = ((count + own) / (len(patterns) + own) for count in reached)
        return DomainFlips(p, p_greater, 1 / (len(patterns) + own), len(sums))


@dataclass(frozen=True)
class Wins:
    """``table``: one row a test (test, statistic, p_greater, p, smallest p_greater attainable, note)."""

    tasks: int
    won: int
    tied: int
    lost: int
    table: pd.DataFrame


@dataclass(frozen=True)
class WinsOverTasks:
    """Tests of score differences over tasks; ``resamples``: domain patterns drawn where there are more."""

    resamples: int = 2**14

    def __call__(self, differences: FloatArray, domains: Sequence[str], rng: np.random.Generator) -> Wins:
        """``differences``: (task,) own score minus the rival's, higher is better. ``domains``: (task,).

        Sign test (ties left out), Wilcoxon signed rank, and flips of whole domains of wins and of
        differences. The last and Wilcoxon compare sizes over tasks: only for one scale of scores.
        """
        if not len(differences) or len(differences) != len(domains) or not np.isfinite(differences).all():
            raise InputError("every task needs a finite difference and a domain")
        signs = np.where(np.abs(differences) <= TIE, 0.0, np.sign(differences))
        won, lost = int((signs > 0).sum()), int((signs < 0).sum())
        rows = [
            self._sign(won, lost),
            self._wilcoxon(np.where(signs == 0, 0.0, differences)),
            self._domains("wins by domain", signs, domains, rng),
            self._domains("differences by domain", differences, domains, rng),
        ]
        columns = ["test", "statistic", "p_greater", "p", "smallest", "note"]
        table = pd.DataFrame(rows, columns=columns)
        return Wins(len(signs), won, len(signs) - won - lost, lost, table)

    def _sign(self, won: int, lost: int) -> Row:
        n = won + lost
        if n == 0:
            return "sign", 0.0, 1.0, 1.0, 1.0, "all tasks tied"
        greater = binomtest(won, n, alternative="greater").pvalue
        return "sign", won, float(greater), float(binomtest(won, n).pvalue), 0.5**n, f"{n} tasks not tied"

    def _wilcoxon(self, d: FloatArray) -> Row:
        """Exact whatever ties of sizes there are; tied tasks are left out."""
        n = int((d != 0).sum())
        if n == 0:
            return "Wilcoxon", 0.0, 1.0, 1.0, 1.0, "all tasks tied"
        greater, both = (SignedRank(alternative=side)(d) for side in SIDES)
        return "Wilcoxon", greater.w_plus, greater.p, both.p, 0.5**n, f"{n} tasks not tied; exact"

    def _domains(
        self, name: str, values: FloatArray, domains: Sequence[str], rng: np.random.Generator
    ) -> Row:
        flips = DomainSigns(self.resamples)(values, domains, rng)
        note = f"{flips.domains} domains: smallest one-sided p 1/{round(1 / flips.smallest)}"
        return name, float(values.sum()), flips.p_greater, flips.p, flips.smallest, note


def against(
    frame: pd.DataFrame, system: str, rival: str | None = None, higher_is_better: bool = True
) -> pd.DataFrame:
    """Columns ``task``, ``domain``, ``difference`` of ``system`` from a table of scores.

    ``frame``: columns task, domain, system, score, one row a task and system. ``rival``: one other system,
    or None for the best of the others task by task: harder to beat, so 1/2 is no null of equality for it.
    """
    missing = [name for name in ("task", "domain", "system", "score") if name not in frame]
    if missing:
        raise InputError(
            f"scores have no column {', '.join(missing)}; task, domain, system, score are needed"
        )
    if frame.duplicated(["task", "system"]).any():
        raise InputError("a task has two scores of one system; average its runs first")
    scores = frame.pivot(index="task", columns="system", values="score").astype("float64")
    if system not in scores or (rival is not None and rival not in scores):
        raise InputError(f"there are scores of {', '.join(map(str, scores.columns))}")
    if scores.isna().to_numpy().any():
        raise InputError(
            "a task lacks the score of a system; a failed run needs a score or its task left out"
        )
    scores = scores if higher_is_better else -scores
    other = scores.drop(columns=system).max(axis=1) if rival is None else scores[rival]
    domain = frame.drop_duplicates("task").set_index("task")["domain"]
    columns = {"domain": domain.reindex(scores.index), "difference": scores[system] - other}
    return pd.DataFrame(columns).reset_index()


@dataclass(frozen=True)
class DomainLimits:
    """What a number of wins leaves open. ``allocations``: wins by domain, p_greater and p, one row each."""

    allocations: pd.DataFrame
    smallest: float
    largest: float
    attainable: float


def domain_limits(wins: int, sizes: Mapping[str, int], at_least: int = 0) -> DomainLimits:
    """Domain-flip p (one-sided) over every way to place ``wins`` in domains of ``sizes`` tasks, no ties.

    ``at_least``: wins that every domain is known to have. A task that is not won counts as lost.
    """
    rows = []
    for placed in product(*(range(min(at_least, size), size + 1) for size in sizes.values())):
        if sum(placed) == wins:
            sums = np.array([2 * w - size for w, size in zip(placed, sizes.values(), strict=True)])
            rows.append((*placed, flip_p(sums, "greater"), flip_p(sums)))
    if not rows:
        raise InputError(f"{wins} wins do not fit domains of {sum(sizes.values())} tasks")
    table = pd.DataFrame(rows, columns=[*sizes, "p_greater", "p"])
    p = table["p_greater"]
    return DomainLimits(table, float(p.min()), float(p.max()), math.pow(2, -len(sizes)))
