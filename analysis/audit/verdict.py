"""From evidence to a verdict: the first rule that matches."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, get_args

import numpy as np

from posttrace.analysis.audit.evidence import Evidence
from posttrace.analysis.audit.wording import Code, chance, pp, size

CODES: Final[tuple[Code, ...]] = get_args(Code)
MIN_ITEMS = 10
MIN_CLUSTERS = 10

Adjust = Callable[[float], float]
"""p of this run alone -> p adjusted over all runs of the study."""


@dataclass(frozen=True)
class Verdict:
    """``code``; ``short``: why, in a few words, where the code needs it; ``reason``: with the numbers."""

    code: Code
    short: str
    reason: str


@dataclass(frozen=True)
class Rules:
    """Thresholds on 0..1: ``delta_min`` a gain must exceed, ``delta_eq`` below which a gain is none."""

    alpha: float = 0.05
    delta_min: float = 0.0
    delta_eq: float = 0.02

    def __call__(self, evidence: Evidence, adjust: Adjust, k_known: bool = True) -> Verdict:
        """Decide; ``adjust`` carries the other runs of the study, ``k_known`` whether all k are on record."""
        for rule in (self._clusters, self._regression):
            if verdict := rule(evidence):
                return verdict
        p = adjust(evidence.p)
        if p <= self.alpha:
            return self._significant(evidence, p, k_known)
        return self._another(evidence, adjust) or self._not_significant(evidence)

    def _clusters(self, e: Evidence) -> Verdict | None:
        count = e.sample.n_units
        if not e.sample.clustered or count >= MIN_CLUSTERS:
            return None
        return Verdict("undetermined", "too few clusters", f"{count} clusters; {MIN_CLUSTERS} are needed")

    def _regression(self, e: Evidence) -> Verdict | None:
        worst = float(e.test.p_less.max())
        if worst > self.alpha:
            return None
        text = f"every submission is below the baseline ({chance(worst)}); the best by {pp(e.gain)}"
        return Verdict("regression", "", text)

    def _significant(self, e: Evidence, p: float, k_known: bool) -> Verdict:
        numbers = _numbers(e, p)
        if e.lower <= self.delta_min:
            short = f"lower bound {pp(e.lower)} is not above {pp(self.delta_min)}"
            return Verdict("undetermined", short, numbers)
        if not k_known:
            short = "number of submissions unknown"
            return Verdict("undetermined", short, f"{numbers}; {self._largest_k(e)}")
        if e.skewed:
            text = f"{numbers}; estimated excess error {e.test.skew_error:.3f}"
            return Verdict("undetermined", "skewed differences", text)
        return Verdict("exceeds", "", numbers)

    def _largest_k(self, e: Evidence) -> str:
        alone = float(e.test.p_one[e.winner])
        return f"significant up to k = {math.floor(self.alpha / alone)} (Bonferroni)"

    def _another(self, e: Evidence, adjust: Adjust) -> Verdict | None:
        for j in np.argsort(e.test.p_stepdown):
            p = float(e.test.p_stepdown[j])
            if j == e.winner or p > self.alpha or e.bounds.lower[j] <= self.delta_min:
                continue
            if adjust(p) <= self.alpha:
                text = f"{_numbers(e, e.p)}; another submission qualifies with {pp(e.sample.gains[j])}"
                return Verdict("undetermined", "only another submission qualifies", text)
        return None

    def _not_significant(self, e: Evidence) -> Verdict:
        numbers = _numbers(e, e.p)
        if e.upper < self.delta_eq:
            return Verdict("no_gain_larger_than_delta", "", f"{numbers}; no gain above {pp(e.upper)}")
        detect = f"a true gain of {size(e.mde80)} would be found with probability 0.8"
        if e.mde80 <= self.delta_eq:
            return Verdict("within_noise", "", f"{numbers}; {detect}")
        if math.isnan(e.mde80) or e.mde80 > 1 - e.sample.p0:
            short = "underpowered, no attainable gain is detectable"
            return Verdict("underpowered", short, numbers)
        return Verdict("underpowered", f"underpowered, MDE = {size(e.mde80)}", f"{numbers}; {detect}")


def _numbers(e: Evidence, p: float) -> str:
    scope = f"k = {e.sample.k}, n = {e.sample.n}"
    return f"gain {pp(e.gain)}, lower bound {pp(e.lower)}, {chance(p)} ({scope})"
