from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from posttrace.analysis.stats.items.replicates import variance_components

tables = st.tuples(st.integers(2, 6), st.integers(2, 5)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=st.floats(0, 1).map(lambda x: round(x, 3)))
)


def test_three_items_scored_twice_by_hand():
    # item means .5, 1, 0 with variance .25; variances within .5, 0, 0, mean 1/6
    found = variance_components(np.array([[1.0, 0.0], [1.0, 1.0], [0.0, 0.0]]))
    assert (found.n, found.m, found.mean) == (3, 2, 0.5)
    assert found.s2_decode == pytest.approx(1 / 6)
    assert found.s2_item == found.s2_item_unbiased == pytest.approx(1 / 4 - 1 / 12)
    assert found.se_superpopulation == pytest.approx((0.25 / 3) ** 0.5)
    assert found.se_fixed_items == pytest.approx((1 / 6 / 6) ** 0.5)
    assert found.se_single_evaluation == pytest.approx((1 / 6 / 3) ** 0.5)
    assert not found.at_bound
    assert found.reason == ""


def test_both_components_are_unbiased():
    # items 0 and 1 drawn with chance 1/2 have success probability .2 and .8: s2_item = .09, and
    # E[p (1 - p)] = .16; over all equally weighted draws of two items and two scorings each
    outcomes, weights = [], []
    for code in range(2**6):
        items, y = (
            [code >> 4 & 1, code >> 5],
            np.array([[code & 1, code >> 1 & 1], [code >> 2 & 1, code >> 3 & 1]]),
        )
        p = np.array([[0.8 if item else 0.2] for item in items])
        outcomes.append(variance_components(y.astype(float)))
        weights.append(0.25 * np.prod(np.where(y == 1, p, 1 - p)))
    assert np.dot(weights, [c.s2_decode for c in outcomes]) == pytest.approx(0.16)
    assert np.dot(weights, [c.s2_item_unbiased for c in outcomes]) == pytest.approx(0.09)


@given(tables)
def test_the_variance_of_the_mean_is_made_of_both(outcomes: np.ndarray):
    found = variance_components(outcomes)
    total = (found.s2_item_unbiased + found.s2_decode / found.m) / found.n
    assert found.se_superpopulation**2 == pytest.approx(total, abs=1e-12)
    assert found.se_fixed_items <= found.se_single_evaluation


def test_items_that_differ_less_than_their_evaluations_are_at_the_bound():
    # both items have mean .5: between 0, within .5, so 0 - .5 / 2
    found = variance_components(np.array([[1.0, 0.0], [0.0, 1.0]]))
    assert (found.s2_item, found.s2_item_unbiased) == (0, -0.25)
    assert found.at_bound
    assert "lower bound 0" in found.reason


def test_one_evaluation_cannot_tell_them_apart():
    found = variance_components(np.array([[1.0], [0.0]]))
    assert np.isnan([found.s2_item, found.s2_decode, found.se_fixed_items, found.se_single_evaluation]).all()
    assert found.se_superpopulation == pytest.approx((0.5 / 2) ** 0.5)
    assert found.reason.startswith("one evaluation")


def test_one_item_says_nothing_of_others():
    found = variance_components(np.array([[1.0, 0.0]]))
    assert np.isnan([found.s2_item, found.se_superpopulation]).all()
    assert found.s2_decode == 0.5
    assert found.reason.startswith("one item")


@pytest.mark.parametrize("bad", [np.empty((0, 2)), np.array([1.0]), np.array([[np.nan, 1.0]])])
def test_a_table_that_is_no_table_is_refused(bad: np.ndarray):
    with pytest.raises(ValueError, match="finite outcome"):
        variance_components(bad)
