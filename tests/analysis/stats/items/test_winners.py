import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import truncnorm

from posttrace.analysis.stats.items.paired import Paired
from posttrace.analysis.stats.items.resampling import Resampling
from posttrace.analysis.stats.items.winners import ConditionalWinner, ideal_correction

estimates = st.lists(st.integers(-3000, 3000).map(lambda x: x / 1000), min_size=2, max_size=5, unique=True)


def test_independent_estimates_are_cut_off_at_the_runner_up():
    found = ConditionalWinner()(np.array([0.2, 1.0, 0.4]), np.eye(3) * 0.25)
    assert (found.winner, found.low, found.high) == (1, 0.4, math.inf)
    for mean, tail in ((found.median, 0.5), (found.lower, 0.05)):
        cut = truncnorm((0.4 - mean) / 0.5, np.inf, loc=mean, scale=0.5)
        assert cut.sf(1.0) == pytest.approx(tail, abs=1e-9)


def test_alone_or_far_ahead_the_estimate_stands():
    z95 = 1.6448536269514722
    alone = ConditionalWinner()(np.array([0.3]), np.array([[4.0]]))
    assert (alone.median, alone.lower) == pytest.approx((0.3, 0.3 - 2 * z95))
    ahead = ConditionalWinner()(np.array([30.0, 0.0]), np.eye(2))
    assert (ahead.median, ahead.lower) == pytest.approx((30.0, 30 - z95))


@pytest.mark.parametrize("gap", [1e-11, 1e-9, 1e-6])
def test_close_to_a_tie(gap):
    # far below the cut the truncated normal is exponential: P(X > low + gap) = exp(mean gap)
    found = ConditionalWinner()(np.array([gap, 0.0]), np.eye(2))
    assert found.median == pytest.approx(-math.log(2) / gap, rel=1e-6)
    assert found.lower == pytest.approx(math.log(0.05) / gap, rel=1e-6)


def test_a_tie_leaves_nothing():
    found = ConditionalWinner()(np.array([1.0, 1.0]), np.eye(2))
    assert (found.winner, found.median, found.lower) == (0, -math.inf, -math.inf)


@given(estimates)
def test_the_correction_is_downwards(values):
    found = ConditionalWinner()(np.array(values), np.eye(len(values)))
    assert found.lower < found.median < max(values) + 1e-9


def test_a_winner_cut_off_on_both_sides():
    # the second varies more and follows the first: lowering or raising the first loses to someone
    x, sigma = np.array([1.0, 0.99, 0.2]), np.array([[1, 1.5, 0.1], [1.5, 4, 0.2], [0.1, 0.2, 1]])
    found = ConditionalWinner()(x, sigma)
    for edge in (found.low, found.high):
        moved = x + sigma[:, 0] * (edge - x[0])
        assert np.sort(moved)[-1] == pytest.approx(np.sort(moved)[-2])
    cut = truncnorm(found.low - found.lower, found.high - found.lower, loc=found.lower)
    assert cut.sf(1.0) == pytest.approx(0.05, abs=1e-9)


def test_median_unbiased_and_covering_given_the_winner():
    # 2,000 draws with a true second place ahead; 4 standard errors: .045 of the median, .02 of the coverage
    rng, means = np.random.default_rng(0), np.array([0.0, 0.5, 0.2])
    sigma = 0.5 * np.eye(3) + 0.5
    draws = rng.multivariate_normal(means, sigma, size=2_000)
    found = [ConditionalWinner()(x, sigma) for x in draws]
    truth = np.array([means[one.winner] for one in found])
    assert np.mean(np.array([one.median for one in found]) > truth) == pytest.approx(0.5, abs=0.045)
    assert np.mean(np.array([one.lower for one in found]) <= truth) == pytest.approx(0.95, abs=0.02)


def test_ideal_correction_by_hand():
    # two items, two submissions that gain one each. Draws 11, 12, 21, 22: the winner of 11 gains 1 on it and
    # 1/2 on the data, 0 on what is left out; of 12 the first (tie) gains 1/2, and nothing is left out
    found = ideal_correction(np.eye(2))
    assert (found.naive, found.optimism, found.corrected) == pytest.approx((0.5, 0.25, 0.25))
    assert found.out_of_bag == pytest.approx(0.0)


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 2**31))
def test_resampling_estimates_the_ideal_out_of_bag_gain(seed):
    # continuous differences: draws do not tie
    d = np.random.default_rng(seed).normal(size=(6, 3))
    drawn = Resampling(20_000)(Paired(np.zeros((1, 6)), d).units, np.random.default_rng(seed)).out_of_bag
    five_se = 5 * float(np.nanstd(drawn)) / math.sqrt(20_000)
    assert np.nanmean(drawn) == pytest.approx(ideal_correction(d).out_of_bag, abs=five_se)


def test_one_item_leaves_nothing_out():
    assert math.isnan(ideal_correction(np.array([[0.2, 0.1]])).out_of_bag)
