"""Everything that can be said of a gain when only scores are known, not the items behind them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from scipy.stats import norm

from posttrace.analysis.audit.grounds import Claim
from posttrace.analysis.stats.nullmax import NUISANCE_LEVEL, ExactMax
from posttrace.analysis.stats.plan.power import Detectable, critical_normal
from posttrace.analysis.stats.proportions import newcombe

WHOLE: float = 1e-6
"""A count closer than this to an integer is one."""


@dataclass(frozen=True)
class Scores:
    """A baseline and the best of k, on 0..1. ``n``: items of one scoring. ``m``: scorings of the baseline.

    ``half``: half of the rounding unit of the gain as printed; 0 where the counts behind it are known.
    """

    baseline: float
    best: float
    n: int
    k: int
    m: int = 1
    half: float = 0.0

    @property
    def counted(self) -> bool:
        """Both scores are counts of right answers over their items; else the binomial is an approximation."""
        counts = (self.baseline * self.n * self.m, self.best * self.n)
        return all(abs(count - round(count)) <= WHOLE for count in counts)


@dataclass(frozen=True)
class CountEvidence:
    """The numbers a verdict is made of, from ``scores`` at one-sided level ``alpha``.

    Tests: exact distribution of the largest of k binomial scores. Bounds: Newcombe 1998 (17: 873, method 10)
    for independent proportions, conservative on shared items as the test is. No corrected gain: without items
    the luck of the pick cannot be told from the gain.

    ``family``: runs that p-values are adjusted for. No p is below what its nuisance interval may miss, so
    that .001 for each would hide every gain among more than 50 runs; they share it.
    """

    scores: Scores
    alpha: float = 0.05
    family: int = 1

    @property
    def n(self) -> int:
        """Items."""
        return self.scores.n

    @property
    def k(self) -> int:
        """Submissions that the maximum ran over."""
        return self.scores.k

    @property
    def p0(self) -> float:
        """Score of the baseline."""
        return self.scores.baseline

    @property
    def gain(self) -> float:
        """Best minus baseline."""
        return self.scores.best - self.scores.baseline

    @cached_property
    def p(self) -> float:
        """p of the best score, adjusted for k: the largest over what the baseline leaves possible."""
        return self._p(self.k, self.family)

    @cached_property
    def p_alone(self) -> float:
        """The same for a run that stands alone: what is printed before it is adjusted for the others."""
        return self._p(self.k, 1)

    @cached_property
    def p_plug_in(self) -> float:
        """The same at the pooled rate of baseline and best alone: shown, never decided by."""
        s = self.scores
        pooled = (s.baseline * s.m + s.best) / (s.m + 1)
        return self._null(self.k).reaches(self.gain, pooled, s.half)

    @cached_property
    def p_less(self) -> float:
        """p for a best score that falls this far below the baseline, not adjusted."""
        return self._null(1).p_value(self.gain, self.p0, self.scores.half, less=True)

    @cached_property
    def lower(self) -> float:
        """Newcombe's lower bound at one-sided alpha / k."""
        return self._bounds(2 * self.alpha / self.k)[0]

    @cached_property
    def upper(self) -> float:
        """Newcombe's upper bound at one-sided alpha, for the best score alone."""
        return self._bounds(2 * self.alpha)[1]

    @cached_property
    def mde80(self) -> float:
        """Of exact McNemar with the discordance of independent outcomes, 2 p0 (1 - p0)."""
        s = self.scores
        level = float(norm.sf(critical_normal(self.k, s.m, self.alpha)))
        discordance = max(2 * s.baseline * (1 - s.baseline), 2 / s.n)
        return Detectable(self.alpha).mcnemar(s.n, discordance, level)

    @property
    def corrected(self) -> float:
        """NaN: there are no items to leave out."""
        return float("nan")

    @cached_property
    def expected_null_gain(self) -> float:
        """What picking the best of k shows on average when nothing was gained."""
        return self._null(self.k).expected_gain(self.p0)

    @property
    def few_clusters(self) -> None:
        """Scores alone do not tell of clusters."""
        return None

    @property
    def skewed(self) -> None:
        """The test is exact for counts."""
        return None

    @property
    def rivals(self) -> tuple[Claim, ...]:
        """The best score alone can qualify: a smaller one has a larger p and a lower bound."""
        return ()

    def among(self, k: int) -> Claim:
        """The best score, had it been picked from ``k``."""
        return Claim(self._p(k, self.family), self._bounds(2 * self.alpha / k)[0], self.gain)

    def _null(self, k: int) -> ExactMax:
        return ExactMax.of(k, self.scores.n, self.scores.m)

    def _p(self, k: int, family: int) -> float:
        level = NUISANCE_LEVEL / family
        return self._null(k).p_value(self.gain, self.p0, self.scores.half, level=level)

    def _bounds(self, alpha: float) -> tuple[float, float]:
        s = self.scores
        return newcombe(s.best * s.n, s.n, s.baseline * s.n * s.m, s.n * s.m, alpha)
