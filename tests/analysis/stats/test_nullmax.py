"""The largest of k binomial gains, against enumeration and simulation."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from posttrace.analysis.stats.nullmax import NUISANCE_LEVEL, ExactMax


def enumerated(items: tuple[int, ...], n0: int, gain: float, p: float) -> float:
    """P(largest score - baseline score >= gain), every outcome of every scoring counted out."""
    total = 0.0
    for x, *xs in product(range(n0 + 1), *(range(n + 1) for n in items)):
        if max(x_j / n for x_j, n in zip(xs, items, strict=True)) - x / n0 >= gain - 1e-9:
            weights = [binom.pmf(x_j, n, p) for x_j, n in zip(xs, items, strict=True)]
            total += binom.pmf(x, n0, p) * float(np.prod(weights))
    return total


@pytest.mark.parametrize(
    ("items", "n0", "gain", "p"),
    [((12, 12, 12), 12, 4 / 12, 0.4), ((5, 5), 10, 0.3, 0.25), ((4, 7, 5), 6, 0.4, 0.7), ((6,), 6, 0.5, 0.1)],
)
def test_every_outcome_counted_out(items, n0, gain, p):
    assert ExactMax(items, n0).reaches(gain, p) == pytest.approx(enumerated(items, n0, gain, p), abs=1e-12)


def test_a_rounded_gain_may_be_half_a_unit_smaller():
    # 4 of 12 more is printed 33 %: without allowing for the rounding the same gain would just be missed
    null = ExactMax.of(3, 12)
    printed, half = 0.3334, 0.0005
    assert null.reaches(printed, 0.4, half) == null.reaches(4 / 12, 0.4)
    assert null.reaches(printed, 0.4) == null.reaches(5 / 12, 0.4)


def test_largest_p_over_the_whole_range():
    # by a fine grid of its own
    null, gain = ExactMax.of(10, 200), 11 / 200
    grid = [null.reaches(gain, p) for p in np.linspace(0.001, 0.999, 5001)]
    found = null.highest(gain, (0.001, 0.999))
    assert found.p == pytest.approx(max(grid), abs=1e-7)
    assert found.p >= max(grid)


def test_falling_as_far():
    # 0 of 10 against a baseline of 5 in 10 at p = .5: sum over x of P(x) P(X <= x - 5)
    expected = sum(binom.pmf(x, 10, 0.5) * binom.cdf(x - 5, 10, 0.5) for x in range(11))
    assert ExactMax.of(1, 10).stays(-0.5, 0.5) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("baseline", [0.0, 1.0])
def test_a_baseline_at_the_end_of_the_scale(baseline):
    null = ExactMax.of(5, 100)
    p = null.p_value(0.0, baseline)
    assert p == 1.0  # a gain of nothing is always reached
    assert NUISANCE_LEVEL < null.p_value(0.1, 0.0) < 0.05


def test_expected_gain_of_picking_alone():
    rng = np.random.default_rng(0)
    best = rng.binomial(200, 0.1, size=(200_000, 10)).max(axis=1) / 200
    # the sd of the best is about 1.3 pp: a standard error of .003 pp
    assert ExactMax.of(10, 200).expected_gain(0.1) == pytest.approx(best.mean() - 0.1, abs=1.2e-4)
    assert ExactMax.of(1, 200).expected_gain(0.1) == pytest.approx(0.0, abs=1e-12)
    mixed = rng.binomial([50, 200], 0.1, size=(200_000, 2)) / np.array([50, 200])
    assert ExactMax((50, 200), 200).expected_gain(0.1) == pytest.approx(
        mixed.max(axis=1).mean() - 0.1, abs=4e-4
    )


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 40), st.integers(5, 60), st.floats(0.02, 0.98), st.floats(0.0, 0.5))
def test_more_submissions_and_smaller_gains_are_less_surprising(k, n, p, gain):
    few, many = ExactMax.of(k, n), ExactMax.of(k + 1, n)
    assert few.reaches(gain, p) <= many.reaches(gain, p) + 1e-12
    assert few.reaches(gain + 0.1, p) <= few.reaches(gain, p) + 1e-12


@pytest.mark.parametrize(("p0", "n", "k"), [(0.05, 134, 10), (0.5, 82, 5), (0.78, 200, 30)])
def test_type_one_error(p0, n, k):
    """The p that is used, on nulls of independent items: counts of both tails are exact, so few draws do."""
    rng, null, found = np.random.default_rng(1), ExactMax.of(k, n), []
    for _ in range(150):
        base = rng.binomial(n, p0) / n
        found.append(null.p_value(rng.binomial(n, p0, size=k).max() / n - base, base))
    assert np.mean(np.array(found) <= 0.05) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 150)


@pytest.mark.parametrize(("items", "n0"), [((), 5), ((0,), 5), ((5,), 0)])
def test_nothing_to_count(items, n0):
    with pytest.raises(ValueError, match="at least one"):
        ExactMax(items, n0)
