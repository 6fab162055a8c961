"""What a verdict rests on, whether it was measured item by item or computed from scores alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Claim:
    """A submission's claim to a gain: ``p`` adjusted for the other submissions, and its lower bound."""

    p: float
    lower: float
    gain: float


class Grounds(Protocol):
    """Numbers of one run, gains on 0..1. ``k``: submissions that the maximum ran over."""

    @property
    def n(self) -> int:
        """Items."""
        ...

    @property
    def k(self) -> int:
        """Submissions."""
        ...

    @property
    def p0(self) -> float:
        """Score of the baseline."""
        ...

    @property
    def gain(self) -> float:
        """Largest gain G."""
        ...

    @property
    def p(self) -> float:
        """p of the winner, adjusted for the k submissions; not for the other runs."""
        ...

    @property
    def p_alone(self) -> float:
        """The same for a run without others."""
        ...

    @property
    def p_less(self) -> float:
        """p for "every submission is below the baseline"."""
        ...

    @property
    def lower(self) -> float:
        """Simultaneous lower bound of the winner's gain."""
        ...

    @property
    def upper(self) -> float:
        """No submission gains more than this, at the level of one."""
        ...

    @property
    def mde80(self) -> float:
        """Smallest true gain found with probability .8; NaN where none is."""
        ...

    @property
    def corrected(self) -> float:
        """The winner's gain without the luck of the pick; NaN where that cannot be known."""
        ...

    @property
    def few_clusters(self) -> int | None:
        """How many clusters there are, where that is too few."""
        ...

    @property
    def skewed(self) -> str | None:
        """Why long tails forbid the claim of a gain, if they do."""
        ...

    @property
    def rivals(self) -> tuple[Claim, ...]:
        """The other submissions, the smallest p first."""
        ...

    def among(self, k: int) -> Claim:
        """The winner, had it been picked from ``k`` submissions."""
        ...
