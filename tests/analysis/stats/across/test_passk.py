from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from posttrace.analysis.stats.across.passk import BestOfK, weights

gains = st.lists(st.floats(-1, 1), min_size=1, max_size=8).map(np.array)


@given(gains, st.data())
def test_every_choice_of_k_runs_counts_the_same(x: np.ndarray, data: st.DataObject):
    k = data.draw(st.integers(1, len(x)))
    expected = np.mean([max(chosen) for chosen in combinations(x, k)])
    assert BestOfK()(x, k) == pytest.approx(expected, abs=1e-12)


def test_of_successes_it_is_pass_at_k():
    # 3 of 10 succeed: 1 - C(7, k) / C(10, k)
    x = np.array([1.0] * 3 + [0.0] * 7)
    expected = [1 - comb(7, k) / comb(10, k) for k in range(1, 11)]
    assert BestOfK().curve(x) == pytest.approx(expected)


@given(gains)
def test_the_curve_runs_from_the_mean_to_the_maximum(x: np.ndarray):
    curve = BestOfK().curve(x)
    assert curve[0] == pytest.approx(x.mean(), abs=1e-12)
    assert curve[-1] == pytest.approx(x.max())
    assert (np.diff(curve) >= -1e-12).all()


def test_weights_of_many_runs_add_up():
    assert weights(5000, 100).sum() == pytest.approx(1)


@pytest.mark.parametrize("k", [0, 4, -1])
def test_k_beyond_the_runs_is_refused(k: int):
    with pytest.raises(ValueError, match=f"k = {k} is not between 1 and the 3 runs"):
        BestOfK()(np.array([0.1, 0.2, 0.3]), k)


def test_a_run_without_a_gain_is_never_silently_zero():
    x = np.array([0.1, np.nan, 0.3])
    with pytest.raises(ValueError, match="1 of 3 runs have no gain"):
        BestOfK()(x, 1)
    assert BestOfK("drop").curve(x) == pytest.approx([0.2, 0.3])
    # as a gain of -.4: mean 0, best of two (.1 + .3 + .3) / 3
    assert BestOfK(-0.4).curve(x) == pytest.approx([0.0, 0.7 / 3, 0.3])
    with pytest.raises(ValueError, match="the 2 runs that count"):
        BestOfK("drop")(x, 3)


def test_no_run_has_no_curve():
    assert len(BestOfK("drop").curve(np.array([np.nan]))) == 0
