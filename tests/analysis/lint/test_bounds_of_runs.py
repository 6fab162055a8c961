"""The closed bounds on SDs and on the expected best of k, against sets of numbers that attain them."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from posttrace.analysis.lint.lint import lint
from posttrace.analysis.lint.rules.best_of_k import lower, upper
from posttrace.analysis.published.tables import Table

VALUES = st.lists(st.integers(-50, 50), min_size=2, max_size=8)


def expected_best(values, k):
    return np.mean([max(subset) for subset in combinations(values, k)])


@given(VALUES, st.data())
def test_the_expected_best_lies_within_its_bounds(values, data):
    k = data.draw(st.integers(1, len(values)))
    mean, largest, best = np.mean(values), max(values), expected_best(values, k)
    assert lower(mean, largest, len(values), k) <= best + 1e-9
    assert best <= upper((mean, largest), np.std(values), len(values), k) + 1e-9


@pytest.mark.parametrize(("n", "k"), [(10, 3), (10, 5), (7, 2), (5, 5)])
def test_one_run_ahead_of_equal_others_attains_the_lower_bound(n, k):
    values = [1.0] * (n - 1) + [4.0]
    assert expected_best(values, k) == pytest.approx(lower(np.mean(values), 4.0, n, k))


@pytest.mark.parametrize(("n", "k"), [(10, 3), (8, 5), (6, 2)])
def test_values_linear_in_the_weights_attain_the_upper_bound(n, k):
    # weight of a value: the share of subsets of size k in which it is the largest
    subsets = list(combinations(range(n), k))
    values = np.array([sum(max(s) == i for s in subsets) for i in range(n)]) / len(subsets)
    attained = upper((values.mean(), np.inf), values.std(), n, k)
    assert expected_best(values, k) == pytest.approx(attained)


def of_runs(**cells):
    row = {"agent": "a", "task": "t"} | {name: str(value) for name, value in cells.items()}
    return [finding.rule for finding in lint(Table.of(pd.DataFrame([row])))]


# 10 runs, mean 2, maximum 5: at least sqrt(9/9) = 1 (nine runs at 5/3, so SD 1), at most 3 sqrt(9) = 9
@pytest.mark.parametrize(("sd", "ok"), [("1.00", True), ("0.98", False), ("9.00", True), ("9.48", True)])
def test_sd_of_ten_runs_with_a_mean_and_a_maximum(sd, ok):
    rules = of_runs(mean="2.000", std=sd, max="5.000", n_runs=10)
    assert rules == ([] if ok else ["spread"])


def test_the_largest_sd_is_that_of_one_run_far_below():
    # nine runs at 5, one at -25: mean 2, population SD 9, sample SD 9.487
    values = np.array([5.0] * 9 + [-25.0])
    assert (values.mean(), values.std()) == (2.0, 9.0)
    assert of_runs(mean="2.000", std="9.49", max="5.000", n_runs=10) == []
    assert of_runs(mean="2.000", std="9.51", max="5.000", n_runs=10) == ["spread"]


def test_a_smallest_value_narrows_the_sd():
    # Bhatia-Davis: (5 - 2)(2 - 0) = 6, sample SD sqrt(6 * 10/9) = 2.58
    assert of_runs(mean="2.000", std="2.57", max="5.000", min="0.000", n_runs=10) == []
    assert of_runs(mean="2.000", std="2.70", max="5.000", min="0.000", n_runs=10) == ["spread"]


@given(st.lists(st.integers(-30, 30), min_size=2, max_size=12))
def test_variance_between_runs_above_zero_and_others(values):
    """The bound that the rule uses: s^2 >= u^2 (1 - r)/r for u > 0, u^2 r/(1 - r) for u < 0."""
    u, r = np.mean(values), np.mean(np.array(values) > 0)
    if u > 0:
        assert np.var(values) + 1e-9 >= u**2 * (1 - r) / r
    elif u < 0:
        assert np.var(values) + 1e-9 >= u**2 * r / (1 - r)
