from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import mcnemar as statsmodels_mcnemar

from posttrace.analysis.siblings.grades import Grades
from posttrace.analysis.siblings.paired import (
    PairedSystems,
    difference_limits,
    flip_p,
    mcnemar_limits,
)
from posttrace.analysis.stats.items.exact import enumerated_flips, mcnemar
from posttrace.traces.errors import InputError


def grades(outcomes) -> Grades:
    array = np.asarray(outcomes, dtype=bool)
    return Grades(
        tuple(f"c{i:02}" for i in range(array.shape[0])), tuple(map(str, range(array.shape[1]))), array
    )


def compare(first, second, seed: int = 0, **settings_):
    return PairedSystems(**settings_)(grades(first), grades(second), np.random.default_rng(seed))


@given(st.lists(st.integers(-4, 4), min_size=1, max_size=10))
@settings(deadline=None)
def test_flips_by_convolution_and_by_enumeration(d):
    values = np.array(d)
    greater, less = enumerated_flips(values.astype(float))
    assert flip_p(values, "greater") == pytest.approx(greater)
    assert flip_p(values, "less") == pytest.approx(less)
    sums = np.array([np.dot(signs, values) for signs in product((1, -1), repeat=len(d))])
    assert flip_p(values) == pytest.approx(float(np.mean(np.abs(sums) >= abs(sum(d)))))


@given(st.integers(0, 40), st.integers(0, 40))
@settings(deadline=None)
def test_flips_of_single_outcomes_are_mcnemar(gained, lost):
    d = np.repeat([1, -1, 0], [gained, lost, 5])
    assert flip_p(d, "greater") == pytest.approx(mcnemar(gained, lost))
    assert flip_p(d) == pytest.approx(mcnemar(gained, lost, "two-sided"))


def test_one_seed_each():
    # 12 gained, 3 lost, 10 both, 15 neither
    first = np.repeat([1, 0, 1, 0], [12, 3, 10, 15])[:, None]
    second = np.repeat([0, 1, 1, 0], [12, 3, 10, 15])[:, None]
    result = compare(first, second)
    assert (result.gained, result.lost, result.mcnemar_on) == (12, 3, "the one seed")
    expected = statsmodels_mcnemar([[10, 12], [3, 15]], exact=True).pvalue
    assert result.p_mcnemar == pytest.approx(expected)
    assert result.p_flip == pytest.approx(expected)
    assert result.difference == pytest.approx(9 / 40)
    # differences 1, -1, 0: sd with ddof 0 is sqrt(15/40 - (9/40)^2); 10,000 draws: 0.7 % of Monte-Carlo error
    assert result.se == pytest.approx(np.sqrt(15 / 40 - (9 / 40) ** 2) / np.sqrt(40), rel=0.03)
    assert result.low < result.difference < result.high


def test_several_seeds_with_unequal_numbers():
    first = [[1, 1, 0], [1, 1, 1], [0, 0, 1], [0, 0, 0]] * 3
    second = [[1, 0], [0, 0], [0, 0], [1, 0]] * 3
    result = compare(first, second)
    # rates 2/3 1 1/3 0 against 1/2 0 0 1/2: differences 1/6 1 1/3 -1/2; majority 1 1 0 0 against none
    assert result.difference == pytest.approx((1 / 6 + 1 + 1 / 3 - 1 / 2) / 4)
    d = np.tile([1, 6, 2, -3], 3).astype(float)
    assert result.p_flip_greater == pytest.approx(enumerated_flips(d)[0])
    assert (result.gained, result.lost, result.mcnemar_on) == (6, 0, "more than half of the seeds")


def test_swapping_the_systems_mirrors():
    rng = np.random.default_rng(5)
    first, second = rng.random((30, 3)) < 0.5, rng.random((30, 3)) < 0.3
    one, other = compare(first, second), compare(second, first)
    assert one.difference == pytest.approx(-other.difference)
    assert one.p_flip == pytest.approx(other.p_flip)
    assert one.p_mcnemar == pytest.approx(other.p_mcnemar)
    assert (one.gained, one.lost) == (other.lost, other.gained)


def test_the_same_seed_gives_the_same_interval():
    rng = np.random.default_rng(6)
    first, second = rng.random((30, 3)) < 0.5, rng.random((30, 3)) < 0.3
    assert compare(first, second, seed=1) == compare(first, second, seed=1)
    assert compare(first, second, seed=1).se != compare(first, second, seed=2).se


def test_equal_systems_and_few_competitions():
    rows = np.random.default_rng(7).random((20, 3)) < 0.5
    same = compare(rows, rows)
    assert (same.p_flip, same.p_mcnemar, same.difference) == (1, 1, 0)
    assert np.isnan(same.se)
    assert "same difference" in same.reason
    assert "too few" in compare(rows[:5], ~rows[:5]).reason


def test_other_competitions_are_refused():
    first, second = grades(np.ones((3, 1))), grades(np.ones((4, 1)))
    with pytest.raises(InputError, match="1 competitions are graded for one system only, such as c03"):
        PairedSystems()(first, second, np.random.default_rng(0))
    assert PairedSystems()(first, second.take(first.competitions), np.random.default_rng(0)).p_flip == 1


def test_all_tables_that_totals_allow():
    # 2 and 3 medals of 4: overlap 1 or 2. Overlap 1: gained 1, lost 2; overlap 2: gained 0, lost 1
    limits = mcnemar_limits(2, 3, 4)
    assert limits.tables[["both", "gained", "lost", "neither"]].to_numpy().tolist() == [
        [1, 1, 2, 0],
        [2, 0, 1, 1],
    ]
    assert limits.tables["p"].tolist() == [1.0, 1.0]
    assert limits.identified()


def test_published_rates_do_not_identify_mcnemar():
    # one seed each, as many medals as the published 35.1 % and 24.0 % are of 75: nested 8 : 0 gives 2/2^8
    limits = mcnemar_limits(26, 18, 75)
    assert limits.smallest == pytest.approx(2 / 2**8)
    assert limits.largest == pytest.approx(mcnemar(26, 18, "two-sided"))
    assert not limits.identified()


@given(st.integers(1, 3), st.integers(1, 2), st.data())
@settings(max_examples=30, deadline=None)
def test_difference_limits_by_enumeration(n, seeds, data):
    first, second = data.draw(st.integers(0, n * seeds)), data.draw(st.integers(0, n * seeds))
    rows = list(product(range(seeds + 1), repeat=n))
    ses = [
        np.std(np.subtract(x, y) / seeds) / np.sqrt(n)
        for x in rows
        if sum(x) == first
        for y in rows
        if sum(y) == second
    ]
    limits = difference_limits(first, second, n, seeds)
    assert (limits.least_se, limits.most_se) == pytest.approx((min(ses), max(ses)))


def test_difference_limits_of_published_rates():
    # 79 against 54 of 225. Least: 25 competitions differ by one seed, V = 25/75/9 - (1/9)^2.
    # Most: 26 1/3 and 18 competitions won with all seeds by one system alone
    limits = difference_limits(79, 54, 75, 3)
    assert limits.difference == pytest.approx(1 / 9)
    assert limits.least_se == pytest.approx(np.sqrt((25 / 75 / 9 - 1 / 81) / 75))
    assert limits.most_se == pytest.approx(np.sqrt(((26 * 9 + 1 + 18 * 9) / 75 / 9 - 1 / 81) / 75))


def test_totals_out_of_range():
    with pytest.raises(InputError, match=r"0\.\.75"):
        mcnemar_limits(76, 1, 75)
    with pytest.raises(InputError, match=r"0\.\.225"):
        difference_limits(226, 1, 75, 3)


@pytest.mark.slow
def test_type_one_error_of_the_flips():
    """Two equal systems, 40 competitions of very different difficulty, 3 seeds each: p is at most nominal."""
    rng, rejected = np.random.default_rng(8), 0
    for _ in range(2000):
        chance = rng.beta(0.5, 0.5, size=(40, 1))
        first, second = rng.random((40, 3)) < chance, rng.random((40, 3)) < chance
        d = first.sum(axis=1) - second.sum(axis=1)
        rejected += flip_p(d.astype(np.int64)) <= 0.05
    assert rejected / 2000 <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 2000)
