"""Error rates of the verdict's parts on experiments with a known truth.

Every limit is the promised rate plus three Monte-Carlo standard errors at that rate.
"""

import math

import numpy as np
import pytest

from posttrace.analysis.stats.bounds import GainBounds
from tests.analysis.simulated import Experiment, repeat

COUNT = 300


def limit(rate: float, count: int) -> float:
    """Largest share that ``count`` experiments of this rate plausibly show."""
    return rate + 3 * math.sqrt(rate * (1 - rate) / count)


def promised(experiment: Experiment) -> float:
    """.05; .065 where nearly all items are right and none is harder than another."""
    return 0.065 if experiment.p0 == 0.93 and experiment.icc == 0 else 0.05


SMALL = [
    Experiment(82, 0.5, 0.0, 30),
    Experiment(82, 0.93, 0.0, 10),
    Experiment(134, 0.06, 0.5, 5),
    Experiment(134, 0.5, 0.5, 10, collapsed=True),
    Experiment(200, 0.1, 0.5, 1),
    Experiment(200, 0.6, 0.0, 10, 3),
    Experiment(200, 0.93, 0.0, 10, 3),
    Experiment(200, 0.0, 0.0, 10, skewed=True),
]


@pytest.mark.parametrize("experiment", SMALL, ids=str)
def test_small_grid(experiment):
    shares = repeat(experiment, COUNT, resamples=200)
    assert shares.exceeds <= limit(promised(experiment), COUNT)
    if experiment.m == 1 and not experiment.skewed:
        assert shares.covered >= 0.93 - 3 * math.sqrt(0.93 * 0.07 / COUNT)
    if experiment.n >= 134 and not experiment.collapsed and not experiment.skewed:
        # the sd of one corrected gain is below 5 pp here
        assert abs(shares.corrected) <= 0.005 + 3 * 0.05 / math.sqrt(COUNT)


BOUNDARY = [
    Experiment(200, 0.93, 0.0, 1, gain=0.02),
    Experiment(82, 0.02, 0.5, 1, 5, gain=0.02),
    Experiment(1319, 0.5, 0.5, 1, gain=0.02),
    Experiment(1319, 0.1, 0.5, 5, gain=0.02),
]


def claimed(experiment: Experiment, count: int) -> float:
    """Share of experiments where every upper bound lies below 2 pp."""
    rng, bound = np.random.default_rng(1), GainBounds(0.05)
    return float(np.mean([bound.upper(experiment.draw(rng)).max() < 0.02 for _ in range(count)]))


@pytest.mark.parametrize("experiment", BOUNDARY, ids=str)
def test_no_larger_gain_is_rarely_claimed_at_that_very_gain(experiment):
    assert claimed(experiment, COUNT) <= limit(0.055, COUNT)


def test_no_larger_gain_can_be_claimed():
    assert claimed(Experiment(1319, 0.1, 0.5, 1), 200) >= 0.5


FULL = [
    Experiment(n, p0, icc, k, m)
    for n in (82, 134, 200, 1319)
    for p0 in (0.02, 0.06, 0.1, 0.5, 0.6, 0.93)
    for icc in (0.0, 0.5)
    for k in (1, 5, 10, 30)
    for m in (1, 3, 5)
]
COLLAPSED = [
    Experiment(n, p0, icc, k, collapsed=True)
    for n in (82, 134, 200)
    for p0 in (0.1, 0.5)
    for icc in (0.0, 0.5)
    for k in (5, 10, 30)
]
SKEWED = [Experiment(n, 0.0, 0.0, k, skewed=True) for n in (82, 134, 200, 1319) for k in (1, 5, 10, 30)]


@pytest.mark.slow
@pytest.mark.parametrize("experiment", [*FULL, *COLLAPSED, *SKEWED], ids=str)
def test_full_grid(experiment):
    count = 300
    shares = repeat(experiment, count, resamples=200, seed=1)
    assert shares.exceeds <= limit(promised(experiment), count)
    if experiment.m == 1 and not experiment.skewed:
        assert shares.covered >= 0.93 - 3 * math.sqrt(0.93 * 0.07 / count)
    if experiment.n >= 134 and not experiment.collapsed and not experiment.skewed:
        assert abs(shares.corrected) <= 0.005 + 3 * 0.05 / math.sqrt(count)


@pytest.mark.slow
@pytest.mark.parametrize("n", [200, 1319])
@pytest.mark.parametrize("p0", [0.02, 0.1, 0.5, 0.93])
@pytest.mark.parametrize("icc", [0.0, 0.5])
@pytest.mark.parametrize("k", [1, 5])
@pytest.mark.parametrize("m", [1, 3])
def test_upper_bound_at_full_size(n, p0, icc, k, m):
    assert claimed(Experiment(n, p0, icc, k, m, gain=0.02), 4000) <= limit(0.055, 4000)
