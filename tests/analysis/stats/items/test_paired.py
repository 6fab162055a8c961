import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from posttrace.analysis.stats.items.paired import Paired, Units


def test_counts_gains_and_winner():
    base = np.array([[0.0, 0.0, 1.0, 1.0]])
    scored = np.array([[1, 1, 1], [0, 1, 1], [1, 0, 0], [1, 1, 1]], dtype=float)
    paired = Paired(base, scored)
    # d = (1 0 0 0), (1 1 -1 0), (1 1 -1 0): gains 1/4 each, the earliest wins
    assert paired.gained.tolist() == [1, 2, 2]
    assert paired.lost.tolist() == [0, 1, 1]
    assert paired.units.gains.tolist() == [0.25, 0.25, 0.25]
    assert paired.winner == 0
    assert (paired.n, paired.k, paired.m, paired.binary) == (4, 3, 1, True)


def test_standard_error_of_single_items_is_that_of_a_mean():
    rng = np.random.default_rng(0)
    paired = Paired(rng.random((2, 40)), rng.random((40, 3)))
    d = paired.submissions - paired.baseline.mean(axis=0)[:, None]
    assert paired.units.se == pytest.approx(d.std(axis=0, ddof=1) / np.sqrt(40), rel=1e-9)


def test_standard_error_of_clusters():
    # Miller 2024 (arXiv 2411.00640) eq. 4 with the factor C/(C-1) of inspect_ai; by hand: mean 1/2, cluster
    # residual sums 1/2, -1/2, 3/2, -3/2, so sum of squares 5, se^2 = 4/3 * 5 / 12^2
    scores = np.array([1, 1, 0, 1, 0, 0, 1, 1, 1, 0, 0, 0], dtype=float)
    paired = Paired(np.zeros((1, 12)), scores[:, None], np.repeat(np.arange(4), 3))
    assert paired.units.se[0] == pytest.approx(0.2151657414559676, abs=1e-12)
    assert paired.units.se[0] == pytest.approx(np.sqrt(4 / 3 * 5) / 12, abs=1e-12)


def test_one_item_a_cluster_is_no_clusters():
    rng = np.random.default_rng(1)
    base, scored = rng.random((1, 30)), rng.random((30, 2))
    assert Paired(base, scored, np.arange(30)).units.se == pytest.approx(Paired(base, scored).units.se)


def test_t_without_spread():
    base = np.zeros((1, 12))
    scored = np.column_stack([np.zeros(12), np.ones(12), np.full(12, 0.3)])
    units = Paired(base, scored).units
    assert units.se.tolist() == [0, 0, 0]
    assert units.t.tolist() == [0, np.inf, np.inf]
    assert Paired(np.ones((1, 12)), np.zeros((12, 1))).units.t.tolist() == [-np.inf]


def test_one_unit_has_no_standard_error():
    assert np.isnan(Paired(np.zeros((1, 1)), np.ones((1, 1))).units.se).all()


def test_differences_are_exact_for_the_sums_taken_of_them():
    paired = Paired(np.full((3, 1319), 1 / 3), np.random.default_rng(2).random((1319, 2)))
    d = paired.d
    assert np.abs(d - (paired.submissions - 1 / 3)).max() < 1e-11
    shuffled = d[np.random.default_rng(3).permutation(1319)]
    assert (d.sum(axis=0) == shuffled.sum(axis=0)).all()


@given(st.integers(0, 2**31), st.integers(2, 6), st.booleans())
def test_canonical_order_forgets_items_and_submissions(seed, k, thirds):
    rng = np.random.default_rng(seed)
    sums = rng.integers(-1, 2, (20, k)) / (3 if thirds else 1)
    # all t different: equal ones may legitimately swap
    sums[0] = np.arange(k)
    units = Units(sums, np.ones(20))
    rows, columns = rng.permutation(20), rng.permutation(k)
    shuffled = Units(sums[rows][:, columns], np.ones(20)).canonical()
    if len(set(np.round(units.gains, 9))) == k:
        assert (shuffled.sums == units.canonical().sums[:, columns]).all()
