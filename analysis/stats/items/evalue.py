"""How much evidence so far? E-values: evidence that may be looked at whenever one likes.

An e-value is a non-negative number whose mean is at most 1 when nothing was gained, so that 1/alpha or more
comes up with probability alpha at most (Markov). Waudby-Smith & Ramdas 2024; Ville 1939; Shafer 2021.

What is covered. The e-value of one submission holds for independent items and for a submission that was not
made with a view to its score on these very items. Weights that sum to 1 over a run's submissions keep this
under any dependence between them (they share items and baseline) and for any time at which agent or watcher
stops. What is not covered: an agent that climbs on the scores of these items (its later submissions depend on
the items they are tested on), items in clusters, training-seed variation, a judge shift common to all items.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import betaln, gammaln, logsumexp

from posttrace.analysis.arrays import FloatArray, IntArray
from posttrace.traces.errors import InputError

LOG_2 = math.log(2)


def log_e_greater(gained: int, lost: int) -> float:
    """Log e-value for "a discordant item is more often gained than lost": uniform mixture over (1/2, 1).

    2 int_{1/2}^1 theta^b (1 - theta)^c dtheta / 2^-(b+c), a mean of likelihood ratios against a fair coin;
    each has mean <= 1 for every true probability up to 1/2. Equal to
    sum_{i<=b} C(b+c+1, i) / ((b+c+1) C(b+c, b)), which is summed in logs: finite for any counts.
    """
    _check(gained, lost)
    n = gained + lost
    i = np.arange(gained + 1)
    below = logsumexp(_log_choose(n + 1, i))
    return float(below - math.log(n + 1) - _log_choose(n, np.array(gained)))


def log_e_two_sided(gained: int, lost: int) -> float:
    """Log e-value for "a discordant item is not a fair coin": Jeffreys' Beta(1/2, 1/2) mixture.

    B(b + 1/2, c + 1/2) / B(1/2, 1/2) / 2^-(b+c). Says nothing about the direction.
    """
    _check(gained, lost)
    return float(betaln(gained + 0.5, lost + 0.5) - betaln(0.5, 0.5) + (gained + lost) * LOG_2)


def betting_path(x: FloatArray, bet: float, m: float = 0.5) -> FloatArray:
    """(time,) capital of who bets on a mean above ``m``: prod_{s<=t} (1 + bet (x_s - m)).

    ``x``: (time,) values in 0..1, in the order they arrived. A test supermartingale when the mean given the
    past is at most ``m`` and 0 <= bet <= 1/m. Waudby-Smith & Ramdas 2024.
    """
    x = np.asarray(x, dtype=np.float64)
    if not 0 < m < 1 or not 0 <= bet <= 1 / m:
        raise InputError(f"bet {bet:g} on a mean above {m:g}; give a mean in 0..1 and a bet in 0..1/mean")
    if not ((x >= 0) & (x <= 1)).all():
        raise InputError("a betting e-process needs values on 0..1")
    return np.asarray(np.cumprod(1 + bet * (x - m)), dtype=np.float64)


def anytime_p(largest: float) -> float:
    """min(1, 1/E): valid at every time, for E an e-process or its running maximum (Ville's inequality)."""
    return 1.0 if largest <= 1 else 1.0 / largest


@dataclass(frozen=True)
class Weights:
    """How much each submission of a run counts: w_j >= 0, fixed before the run, of sum at most 1.

    ``budget``: most submissions the run may have, w_j = 1/budget; None: no limit, w_j = 1/(j (j + 1)), which
    sums to 1 over all j.

    E after k submissions is sum_{j<=k} w_j E_j. The sum over *all* submissions has mean <= 1 and E never
    falls, so E is at most that sum whenever one stops. (The plain mean of the first k e-values has no such
    property: it may cross 1/alpha and fall back.)
    """

    budget: int | None = None

    def __post_init__(self) -> None:
        if self.budget is not None and self.budget < 1:
            raise InputError(f"a budget of {self.budget} submissions; give 1 or more, or none")

    def __call__(self, j: int) -> float:
        """Weight of the ``j``-th submission, from 1; 0 beyond the budget."""
        if self.budget is None:
            return 1 / (j * (j + 1))
        return 1 / self.budget if j <= self.budget else 0.0

    def __str__(self) -> str:
        return "1/(j (j + 1)) for the j-th submission" if self.budget is None else f"1/{self.budget} each"


@dataclass(frozen=True)
class Evidence:
    """Evidence of a run after some of its submissions; add them in the order they were graded.

    ``log_e``: log of E = sum of w_j E_j. ``counted``: submissions so far.
    """

    weights: Weights
    log_e: float = -math.inf
    counted: int = 0

    def add(self, log_e: float) -> Evidence:
        """With the next submission, whose log e-value is ``log_e``; NaN (no e-value) uses up its weight."""
        counted = self.counted + 1
        weight = self.weights(counted)
        if math.isnan(log_e) or weight == 0:
            return Evidence(self.weights, self.log_e, counted)
        return Evidence(self.weights, float(np.logaddexp(self.log_e, log_e + math.log(weight))), counted)

    @property
    def e(self) -> float:
        """E on its own scale; infinite where it is too large for a number."""
        return e_value(self.log_e)

    @property
    def p(self) -> float:
        """Anytime-valid p."""
        return math.exp(-max(0.0, self.log_e))

    def beyond(self, alpha: float) -> bool:
        """E >= 1/alpha: at level ``alpha``, whenever one looks."""
        return self.log_e >= -math.log(alpha)


def e_value(log_e: float) -> float:
    """e^log_e, infinite instead of an overflow."""
    return math.exp(log_e) if log_e < 709 else math.inf


def _log_choose(n: int, i: IntArray) -> FloatArray:
    return np.asarray(gammaln(n + 1) - gammaln(i + 1) - gammaln(n - i + 1), dtype=np.float64)


def _check(gained: int, lost: int) -> None:
    if gained < 0 or lost < 0:
        raise InputError(f"{gained} items gained and {lost} lost; counts are 0 or more")
