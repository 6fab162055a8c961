"""Medal rate of one system, with the uncertainty over seeds and the one over competitions side by side."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from scipy import stats

from posttrace.analysis.arrays import FloatArray, IntArray
from posttrace.analysis.siblings.grades import Grades
from posttrace.analysis.stats.proportions import wilson
from posttrace.traces.errors import InputError

SEED_SEM: Final = "seed SEM"
BOOTSTRAP: Final = "competition bootstrap"
WILSON: Final = "Wilson over competitions"
LEAST: Final = "competition SE, least possible"
MOST: Final = "competition SE, most possible"
FEWEST_COMPETITIONS: Final = 10
"""Below this a bootstrap over competitions is not shown."""
NO_OUTCOMES: Final = "needs the outcome of every competition; medals per seed do not have it"


@dataclass(frozen=True)
class Uncertainty:
    """One standard error with its interval (all on 0..1) and what it is about.

    ``generalises_to``: what would vary in the repetition that it describes. ``reason``: why a number is NaN,
    or what to beware of.
    """

    kind: str
    generalises_to: str
    se: float
    low: float
    high: float
    reason: str = ""


@dataclass(frozen=True)
class MedalRate:
    """``rate`` on 0..1 over ``n_competitions`` x ``n_seeds`` gradings; ``seed_rates``: (seed,)."""

    rate: float
    n_competitions: int
    n_seeds: int
    seed_rates: FloatArray
    uncertainties: tuple[Uncertainty, ...]

    def of(self, kind: str) -> Uncertainty:
        """The uncertainty of this kind."""
        return {uncertainty.kind: uncertainty for uncertainty in self.uncertainties}[kind]

    def table(self) -> pd.DataFrame:
        """One row a kind of uncertainty, in percentage points."""
        rows = [
            {
                "rate_pct": 100 * self.rate,
                "uncertainty": each.kind,
                "se_pp": 100 * each.se,
                "low_pct": 100 * each.low,
                "high_pct": 100 * each.high,
                "generalises_to": each.generalises_to,
                "reason": each.reason,
            }
            for each in self.uncertainties
        ]
        return pd.DataFrame(rows)


@dataclass(frozen=True)
class MedalRates:
    """Two-sided (1 - ``alpha``) intervals; ``resamples``: bootstrap draws of the competitions."""

    alpha: float = 0.05
    resamples: int = 10_000

    def __call__(self, grades: Grades, rng: np.random.Generator) -> MedalRate:
        """Seed SEM and competition bootstrap of ``grades``."""
        shown = (
            self.over_seeds(grades.seed_rates, len(grades.competitions)),
            self._over_competitions(grades, rng),
        )
        n_competitions, n_seeds = grades.outcomes.shape
        return MedalRate(float(grades.outcomes.mean()), n_competitions, n_seeds, grades.seed_rates, shown)

    def from_counts(self, counts: Sequence[int], n: int) -> MedalRate:
        """From medals per seed out of ``n`` competitions alone.

        The seed SEM is as good as before. Over competitions there are a Wilson interval that counts the
        seeds of a competition as one, and the limits of the standard error (``competition_se_limits``).
        """
        medals = np.asarray(counts, dtype=np.int64)
        if n < 1 or not len(medals) or medals.min() < 0 or medals.max() > n:
            raise InputError(f"medals per seed must lie in 0..{n}, at least one seed; got {list(counts)}")
        rate = float(medals.sum() / (n * len(medals)))
        low, high = wilson(rate * n, n, self.alpha)
        over = f"other competitions, {len(medals)} seeds each"
        least, most = competition_se_limits(medals, n)
        rows = (
            self.over_seeds(medals / n, n),
            Uncertainty(BOOTSTRAP, over, math.nan, math.nan, math.nan, NO_OUTCOMES),
            Uncertainty(
                LEAST, over, least, math.nan, math.nan, "medals spread as evenly as the counts allow"
            ),
            Uncertainty(MOST, over, most, math.nan, math.nan, "the same competitions won with every seed"),
            Uncertainty(
                WILSON,
                over,
                math.nan,
                max(0.0, float(low)),
                min(1.0, float(high)),
                "conservative: as if the seeds of a competition always agreed",
            ),
        )
        return MedalRate(rate, n, len(medals), np.asarray(medals / n, dtype=np.float64), rows)

    def over_seeds(self, seed_rates: FloatArray, n_competitions: int) -> Uncertainty:
        """sd (ddof 1) of the rates of the seeds / sqrt(seeds), with Student's interval from three seeds."""
        s = len(seed_rates)
        over = f"other seeds, these {n_competitions} competitions"
        if s < 2:
            return Uncertainty(
                SEED_SEM, over, math.nan, math.nan, math.nan, "one seed shows no spread of seeds"
            )
        sem = float(np.std(seed_rates, ddof=1) / math.sqrt(s))
        if s == 2:
            return Uncertainty(SEED_SEM, over, sem, math.nan, math.nan, "two seeds: no interval")
        if sem < 1e-12:
            why = "all seeds won equally many; that is no certainty about other seeds"
            return Uncertainty(SEED_SEM, over, 0.0, math.nan, math.nan, why)
        mean, half = float(seed_rates.mean()), float(stats.t.ppf(1 - self.alpha / 2, s - 1)) * sem
        return Uncertainty(SEED_SEM, over, sem, max(0.0, mean - half), min(1.0, mean + half))

    def _over_competitions(self, grades: Grades, rng: np.random.Generator) -> Uncertainty:
        """Percentile interval: competitions drawn with replacement, each with all its seeds."""
        c, s = grades.outcomes.shape
        over = f"other competitions, {s} seeds each"
        rates = grades.rates
        if c < FEWEST_COMPETITIONS or np.ptp(rates) == 0:
            few = f"{c} competitions are too few (fewer than {FEWEST_COMPETITIONS})"
            why = (
                few if c < FEWEST_COMPETITIONS else "all competitions have the same rate: nothing to resample"
            )
            return Uncertainty(BOOTSTRAP, over, math.nan, math.nan, math.nan, why)
        draws = bootstrap_means(rates, self.resamples, rng)
        low, high = np.quantile(draws, [self.alpha / 2, 1 - self.alpha / 2])
        return Uncertainty(BOOTSTRAP, over, float(draws.std(ddof=1)), float(low), float(high))


def bootstrap_means(values: FloatArray, resamples: int, rng: np.random.Generator) -> FloatArray:
    """(resample,) means of ``values`` (competition,) drawn with replacement.

    Drawn in the order of the values, so that the names of the competitions change nothing.
    """
    n = len(values)
    weights = rng.multinomial(n, np.full(n, 1 / n), size=resamples)
    return np.asarray(weights @ np.sort(values) / n, dtype=np.float64)


def competition_se_limits(counts: Sequence[int] | IntArray, n: int) -> tuple[float, float]:
    """Least and most standard error over competitions that medals per seed (seed,) out of ``n`` allow.

    The ideal competition bootstrap has SE^2 = V/n, V the variance (ddof 0) of the n rates r_c. With mean p,
    r_c^2 <= r_c on 0..1 gives V <= p - p^2, so SE <= sqrt(p (1 - p)/n), reached if the seeds always agree.
    Both limits here are sharp for the counts: sum r_c^2 is largest when a competition that one seed wins is
    won by every seed that wins more (nested rows), smallest when the medals of competitions differ by at
    most one (Gale 1957, Ryser 1957: such a table exists for any counts per seed).
    """
    medals = np.asarray(counts, dtype=np.int64)
    seeds, total = len(medals), int(medals.sum())
    nested = (np.arange(n)[:, None] < medals).sum(axis=1)
    even = np.full(n, total // n) + (np.arange(n) < total % n)
    least, most = (float(np.std(rows / seeds) / math.sqrt(n)) for rows in (even, nested))
    return least, most


def by_complexity(
    grades: Grades,
    rng: np.random.Generator,
    method: MedalRates | None = None,
    groups: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """``MedalRate.table()`` of all competitions and of each group (default: low, medium, high)."""
    method = method or MedalRates()
    parts = {"all": grades, **grades.split(groups)}
    tables = []
    for (name, part), own in zip(parts.items(), rng.spawn(len(parts)), strict=True):
        table = method(part, own).table()
        table.insert(0, "group", name)
        table.insert(1, "n_competitions", len(part.competitions))
        tables.append(table)
    return pd.concat(tables, ignore_index=True)
