"""What may be chosen about an audit."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal, get_args

from posttrace.traces.errors import InputError

ExcludePolicy = Literal["drop", "zero", "baseline"]
"""How a run without a scored submission enters a mean: left out, as score 0, as gain 0."""
POLICIES: Final[tuple[ExcludePolicy, ...]] = get_args(ExcludePolicy)


@dataclass(frozen=True)
class AuditSettings:
    """Parameters of an audit; gains on 0..1.

    ``alpha``: one-sided level. ``delta_min``: a gain must exceed it. ``delta_eq``: gains below it count as
    none. ``resamples``: draws of each null distribution. ``exclude_policy``: how a run without a scored
    submission enters means over runs. Raises ``InputError`` for values that make no sense.
    """

    alpha: float = 0.05
    delta_min: float = 0.0
    delta_eq: float = 0.02
    resamples: int = 10_000
    seed: int = 0
    exclude_policy: ExcludePolicy = "drop"

    def __post_init__(self) -> None:
        if not 0 < self.alpha < 0.5:
            raise InputError(f"alpha is {self.alpha}; give a one-sided level between 0 and 0.5")
        if not 0 <= self.delta_min < 1 or not 0 < self.delta_eq < 1:
            raise InputError("delta_min and delta_eq are gains on 0..1: give 0.02 for 2 percentage points")
        if self.resamples * self.alpha < 5:
            least = math.ceil(5 / self.alpha)
            raise InputError(
                f"{self.resamples} resamples cannot show p <= {self.alpha}; give {least} or more"
            )
        if self.seed < 0:
            raise InputError(f"seed is {self.seed}; give 0 or more")
        if self.exclude_policy not in POLICIES:
            raise InputError(f"exclude policy {self.exclude_policy!r} is none of {', '.join(POLICIES)}")
