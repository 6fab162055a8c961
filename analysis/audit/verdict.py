"""From evidence to a verdict: the first rule that matches."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, get_args

from posttrace.analysis.audit.evidence import MIN_CLUSTERS
from posttrace.analysis.audit.grounds import Grounds
from posttrace.analysis.audit.wording import Code, chance, pp, size

CODES: Final[tuple[Code, ...]] = get_args(Code)
MIN_ITEMS = 10
"""Of fewer no test is made."""
LARGEST_K = 1000
"""Beyond this many submissions nobody asks up to which number a gain stays significant."""

Adjust = Callable[[float], float]
"""p of this run alone -> p adjusted over all runs of the study."""


def too_few(n: int | None) -> str:
    """Why a run on ``n`` items is not tested."""
    known = "number of items unknown" if n is None else "1 item" if n == 1 else f"{n} items"
    return f"{known}; {MIN_ITEMS} are needed"


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

    def __call__(self, grounds: Grounds, adjust: Adjust, k_known: bool = True) -> Verdict:
        """Decide; ``adjust`` carries the other runs of the study, ``k_known`` whether all k are on record."""
        for rule in (self._clusters, self._regression):
            if verdict := rule(grounds):
                return verdict
        p = adjust(grounds.p)
        if p <= self.alpha:
            return self._significant(grounds, adjust, k_known)
        return self._another(grounds, adjust) or self._not_significant(grounds, k_known)

    def _clusters(self, g: Grounds) -> Verdict | None:
        if g.few_clusters is None:
            return None
        text = f"{g.few_clusters} clusters; {MIN_CLUSTERS} are needed"
        return Verdict("undetermined", "too few clusters", text)

    def _regression(self, g: Grounds) -> Verdict | None:
        if g.p_less > self.alpha:
            return None
        text = f"every submission is below the baseline ({chance(g.p_less)}); the best by {pp(g.gain)}"
        return Verdict("regression", "", text)

    def _significant(self, g: Grounds, adjust: Adjust, k_known: bool) -> Verdict:
        numbers = _numbers(g, adjust(g.p), k_known)
        if g.lower <= self.delta_min:
            short = f"lower bound {pp(g.lower)} is not above {pp(self.delta_min)}"
            return Verdict("undetermined", short, numbers)
        if not k_known:
            short = f"number of submissions unknown, {self._largest_k(g, adjust)}"
            return Verdict("undetermined", short, numbers)
        if g.skewed:
            return Verdict("undetermined", "skewed differences", f"{numbers}; {g.skewed}")
        return Verdict("exceeds", "", numbers)

    def _largest_k(self, g: Grounds, adjust: Adjust) -> str:
        """Up to which number of submissions the gain stays significant, by bisection."""

        def stays(k: int) -> bool:
            claim = g.among(k)
            return adjust(claim.p) <= self.alpha and claim.lower > self.delta_min

        if stays(LARGEST_K):
            return f"significant at any k up to {LARGEST_K:,}"
        low, high = g.k, LARGEST_K
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if stays(middle) else (low, middle)
        return f"significant up to k = {low}"

    def _another(self, g: Grounds, adjust: Adjust) -> Verdict | None:
        for claim in g.rivals:
            if claim.p <= self.alpha and claim.lower > self.delta_min and adjust(claim.p) <= self.alpha:
                text = f"{_numbers(g, g.p)}; another submission qualifies with {pp(claim.gain)}"
                return Verdict("undetermined", "only another submission qualifies", text)
        return None

    def _not_significant(self, g: Grounds, k_known: bool) -> Verdict:
        numbers = _numbers(g, g.p, k_known)
        if g.upper < self.delta_eq:
            return Verdict("no_gain_larger_than_delta", "", f"{numbers}; no gain above {pp(g.upper)}")
        least = "" if k_known else "at least "
        detect = f"a true gain of {least}{size(g.mde80)} would be found with probability 0.8"
        if g.mde80 <= self.delta_eq:
            return Verdict("within_noise", "", f"{numbers}; {detect}")
        if math.isnan(g.mde80) or g.mde80 > 1 - g.p0:
            short = "underpowered, no attainable gain is detectable"
            return Verdict("underpowered", short, numbers)
        equal = "=" if k_known else ">="
        return Verdict("underpowered", f"underpowered, MDE {equal} {size(g.mde80)}", f"{numbers}; {detect}")


def _numbers(g: Grounds, p: float, k_known: bool = True) -> str:
    scope = f"k {'=' if k_known else '>='} {g.k}, n = {g.n}"
    return f"gain {pp(g.gain)}, lower bound {pp(g.lower)}, {chance(p)} ({scope})"
