"""How often does the audit's test claim a gain, and do its lower bounds hold?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from benchmarks.noise.estimate import Estimate, mean_pp, share
from benchmarks.noise.experiment import Experiment
from posttrace.analysis.arrays import FloatArray
from posttrace.analysis.stats.items.bounds import GainBounds
from posttrace.analysis.stats.items.maxt import MaxT
from posttrace.analysis.stats.items.paired import Paired
from posttrace.analysis.stats.items.resampling import Resampling
from posttrace.analysis.stats.items.selection import corrected_gain

ALPHA = 0.05
RESAMPLES = 2000
"""Of each null distribution. p is the larger of two estimates, so fewer make a test look safer than it is: at
a true p of .05 in both, 200 reject at a level of about .041, 2,000 at .047, the audit's 10,000 at .049."""
WINNERS = 100
"""Bootstrap winners behind one corrected gain: its mean over experiments does not depend on how many."""


@dataclass(frozen=True)
class Claims:
    """``resampled``: the winner's lower bound is above 0 and its p by flips and weights alone is <= alpha.
    ``significant``: so is its p with the exact guards. ``exceeds``: and the differences are not skewed, as
    the verdict asks. ``covered``: every lower bound is at or below the true gain."""

    resampled: bool
    significant: bool
    exceeds: bool
    covered: bool


NOTHING = Claims(resampled=False, significant=False, exceeds=False, covered=True)


def claims(paired: Paired, gains: FloatArray, rng: np.random.Generator, resamples: int = RESAMPLES) -> Claims:
    """What is claimed of ``paired``, whose submissions truly gain ``gains`` (submission,)."""
    if not could_matter(paired, gains):
        return NOTHING
    test = MaxT(ALPHA, resamples)(paired, rng)
    lower = GainBounds(ALPHA)(paired, test.critical, test.critical_abs).lower
    w = paired.winner
    above = bool(lower[w] > 0)
    resampled = above and bool(max(test.p_flip[w], test.p_boot[w]) <= ALPHA)
    significant = above and bool(test.p[w] <= ALPHA)
    exceeds = significant and not test.skew_error > ALPHA / 2
    return Claims(resampled, significant, exceeds, bool((lower <= gains + 1e-12).all()))


def could_matter(paired: Paired, gains: FloatArray) -> bool:
    """Whether resampling could matter: the critical value is never below the normal point of one test.

    So a winner whose t is smaller has a lower bound below 0, and a bound that reaches less far holds.
    """
    units, floor = paired.units, norm.isf(ALPHA)
    if (units.se == 0).any():
        return True
    return bool(units.t[paired.winner] > floor or ((units.gains - gains) / units.se > floor).any())


@dataclass(frozen=True)
class Shares:
    """Over ``count`` experiments: how often each claim was made."""

    count: int
    significant: Estimate
    exceeds: Estimate
    covered: Estimate


def repeat(experiment: Experiment, count: int, rng: np.random.Generator) -> Shares:
    """Test ``count`` experiments."""
    made = [claims(experiment.draw(rng), experiment.gains, rng) for _ in range(count)]
    return Shares(
        count,
        share(sum(one.significant for one in made), count),
        share(sum(one.exceeds for one in made), count),
        share(sum(one.covered for one in made), count),
    )


def corrected(experiment: Experiment, count: int, rng: np.random.Generator) -> FloatArray:
    """(experiment, 3) reported gain, corrected gain and the winner's true gain, on 0..1."""
    resampling = Resampling(WINNERS)
    rows = []
    for _ in range(count):
        paired = experiment.draw(rng)
        found = corrected_gain(paired, resampling(paired.units, rng).out_of_bag)
        rows.append((found.gain + found.share, found.gain, experiment.gains[paired.winner]))
    return np.array(rows)


def mean_corrected(experiment: Experiment, count: int, rng: np.random.Generator) -> Estimate:
    """Mean corrected gain in percentage points."""
    return mean_pp(corrected(experiment, count, rng)[:, 1])
