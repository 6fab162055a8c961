import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from posttrace.analysis.stats.items.exact import mcnemar
from posttrace.analysis.stats.proportions import (
    agresti_caffo,
    clopper_pearson,
    exact_tests,
    mcnemar_midp,
    miettinen_nurminen,
    newcombe,
    wilson,
)

DIFFERENCES = (newcombe, agresti_caffo, miettinen_nurminen)
counts = st.tuples(st.integers(1, 60), st.integers(0, 60)).map(lambda pair: (min(pair), pair[0]))


def test_wilson_is_clipped_and_solves_the_score_equation():
    assert wilson(0, 100)[0] == 0.0
    assert wilson(100, 100)[1] == 1.0
    for limit in wilson(8, 134):
        assert abs(8 / 134 - limit) / math.sqrt(limit * (1 - limit) / 134) == pytest.approx(1.959963985)


@given(counts)
def test_clopper_pearson_limits_leave_half_of_alpha_in_each_tail(pair):
    x, n = pair
    low, high = clopper_pearson(x, n)
    assert (low == 0.0) if x == 0 else binom.sf(x - 1, n, low) == pytest.approx(0.025)
    assert (high == 1.0) if x == n else binom.cdf(x, n, high) == pytest.approx(0.025)


def test_without_items_nothing_is_known():
    assert np.isnan([*wilson(0, 0), *clopper_pearson(0, 0)]).all()


def test_published_intervals_of_a_difference():
    # 56/70 - 48/80: Newcombe 1998 (Stat Med 17: 873), table II, methods 10 and 5
    assert newcombe(56, 70, 48, 80) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    assert miettinen_nurminen(56, 70, 48, 80) == pytest.approx((0.0528, 0.3382), abs=5e-5)


def test_miettinen_nurminen_without_successes_is_known_in_closed_form():
    # 0 of 10 twice: at delta > 0 the likelihood is largest at p2 = 0, p1 = delta, so that
    # delta^2 = z^2 delta (1 - delta) / 10 * 20/19 gives delta = c / (1 + c), c = z^2 / 9.5
    c = 1.959963984540054**2 / 9.5
    assert miettinen_nurminen(0, 10, 0, 10) == pytest.approx((-c / (1 + c), c / (1 + c)), abs=1e-10)


@pytest.mark.parametrize("interval", DIFFERENCES)
@settings(deadline=None, max_examples=40)
@given(counts, counts)
def test_intervals_of_a_difference_hold_it_and_mirror(interval, one, other):
    low, high = interval(*one, *other)
    diff = one[0] / one[1] - other[0] / other[1]
    # Agresti and Caffo shrink the difference; theirs need not hold an extreme one
    if interval is not agresti_caffo:
        assert -1 <= low <= diff + 1e-9
        assert diff - 1e-9 <= high <= 1
    assert interval(*other, *one) == pytest.approx((-high, -low), abs=1e-8)


def test_exact_tests_of_two_by_two_by_hand():
    # 2 of 2 against 0 of 2: Fisher 1 / C(4, 2); the other two p^2 (1 - p)^2 at most 1/16
    found = exact_tests(2, 2, 0, 2)
    assert (found.fisher, found.boschloo, found.barnard) == pytest.approx((1 / 6, 1 / 16, 1 / 16))


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 8), st.integers(0, 8))
def test_boschloo_is_never_above_fisher(x1, x2):
    found = exact_tests(x1, 8, x2, 8)
    assert found.boschloo <= found.fisher + 1e-9
    assert exact_tests(x2, 8, x1, 8, "less").fisher == pytest.approx(found.fisher)


@given(st.integers(0, 40), st.integers(0, 40))
def test_midp_leaves_out_half_of_what_was_observed(gained, lost):
    if gained + lost == 0:
        assert mcnemar_midp(gained, lost) == 1.0
        return
    half = 0.5 * math.comb(gained + lost, gained) / 2 ** (gained + lost)
    assert mcnemar_midp(gained, lost, "greater") == pytest.approx(mcnemar(gained, lost) - half)
    assert mcnemar_midp(gained, lost) == pytest.approx(mcnemar_midp(lost, gained))
    assert mcnemar_midp(gained, lost, "greater") + mcnemar_midp(gained, lost, "less") == pytest.approx(1)
