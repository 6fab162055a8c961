from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu

from posttrace.analysis.stats.across.improvement import PerformanceProfile, ProbabilityOfImprovement, wins

scores = st.lists(st.integers(0, 5).map(float), min_size=1, max_size=6).map(np.array)
X, Y = np.array([0.61, 0.7, 0.66, 0.59, 0.73]), np.array([0.55, 0.6, 0.58, 0.66, 0.52])


def test_pairs_by_hand():
    # .61, .70, .73 beat 4, 5, 5 of y; .66 beats 4 and ties one; .59 beats 3: 21.5 of 25
    assert wins(X, Y) == pytest.approx((0.86, 21.5))


@given(scores, scores)
def test_it_is_mann_whitneys_u(x: np.ndarray, y: np.ndarray):
    share, u = wins(x, y)
    assert u == pytest.approx(mannwhitneyu(x, y, method="asymptotic").statistic)
    assert share + wins(y, x)[0] == pytest.approx(1)


def test_equal_but_for_rounding_is_a_tie():
    assert wins(np.array([0.1 + 0.2]), np.array([0.3]))[0] == 0.5


def test_tasks_weigh_the_same():
    # .86 on one task, 0 on another with one pair only
    found = ProbabilityOfImprovement()([X, np.array([0.0])], [Y, np.array([1.0])], np.random.default_rng(0))
    assert found.value == pytest.approx(0.43)
    assert np.isnan([found.se, found.low, found.high]).all()
    assert "single run" in found.note


def test_resamples_are_those_of_both_sides():
    x, y = np.array([0.1, 0.4, 0.3]), np.array([0.2, 0.35, 0.0])
    # independent path: all 27 x 27 samples
    drawn = [wins(np.array(a), np.array(b))[0] for a in product(x, repeat=3) for b in product(y, repeat=3)]
    found = ProbabilityOfImprovement(resamples=40_000)([x], [y], np.random.default_rng(1))
    assert found.se == pytest.approx(np.std(drawn), rel=0.03)
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(drawn, [0.025, 0.975])), abs=0.03)


def test_the_same_seed_gives_the_same():
    draws = [ProbabilityOfImprovement()([X], [Y], np.random.default_rng(seed)) for seed in (3, 3, 4)]
    assert draws[0] == draws[1]
    assert draws[0].se != draws[2].se


def test_no_interval_without_width():
    found = ProbabilityOfImprovement()([X + 1], [Y], np.random.default_rng(0))
    assert found.value == 1
    assert np.isnan([found.low, found.high]).all()
    assert found.note == "every sample gives the same: no interval"


def test_tasks_of_one_side_alone_are_refused():
    with pytest.raises(ValueError, match="zip"):
        ProbabilityOfImprovement()([X], [Y, Y], np.random.default_rng(0))


def test_a_profile_by_hand():
    # task one: .1, .3 ; task two: .2, .2; a score equal to the threshold is not above it
    tasks = [np.array([0.1, 0.3]), np.array([0.2, 0.2])]
    found = PerformanceProfile((0.0, 0.15, 0.2, 0.3))(tasks, np.random.default_rng(0))
    assert found.share.tolist() == [1, 0.75, 0.25, 0]
    # of two runs .1, .3 a sample has 0, 1 or 2 above .2; half of it is the mean over tasks
    assert (found.low[2], found.high[2]) == (0, 0.5)


def test_the_profile_of_a_single_run_has_no_band():
    found = PerformanceProfile((0.0,))([np.array([0.1])], np.random.default_rng(0))
    assert found.share.tolist() == [1]
    assert np.isnan([found.low, found.high]).all()


def test_profiles_are_reproducible():
    one, two = (PerformanceProfile((0.6,))([X, Y], np.random.default_rng(5)) for _ in range(2))
    assert (one.low, one.high) == (two.low, two.high)
