from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, chisquare

from posttrace.analysis.stats.items.draws import ByPattern, ByUnit, draws, moments
from posttrace.analysis.stats.items.paired import Paired, Units
from posttrace.analysis.stats.items.resampling import Null, Resampling

B = 20_000


def told(*rows: tuple[int, tuple[float, ...], int]) -> Units:
    """Units in canonical order: of each row so many with these sums and this size."""
    sums = np.concatenate([np.tile(values, (times, 1)) for times, values, _ in rows]).astype(float)
    sizes = np.concatenate([np.full(times, size) for times, _, size in rows]).astype(float)
    return Units(sums, sizes).canonical()


def items() -> Units:
    """120 items, two submissions, five patterns."""
    return told((70, (0, 0), 1), (20, (1, 0), 1), (15, (0, 1), 1), (10, (-1, -1), 1), (5, (1, 1), 1))


def clusters() -> Units:
    """90 clusters of three items, two submissions, four patterns."""
    return told((50, (0, 0), 3), (20, (1, 0), 3), (15, (-1, 2), 3), (5, (1, 1), 3))


def both(units: Units) -> tuple[ByUnit, ByPattern]:
    counted = draws(units)
    assert isinstance(counted, ByPattern)
    return ByUnit(units), counted


def rng(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def same_moments(a: Any, b: Any) -> None:
    """Two samples (resample, column) of one distribution: means and second moments within five SEs."""
    for x, y in ((a, b), (a**2, b**2), (a[:, :1] * a, b[:, :1] * b)):
        se = np.sqrt((x.var(axis=0) + y.var(axis=0)) / B)
        assert (np.abs(x.mean(axis=0) - y.mean(axis=0)) <= 5 * se + 1e-12).all()


@pytest.mark.parametrize("units", [items(), clusters()])
def test_both_ways_draw_from_the_same_distributions(units):
    by_unit, by_pattern = both(units)
    same_moments(by_unit.kept(rng(1), B), by_pattern.kept(rng(2), B))
    (inside_a, left_a), (inside_b, left_b) = (way.drawn(rng(3), B) for way in (by_unit, by_pattern))
    same_moments(inside_a, inside_b)
    # the mean of what is left out is the same; it scatters less where only the expected number counts
    se = np.sqrt((left_a.var() + left_b.var()) / B)
    assert left_b.mean() == pytest.approx(left_a.mean(), abs=5 * se)
    assert left_b.std() < left_a.std()


def test_ones_among_random_bits_are_binomial():
    # 130 units take three words, of which the last keeps two bits; 64 fill one word
    times = np.array([130, 64, 1])
    units = Units(np.eye(3), np.ones(3))
    kept = ByPattern(units, times).kept(rng(4), B)[:, :3]
    for j, n in enumerate(times):
        low, high = binom.ppf([0.01, 0.99], n, 0.5).astype(int)
        cuts = np.arange(low, high + 1)
        observed = [np.sum(kept[:, j] <= low), *(np.sum(kept[:, j] == c) for c in cuts[1:-1])]
        chance = [binom.cdf(low, n, 0.5), *binom.pmf(cuts[1:-1], n, 0.5)]
        observed.append(B - sum(observed))
        chance.append(1 - sum(chance))
        possible = np.array(chance) > 1e-12
        assert np.array(observed)[~possible].sum() == 0
        assert chisquare(np.array(observed)[possible], B * np.array(chance)[possible]).pvalue > 1e-3
    # independent of each other
    assert np.abs(np.corrcoef(kept.T) - np.eye(3)).max() < 5 / np.sqrt(B)


def test_units_left_out_against_all_draws():
    # 3 alike with sum 1 and 1 alone with sum 0, drawn 4 times of 4. Of m draws that fell on the 3, the mean
    # number left out is 3 (2/3)^m; the one alone is left out only if m = 4.
    way = ByPattern(Units(np.array([[1.0], [0.0]]), np.ones(2)), np.array([3, 1]))
    inside, left_out = way.drawn(rng(5), B)
    for m in range(5):
        drawn = inside[:, 0] == m
        assert abs(drawn.mean() - binom.pmf(m, 4, 0.75)) < 5 * np.sqrt(0.25 / B)
        left, alone = 3 * (2 / 3) ** m, float(m == 4)
        assert left_out[drawn] == pytest.approx(left / (left + alone))


def test_alike_units_only_are_counted():
    assert isinstance(draws(items()), ByPattern)
    assert draws(items()).width == 5
    every = Units(rng(6).random((100, 2)), np.ones(100)).canonical()
    assert isinstance(draws(every), ByUnit)
    # few large clusters among many small ones: the gain left out hangs on which of those alike were drawn
    assert isinstance(draws(told((50, (1, 0), 1), (50, (1, 0), 2))), ByUnit)
    assert isinstance(draws(clusters()), ByPattern)


@given(st.lists(st.integers(1, 70), min_size=1, max_size=6), st.integers(0, 2**32))
def test_sums_of_all_kept_and_turned(times, seed):
    """What is kept lies between nothing and everything, pattern by pattern."""
    units = Units(np.eye(len(times)), np.ones(len(times)))
    kept = ByPattern(units, np.array(times)).kept(rng(seed), 50)
    assert kept.shape == (50, moments(units).shape[1])
    assert (kept[:, :-1] >= 0).all()
    assert (kept[:, :-1] <= np.array(times)).all()
    assert (kept[:, -1] == kept[:, :-1].sum(axis=1)).all()


@pytest.mark.parametrize("chunk", [1, 7, 499])
@pytest.mark.parametrize("units", [items(), clusters()])
def test_chunks_change_nothing_where_units_are_counted(chunk, units):
    whole, cut = (Resampling(500, size)(units, rng(7)) for size in (None, chunk))
    for name in ("flip", "centred", "boot"):
        for field in Null.__dataclass_fields__:
            a, b = (getattr(getattr(x, name), field) for x in (whole, cut))
            assert np.array_equal(a, b), (name, field)
    assert np.array_equal(whole.out_of_bag, cut.out_of_bag)


def test_order_of_items_and_submissions_changes_nothing_where_units_are_counted():
    outcomes = (rng(8).random((400, 3)) < 0.3).astype(float)
    base = (rng(9).random((1, 400)) < 0.3).astype(float)
    order, columns = rng(10).permutation(400), [2, 0, 1]
    one = Paired(base, outcomes).units
    other = Paired(base[:, order], outcomes[order][:, columns]).units
    assert isinstance(draws(one.canonical()), ByPattern)
    a, b = (Resampling(300)(units, rng(11)) for units in (one, other))
    assert np.array_equal(a.boot.largest, b.boot.largest)
    assert np.array_equal(a.flip.above[columns], b.flip.above)
