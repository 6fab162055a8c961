"""Does an outcome go with a label, once strata are held fixed? Exact where it can be counted out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from itertools import combinations
from math import comb, prod

import numpy as np
from numpy.typing import NDArray
from scipy.stats import hypergeom
from statsmodels.stats.contingency_tables import StratifiedTable

from posttrace.analysis.arrays import FloatArray, IntArray
from posttrace.analysis.stats.items.resampling import TIE

Labels = NDArray[np.bool_]
MAX_ARRANGEMENTS = 2**20
"""More arrangements of the labels than this are drawn instead of enumerated."""


@dataclass(frozen=True)
class Association:
    """``difference``: size-weighted mean over strata of (mean with the label - mean without it).

    ``p_greater``, ``p_less``: one-sided; ``p``: twice the smaller, at most 1. ``arrangements``: of the labels
    within strata; ``p_least``: the smallest one-sided p that they can give, or as many as were drawn (twice
    it is the smallest two-sided one); ``exact``: all were enumerated.
    ``strata``, ``n_one``, ``n_other``: strata with both kinds, and what lies in them. ``reason``: why all is
    NaN where no stratum has both.
    """

    difference: float
    p: float
    p_greater: float
    p_less: float
    arrangements: int
    p_least: float
    exact: bool
    strata: int
    n_one: int
    n_other: int
    reason: str


@dataclass(frozen=True)
class StratifiedPermutation:
    """Labels permuted within strata; T = sum_s n_s (mean_s1 - mean_s0) / sum_s n_s over strata with both.

    With pairs as strata T is the mean difference and the permutations are the sign flips of the pairs. All
    arrangements are enumerated up to ``limit``; above that ``resamples`` are drawn and p = (1 + reached) /
    (1 + resamples) (Phipson & Smyth 2010).
    """

    resamples: int = 10_000
    limit: int = MAX_ARRANGEMENTS

    def __call__(
        self,
        outcomes: FloatArray,
        labelled: Labels,
        strata: IntArray,
        rng: np.random.Generator,
    ) -> Association:
        """``outcomes``, ``labelled`` (true for one kind), ``strata`` (codes): each (unit,)."""
        if not np.isfinite(outcomes).all():
            raise ValueError("an association needs a finite outcome of every unit")
        groups = [(outcomes[strata == s], labelled[strata == s]) for s in np.unique(strata)]
        groups = [(y, kind) for y, kind in groups if kind.any() and not kind.all()]
        if not groups:
            nan = np.nan
            return Association(nan, nan, nan, nan, 1, 1.0, True, 0, 0, 0, "no stratum has both kinds")
        total = sum(len(y) for y, _ in groups)
        observed = sum(len(y) * float(y[kind].mean() - y[~kind].mean()) for y, kind in groups) / total
        arrangements = prod(comb(len(y), int(kind.sum())) for y, kind in groups)
        exact = arrangements <= self.limit
        drawn = _enumerated(groups) if exact else _drawn(groups, self.resamples, rng)
        extra = 0 if exact else 1
        above = (int((drawn / total >= observed - TIE).sum()) + extra) / (len(drawn) + extra)
        below = (int((drawn / total <= observed + TIE).sum()) + extra) / (len(drawn) + extra)
        return Association(
            difference=float(observed),
            p=min(1.0, 2 * min(above, below)),
            p_greater=above,
            p_less=below,
            arrangements=arrangements,
            p_least=1 / (len(drawn) + extra),
            exact=exact,
            strata=len(groups),
            n_one=sum(int(kind.sum()) for _, kind in groups),
            n_other=sum(int((~kind).sum()) for _, kind in groups),
            reason="",
        )


def _weighted(y: FloatArray, sums: FloatArray, ones: int) -> FloatArray:
    """n_s times the difference of means, from the sum of the labelled."""
    return np.asarray(len(y) * (sums / ones - (y.sum() - sums) / (len(y) - ones)), dtype=np.float64)


def _enumerated(groups: list[tuple[FloatArray, Labels]]) -> FloatArray:
    """(arrangement,) sum over strata for every arrangement of the labels."""
    each = []
    for y, kind in groups:
        ones = int(kind.sum())
        chosen = np.array(list(combinations(range(len(y)), ones)))
        each.append(_weighted(y, y[chosen].sum(axis=1), ones))
    return reduce(lambda a, b: np.add.outer(a, b).ravel(), each)


def _drawn(groups: list[tuple[FloatArray, Labels]], resamples: int, rng: np.random.Generator) -> FloatArray:
    """(resample,) the same sum for random arrangements."""
    total = np.zeros(resamples)
    for y, kind in groups:
        ones = int(kind.sum())
        chosen = rng.random((resamples, len(y))).argsort(axis=1)[:, :ones]
        total += _weighted(y, y[chosen].sum(axis=1), ones)
    return total


@dataclass(frozen=True)
class StratifiedTables:
    """Cochran-Mantel-Haenszel test of 2 x 2 tables that share one odds ratio, and its exact conditional form.

    ``chi2``, ``p``: without continuity correction. ``odds_ratio``: Mantel-Haenszel; inf where only one
    diagonal is ever filled. ``p_greater``, ``p_less``, ``p_two_sided``: exact, given all margins; two-sided
    adds up what is no likelier than the observed. ``tables``: those that can say anything (no empty margin).
    """

    chi2: float
    p: float
    odds_ratio: float
    p_two_sided: float
    p_greater: float
    p_less: float
    tables: int
    reason: str


def cmh(tables: IntArray) -> StratifiedTables:
    """``tables``: (stratum, 2, 2) counts; "greater": the first row goes with the first column.

    statsmodels' ``StratifiedTable`` for the asymptotic test; the exact one convolves the hypergeometric
    distributions of the strata (Mehta, Patel & Gray 1985).
    """
    counts = np.asarray(tables, dtype=np.int64).reshape(-1, 2, 2)
    if (counts < 0).any():
        raise ValueError("counts of a table cannot be negative")
    filled = (counts.sum(axis=1) > 0).all(axis=1) & (counts.sum(axis=2) > 0).all(axis=1)
    counts = counts[filled]
    if not len(counts):
        nan = np.nan
        return StratifiedTables(
            nan, nan, nan, nan, nan, nan, 0, "no stratum has both kinds and both outcomes"
        )
    test = StratifiedTable(list(counts.astype(np.float64))).test_null_odds(correction=False)
    two_sided, greater, less = _exact(counts)
    return StratifiedTables(
        float(test.statistic), float(test.pvalue), _pooled(counts), two_sided, greater, less, len(counts), ""
    )


def _pooled(counts: IntArray) -> float:
    n = counts.sum(axis=(1, 2))
    with_, against = counts[:, 0, 0] * counts[:, 1, 1] / n, counts[:, 0, 1] * counts[:, 1, 0] / n
    return float(with_.sum() / against.sum()) if against.sum() > 0 else float("inf")


def _exact(counts: IntArray) -> tuple[float, float, float]:
    """Two-sided, greater, less: of the sum of upper left cells given all margins."""
    pmf, least = np.ones(1), 0
    for table in counts:
        n, row, column = int(table.sum()), int(table[0].sum()), int(table[:, 0].sum())
        low, high = max(0, row + column - n), min(row, column)
        pmf = np.convolve(pmf, hypergeom.pmf(np.arange(low, high + 1), n, row, column))
        least += low
    at = int(counts[:, 0, 0].sum()) - least
    # equal probabilities may differ in the last digits
    as_rare = pmf[pmf <= pmf[at] * (1 + 1e-7)]
    tails = as_rare.sum(), pmf[at:].sum(), pmf[: at + 1].sum()
    two_sided, greater, less = (min(1.0, float(tail)) for tail in tails)
    return two_sided, greater, less
