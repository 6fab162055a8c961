"""How many items, submissions, replicates and runs does a gain need? Power before anything was run.

A claim about *one run* (the best of its k submissions beats the baseline) is tested on its items; a claim
about an *agent* (its mean gain is positive) on runs and items.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from scipy.optimize import brentq
from scipy.stats import nct, norm, t

from posttrace.analysis.digits import rounded
from posttrace.analysis.stats.plan.design import MIN_ITEMS, MIN_RUNS, Claim, Design
from posttrace.analysis.stats.plan.power import Detectable, mcnemar_power
from posttrace.traces.errors import InputError

Lever = Literal["items", "replicates", "runs"]

LEVERS: Final[dict[Lever, tuple[int, int]]] = {
    "items": (MIN_ITEMS, 1_000_000),
    "replicates": (1, 100),
    "runs": (MIN_RUNS, 10_000),
}
"""Least and most of each that a search considers."""
UNATTAINABLE: Final = "no attainable gain is detectable"


@dataclass(frozen=True)
class Needed:
    """How far one number has to go, the others fixed: ``count``, or None and ``why`` no count will do."""

    lever: Lever
    now: int
    count: int | None
    why: str | None = None


@dataclass(frozen=True)
class Answer:
    """What a design can do for one claim.

    ``detectable``: smallest gain found with the wanted power, on 0..1; NaN: ``UNATTAINABLE``. ``power``: at
    the gain that was asked about; NaN without one.
    """

    design: Design
    claim: Claim
    detectable: float
    power: float = math.nan


def answers(designs: Iterable[Design], gain: float | None = None, wanted: float = 0.8) -> list[Answer]:
    """For each design and each claim that it can be tested for, one answer."""
    return [
        Answer(
            design,
            claim,
            detectable(design, wanted, claim),
            math.nan if gain is None else power(design, gain, claim),
        )
        for design in designs
        for claim in design.claims
    ]


def power(design: Design, gain: float, claim: Claim = "run") -> float:
    """Probability to detect the true ``gain``.

    A run, 0/1 items: the exact McNemar power of the submission that has the gain, at level 1 - Phi(c_k),
    gained with probability psi0/2 + gain and lost with psi0/2. With m > 1 scorings of the baseline, and for
    continuous scores: 1 - Phi(c_k - gain/se). An agent: noncentral t with R - 1 degrees of freedom and
    SE^2 = run_sd^2/R + v/n, where v is the variance over items that more runs do not average out.
    """
    _check_gain(design, gain)
    if claim == "agent":
        df = design.runs - 1
        return float(nct.sf(t.isf(design.alpha, df), df, gain / _se(design, gain, claim)))
    if design.item_sd is None and design.m == 1:
        half = design.psi0 / 2
        return mcnemar_power(design.items, min(half + gain, 1 - half), half, design.level)
    return float(norm.sf(design.critical - gain / _se(design, gain, claim)))


def detectable(design: Design, wanted: float = 0.8, claim: Claim = "run") -> float:
    """Smallest gain that is detected with probability ``wanted``; NaN when no attainable gain is."""
    if not design.alpha < wanted < 1:
        raise InputError(f"power is {wanted:g}; give a probability above alpha and below 1, such as 0.8")
    if claim == "run" and design.item_sd is None and design.m == 1:
        found = Detectable(design.alpha, wanted).mcnemar(design.items, design.psi0, design.level)
        return found if found <= design.largest else math.nan
    largest = design.largest
    if largest <= 0 or power(design, largest, claim) < wanted:
        return math.nan
    return float(brentq(lambda g: power(design, g, claim) - wanted, 1e-9, largest, xtol=1e-9))


def needed(design: Design, gain: float, lever: Lever, wanted: float = 0.8, claim: Claim = "run") -> Needed:
    """The smallest count of one lever with power ``wanted`` at ``gain``, everything else as in ``design``.

    Nothing else changes: with ``discordance`` left open its floor 2/n follows n.
    """
    now = int(getattr(design, lever))
    if (why := _without_effect(design, lever, claim)) is not None:
        return Needed(lever, now, None, why)
    low, high = LEVERS[lever]

    def enough(count: int) -> bool:
        return power(_at(design, lever, count), gain, claim) >= wanted

    count = _first(_lasting(enough, high) if lever == "items" else enough, low, high)
    return Needed(lever, now, count, None if count is not None else _limit(design, gain, lever, claim))


def _variance(design: Design, gain: float, own: bool) -> float:
    """Variance over items of the difference; ``own``: with the submission's own scoring.

    Of psi0, half is the submission's scoring and half the baseline's, which m scorings share out. With
    deterministic scoring psi0 is a difference between items, and stays.
    """
    if design.item_sd is not None:
        return design.item_sd**2
    noise = design.psi0 if design.deterministic else design.psi0 / 2 * (own + 1 / design.m)
    return gain * (1 - gain) + noise


def _se(design: Design, gain: float, claim: Claim) -> float:
    """Standard error of a run's gain, or of the mean gain over runs that share items and baseline scorings.

    For the mean, the submissions' own scoring is part of ``run_sd``.
    """
    if claim == "run":
        return math.sqrt(_variance(design, gain, True) / design.items)
    if design.run_sd is None:
        raise InputError("a claim about an agent needs the sd of its gain between runs: give --run-sd")
    return math.sqrt(design.run_sd**2 / design.runs + _variance(design, gain, False) / design.items)


def _at(design: Design, lever: Lever, count: int) -> Design:
    change: dict[str, Any] = {lever: count}
    return replace(design, **change)


def _without_effect(design: Design, lever: Lever, claim: Claim) -> str | None:
    if lever == "replicates" and design.deterministic:
        return "scoring is deterministic: it gives the same outcomes again"
    if lever == "replicates" and design.item_sd is not None:
        return "the item sd stands for the replicates it was measured with"
    if lever == "runs" and claim == "run":
        return "the verdict on one run rests on its own items; more runs are for a claim about the agent"
    return None


def _limit(design: Design, gain: float, lever: Lever, claim: Claim) -> str:
    """Why not even very many are enough: what power they would have."""
    most = LEVERS[lever][1]
    reached = power(_at(design, lever, most), gain, claim)
    remains = {
        "items": "the gain is too small" if claim == "run" else "the runs differ too much",
        "replicates": "the items and what else is random remain",
        "runs": "the items, which all runs share, remain",
    }
    return f"power {rounded(reached, '.2f')} even with {most:,}: {remains[lever]}"


def _lasting(enough: Callable[[int], bool], high: int, ahead: int = 10) -> Callable[[int], bool]:
    """Enough for this count and the next ones: exact power is a saw, and one more item may lose a little."""
    return lambda count: all(enough(min(count + more, high)) for more in range(ahead))


def _first(enough: Callable[[int], bool], low: int, high: int) -> int | None:
    """Smallest count in low..high that is enough, by doubling and halving; None when high is not."""
    if enough(low):
        return low
    upper = min(2 * low, high)
    while not enough(upper):
        if upper == high:
            return None
        low, upper = upper, min(2 * upper, high)
    while upper - low > 1:
        middle = (low + upper) // 2
        low, upper = (low, middle) if enough(middle) else (middle, upper)
    return upper


def _check_gain(design: Design, gain: float) -> None:
    if not 0 < gain <= 1:
        raise InputError(f"gain is {gain:g}; it lies between 0 and 1: give 0.02 for 2 percentage points")
    if gain > design.largest:
        most = design.largest
        raise InputError(f"gain is {gain:g}; above a baseline of {1 - most:g} at most {most:g} can be gained")
