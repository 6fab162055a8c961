import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import PermutationMethod, wilcoxon

from posttrace.analysis.stats.ranks import SignedRank

distinct = st.lists(st.integers(1, 500), min_size=1, max_size=12, unique=True)
tied = st.lists(st.integers(-4, 4), min_size=2, max_size=9).filter(any)


@pytest.mark.parametrize("alternative", ["greater", "less", "two-sided"])
@given(distinct, st.integers(0, 2**12))
def test_without_ties_it_is_scipys_exact_test(alternative, sizes, signs):
    d = np.array([-x if signs >> i & 1 else x for i, x in enumerate(sizes)], dtype=float)
    expected = wilcoxon(d, alternative=alternative, method="exact").pvalue
    assert SignedRank("wilcox", alternative)(d).p == pytest.approx(expected)


@pytest.mark.parametrize("zeros", ["wilcox", "pratt"])
@settings(deadline=None, max_examples=25)
@given(tied)
def test_with_ties_it_is_scipys_enumeration(zeros, values):
    d = np.array(values, dtype=float)
    # scipy flips the signs of what is not zero; its "wilcox" drops zeros first, its "pratt" keeps their ranks
    every = PermutationMethod(n_resamples=np.inf)
    expected = wilcoxon(d, zero_method=zeros, alternative="greater", method=every)
    found = SignedRank(zeros)(d)
    assert found.w_plus == pytest.approx(expected.statistic)
    assert found.p == pytest.approx(expected.pvalue)


def test_by_hand():
    # |d| 1, 2, 2, 4 rank 1, 2.5, 2.5, 4; W+ = 9 of 10: only "all positive" and "the 1 negative" reach it
    found = SignedRank()(np.array([-1.0, 2.0, 2.0, 4.0]))
    assert (found.w_plus, found.p) == (9.0, 2 / 16)
    # with a zero kept its rank is 1 and all others rise by one
    assert SignedRank("pratt")(np.array([0.0, -1.0, 2.0, 2.0, 4.0])).w_plus == 12.0


def test_differences_that_differ_by_rounding_are_ties():
    d = np.array([0.3 - 0.2, 0.1, -0.1])
    assert SignedRank()(d).w_plus == 4.0


def test_nothing_but_zeros():
    for zeros in ("wilcox", "pratt"):
        for alternative in ("greater", "two-sided"):
            found = SignedRank(zeros, alternative)(np.zeros(5))
            assert (found.w_plus, found.p) == (0.0, 1.0)


def test_hundreds_of_pairs_are_counted():
    d = np.random.default_rng(0).normal(0.05, 1, 300)
    assert SignedRank()(d).p == pytest.approx(wilcoxon(d, alternative="greater").pvalue, abs=2e-3)
