from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posttrace.analysis.stats.items.counted import Counted, bootstrap_sums, draws, flipped_sums
from posttrace.traces.errors import InputError

tables = st.lists(st.tuples(st.integers(-2, 2), st.integers(-2, 2)), min_size=1, max_size=5).map(
    lambda rows: np.array(rows, dtype=float)
)


def collected(values, weights):
    """Probability of each different row of ``values``."""
    rows = {}
    for row, weight in zip(values.tolist(), weights, strict=True):
        rows[tuple(row)] = rows.get(tuple(row), 0.0) + weight
    return {row: pytest.approx(weight) for row, weight in rows.items()}


@given(tables)
def test_flips_are_all_flips(d):
    every = np.array(
        [(d * np.array(signs)[:, None]).sum(axis=0) for signs in product((1, -1), repeat=len(d))]
    )
    found = flipped_sums(d)
    # -0.0 and 0.0 are one value
    assert collected(every + 0.0, np.full(len(every), 0.5 ** len(d))) == collected(
        found.values + 0.0, found.weights
    )


@settings(deadline=None)
@given(tables)
def test_draws_are_all_draws(d):
    every = np.array([d[list(index)].sum(axis=0) for index in product(range(len(d)), repeat=len(d))])
    found = bootstrap_sums(d)
    weights = np.full(len(every), 1 / len(every))
    assert collected(every + 0.0, weights) == collected(found.values + 0.0, found.weights)


def test_draws_of_different_items():
    drawn, weights = draws(3, np.ones(3, dtype=int))
    # C(5, 2) multisets; all three different in 6 of 27 ways
    assert len(drawn) == 10
    assert weights.sum() == pytest.approx(1)
    assert weights[(drawn == 1).all(axis=1)] == pytest.approx(6 / 27)


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=30), st.floats(0.01, 0.99))
def test_quantiles_are_numpys(values, q):
    counted = Counted(np.array(values, dtype=float), np.full(len(values), 1 / len(values)))
    # a level within rounding of a step of the distribution belongs to either side
    if abs(q * len(values) - round(q * len(values))) > 1e-6:
        assert counted.quantile(q) == np.quantile(values, q, method="inverted_cdf")
    assert counted.reaches(3) == pytest.approx(np.mean(np.array(values) >= 3))
    assert counted.exceeds(3) == pytest.approx(np.mean(np.array(values) > 3))


def test_equal_items_cost_little_and_different_ones_are_refused():
    assert len(flipped_sums(np.ones((300, 1))).weights) == 301
    for enumerate_all in (flipped_sums, bootstrap_sums):
        with pytest.raises(InputError, match="too many to count out"):
            enumerate_all(np.random.default_rng(0).random((40, 2)))
