from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from posttrace.analysis.stats.across.contrast import PairedContrast, StratifiedMean

differences = st.lists(st.floats(-1, 1).map(lambda x: round(x, 3)), min_size=2, max_size=7).map(np.array)


def test_an_example_by_hand() -> None:
    # 1, 2, 3: mean 2, sd 1, t(.975, 2) = 4.30265, half width 4.30265 / sqrt(3) = 2.48414
    # sign flips: 8 in all, |sum| >= 6 for +++ and ---, so p = 2/8
    found = PairedContrast()(np.array([1.0, 2.0, 3.0]))
    assert (found.n, found.mean, found.sd) == (3, 2, 1)
    assert (found.low, found.high) == pytest.approx((2 - 2.48414, 2 + 2.48414), abs=1e-5)
    assert found.p_flip == found.p_least == 0.25


@given(differences)
def test_every_sign_flip_counts(d: np.ndarray) -> None:
    # independent path: enumerate; scipy counts a difference within rounding as equal
    means = np.array([np.mean(d * signs) for signs in product((1, -1), repeat=len(d))])
    upper = np.mean(means >= d.mean() - 1e-9)
    lower = np.mean(means <= d.mean() + 1e-9)
    assert PairedContrast()(d).p_flip == pytest.approx(min(1.0, 2 * min(upper, lower)))


@given(differences.filter(lambda d: np.std(d) > 1e-6))
def test_interval_and_p_are_those_of_the_t_test(d: np.ndarray) -> None:
    theirs = stats.ttest_1samp(d, 0)
    interval = theirs.confidence_interval(0.9)
    found = PairedContrast(alpha=0.1)(d)
    assert (found.low, found.high, found.p_t) == pytest.approx((interval.low, interval.high, theirs.pvalue))


def test_equal_differences_have_no_interval() -> None:
    found = PairedContrast()(np.array([0.1, 0.1, 0.1]))
    assert np.isnan([found.low, found.high, found.p_t]).all()
    assert found.p_flip == 0.25


@given(differences)
def test_the_other_way_round_is_the_mirror_image(d: np.ndarray) -> None:
    one, other = PairedContrast()(d), PairedContrast()(-d)
    assert (one.mean, one.low) == pytest.approx((-other.mean, -other.high), nan_ok=True)
    assert one.p_flip == pytest.approx(other.p_flip)


def test_one_pair_has_no_interval() -> None:
    found = PairedContrast()(np.array([0.3]))
    assert np.isnan([found.sd, found.low, found.high, found.p_t]).all()
    assert found.p_flip == 1


@pytest.mark.parametrize("bad", [[], [0.1, np.nan], [np.inf]])
def test_nothing_or_not_finite_is_refused(bad: list[float]) -> None:
    with pytest.raises(ValueError, match="at least one pair"):
        PairedContrast()(np.array(bad))


def test_one_stratum_is_the_t_test() -> None:
    d = np.array([0.1, 0.3, 0.2, 0.0])
    theirs = stats.ttest_1samp(d, 0)
    interval = theirs.confidence_interval(0.95)
    expected = (d.mean(), interval.low, interval.high, theirs.pvalue)
    assert StratifiedMean()([d]) == pytest.approx(expected)


def test_two_strata_of_one_size_are_welchs_test() -> None:
    # mean of both = half the difference of one and minus the other, whose test is Welch's
    one, other = np.array([0.1, 0.5, 0.3]), np.array([0.2, 0.21, 0.19])
    theirs = stats.ttest_ind(one, -other, equal_var=False)
    interval = theirs.confidence_interval(0.95)
    mean, low, high, p = StratifiedMean()([one, other])
    assert mean == pytest.approx((one.mean() + other.mean()) / 2)
    assert (low, high, p) == pytest.approx((interval.low / 2, interval.high / 2, theirs.pvalue))


def test_strata_weigh_by_their_pairs() -> None:
    assert StratifiedMean()([np.array([0.0, 0.2]), np.array([0.4, 0.4, 0.6, 0.4])])[0] == pytest.approx(2 / 6)


def test_a_stratum_with_one_pair_or_no_spread_has_no_interval() -> None:
    for strata in ([np.array([0.1, 0.2]), np.array([0.3])], [np.array([0.1, 0.1]), np.array([0.3, 0.3])]):
        assert np.isnan(StratifiedMean()(strata)[1:]).all()
