"""The words of the audit, in one place: what noise means, what each verdict and scope says."""

from __future__ import annotations

import math
from typing import Final, Literal

from posttrace.analysis.digits import rounded
from posttrace.traces.events import Split

Code = Literal[
    "invalid",
    "regression",
    "exceeds",
    "undetermined",
    "no_gain_larger_than_delta",
    "within_noise",
    "underpowered",
]
Scope = Literal["adaptive, this test set", "non-adaptive", "generalises"]

NOISE: Final = (
    "Noise here means: which items happen to be on the test, and the decode and judge randomness of one "
    "scoring. It is not training-seed variation, not hill-climbing on the test, not a judge shift common to "
    "all items."
)
DETERMINISTIC: Final = (
    "Scoring is deterministic: only the items are random. Re-running gives the same score; other items could "
    "reverse it. More or fresh items help, replicates do not."
)
SCOPES: Final[dict[Scope, str]] = {
    "adaptive, this test set": (
        "The agent saw scores on this test set, so p is nominal: worst-case hill-climbing over 30 "
        "submissions raises the type I error to between .11 and .65 in simulation."
    ),
    "non-adaptive": "The agent got no feedback from the items that the verdict rests on.",
    "generalises": (
        "Winner and baseline were scored on fresh items; p, bounds and MDE use these alone, with k = 1."
    ),
}
RESTS_ON: Final[dict[Split, str]] = {
    split: (
        f"verdict, p, bounds, MDE and corrected gain rest on the {split} items alone, which no selection saw "
        "(the winner alone, k = 1); baseline, best and reported gain are of the items it was picked on"
    )
    for split in ("fresh", "sealed")
}
"""The flag of a run whose winner was tested on items that no selection saw."""
BASELINE: Final = "baseline: "
"""How the flag of a baseline that pools copies of the base begins."""
NO_SCORE: Final = "no scored submission"
ONLY_BASE: Final = "nothing scored but the base"
"""Why a run that did not fail as a record is invalid; the second is followed by the number of copies."""
SELECTION: Final = (
    "The corrected gain is unbiased when nothing was gained and biased down when one submission truly stands "
    "out, so the selection share can be overstated."
)
BOUNDS: Final = "Bounds are simultaneous over the submissions of a run, not adjusted over runs."
BY_SCORES: Final = (
    "no per-item outcomes: exact test of the best of k binomial scores, conservative where outcomes on the "
    "same items are not negatively correlated; no corrected gain"
)
BOUNDED: Final = "bounded-score approximation: a score is no k/n"
K_UNKNOWN: Final = (
    "number of submissions unknown: p, bounds and MDE are those of one submission, the least it can be"
)
"""Flags of a run that was tested by its scores alone."""
SKEW: Final = "The skewness guard cannot see one skewed submission among many symmetric ones."
NO_STOP: Final = "p_stop: "
"""How a flag begins that says why a run has no ``p_stop``."""
STOPPING: Final = "p_stop allows for the agent to stop when it likes, up to its submission budget."


def says_what_numbers_are_of(flag: str) -> bool:
    """A flag that belongs beside the numbers: which items the verdict rests on, what the baseline pools."""
    return flag in (*RESTS_ON.values(), BY_SCORES, K_UNKNOWN) or flag.startswith(BASELINE)


def copies(n: int) -> str:
    """``1 copy``, ``2 copies``."""
    return f"{n} {'copy' if n == 1 else 'copies'}"


def pp(value: float) -> str:
    """A gain in percentage points, signed."""
    return "undefined" if math.isnan(value) else f"{rounded(100 * value, '+z.1f')} pp"


def size(value: float) -> str:
    """A size in percentage points, unsigned."""
    return "undefined" if math.isnan(value) else f"{rounded(100 * value, '.1f')} pp"


def chance(p: float) -> str:
    """A p-value."""
    return "p undefined" if math.isnan(p) else "p < 0.0001" if p < 1e-4 else f"p = {rounded(p, '.4f')}"


def label(code: Code, short: str, delta_eq: float) -> str:
    """What is printed for a verdict; ``short`` says why where the verdict alone does not."""
    if code == "exceeds":
        return "gain exceeds noise (single run)"
    if code == "no_gain_larger_than_delta":
        return f"no gain larger than {100 * delta_eq:g} pp"
    if code == "within_noise":
        return "within noise"
    if code == "regression":
        return "regression"
    return f"{'invalid' if code == 'invalid' else 'undetermined'}: {short}"
