"""Two ways of working on the same bases: is the mean difference of paired runs real?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from posttrace.analysis.arrays import FloatArray
from posttrace.analysis.stats.items.paired import ZERO_SE


@dataclass(frozen=True)
class ContrastResult:
    """``low``, ``high``: two-sided t interval of the mean difference; ``p_t``: two-sided of the t test. NaN
    without spread (one pair, or equal differences), where the interval would have no width.

    ``p_flip``: two-sided, from all 2^n sign flips; it can never be below ``p_least`` = 2 / 2^n.
    """

    n: int
    mean: float
    sd: float
    low: float
    high: float
    p_t: float
    p_flip: float

    @property
    def p_least(self) -> float:
        """Smallest p that n pairs can give."""
        return 2.0 ** (1 - self.n)


@dataclass(frozen=True)
class PairedContrast:
    """Mean of paired differences between runs, with Student's interval and Fisher's exact sign-flip test.

    Runs are the units: the interval is for other bases and seeds of the same kind, not for other items. With
    few pairs the t interval leans on normal differences; the sign flips do not (Fisher 1935), but five pairs
    cannot reach p = .05 two-sided.
    """

    alpha: float = 0.05
    resamples: int = 2**16
    """Sign flips that are enumerated; of more than 16 pairs this many are drawn."""
    seed: int = 0

    def __call__(self, differences: FloatArray) -> ContrastResult:
        """``differences``: (pair,). Raises ``ValueError`` for none or for a value that is not finite."""
        if len(differences) == 0 or not np.isfinite(differences).all():
            raise ValueError("a contrast needs at least one pair, and a finite difference of each")
        n, mean = len(differences), float(np.mean(differences))
        if n == 1:
            return ContrastResult(1, mean, np.nan, np.nan, np.nan, np.nan, 1.0)
        flips = stats.permutation_test(
            (differences,),
            np.mean,
            permutation_type="samples",
            n_resamples=min(2**n, self.resamples),
            rng=np.random.default_rng(self.seed),
        )
        sd = float(np.std(differences, ddof=1))
        if sd <= ZERO_SE:
            return ContrastResult(n, mean, sd, np.nan, np.nan, np.nan, float(flips.pvalue))
        se = sd / np.sqrt(n)
        half = float(stats.t.ppf(1 - self.alpha / 2, n - 1) * se)
        p_t = float(2 * stats.t.sf(abs(mean) / se, n - 1))
        return ContrastResult(n, mean, sd, mean - half, mean + half, p_t, float(flips.pvalue))


@dataclass(frozen=True)
class StratifiedMean:
    """Mean of paired differences within fixed strata, with a t interval from the spread within them.

    Each stratum weighs by its pairs: SE^2 = sum_s (n_s / n)^2 var_s / n_s, degrees of freedom after
    Satterthwaite 1946. For other pairs of the same strata, not for other strata. ``alpha`` two-sided.
    """

    alpha: float = 0.05

    def __call__(self, strata: Sequence[FloatArray]) -> tuple[float, float, float, float]:
        """Mean, low, high, two-sided p of ``strata``, each (pair,).

        NaN where a stratum has one pair, or where no stratum has spread.
        """
        n = sum(len(d) for d in strata)
        mean = float(np.concatenate(list(strata)).mean())
        if min(len(d) for d in strata) < 2:
            return mean, np.nan, np.nan, np.nan
        parts = np.array([len(d) * float(np.var(d, ddof=1)) for d in strata]) / n**2
        se = float(np.sqrt(parts.sum()))
        if se <= ZERO_SE:
            return mean, np.nan, np.nan, np.nan
        df = se**4 / float((parts**2 / np.array([len(d) - 1 for d in strata])).sum())
        half = float(stats.t.ppf(1 - self.alpha / 2, df)) * se
        return mean, mean - half, mean + half, float(2 * stats.t.sf(abs(mean) / se, df))
