from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posttrace.analysis.stats.items.exact import mcnemar
from posttrace.analysis.stats.items.exhaustive import (
    bootstrap_mean,
    exhaustive_maxt,
    label_permutation,
    reality_check,
    sign_flips,
)
from posttrace.analysis.stats.items.maxt import MaxT
from posttrace.analysis.stats.items.paired import Paired
from posttrace.traces.errors import InputError

seeds = st.integers(0, 2**31)


def differences(seed, n=8, k=3, binary=True):
    rng = np.random.default_rng(seed)
    d = rng.integers(-1, 2, size=(n, k)).astype(float) if binary else rng.normal(0.2, 1, size=(n, k))
    d[0] += 0.5  # no column without spread or gain
    return d


@pytest.mark.parametrize(("seed", "binary"), [(0, True), (1, True), (2, False), (3, False), (4, True)])
def test_resampling_estimates_what_enumeration_counts(seed, binary):
    # 40,000 draws: four standard errors of a share are .01 at most; n n draws of 7 items are counted out
    d = differences(seed, n=7, binary=binary)
    exact = exhaustive_maxt(d)
    found = MaxT(resamples=40_000)(Paired(np.zeros((1, 7)), d), np.random.default_rng(seed))
    assert found.t == pytest.approx(exact.t)
    assert found.p_flip == pytest.approx(exact.p_flip, abs=0.01)
    assert found.p_boot == pytest.approx(exact.p_boot, abs=0.01)


def by_hand(d):
    """Single step and step-down p of sign flips, pattern by pattern."""
    n, t, draws = len(d), None, []
    for signs in product((1, -1), repeat=n):
        flipped = d * np.array(signs)[:, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            row = np.sqrt(n) * flipped.mean(axis=0) / flipped.std(axis=0, ddof=1)
        t = row if t is None else t
        draws.append(np.nan_to_num(row, nan=0.0, posinf=np.inf, neginf=-np.inf))
    draws, order, down, last = np.array(draws), np.argsort(-t, kind="stable"), np.zeros(len(t)), 0.0
    for place, j in enumerate(order):
        last = max(last, float(np.mean(draws[:, order[place:]].max(axis=1) >= t[j] - 1e-9)))
        down[j] = last
    return [float(np.mean(draws.max(axis=1) >= x - 1e-9)) for x in t], down


@settings(deadline=None, max_examples=20)
@given(seeds, st.booleans())
def test_flips_pattern_by_pattern(seed, binary):
    d = differences(seed, n=6, binary=binary)
    single, down = by_hand(d)
    found = exhaustive_maxt(d)
    assert found.p_flip == pytest.approx(single)
    assert found.p_stepdown == pytest.approx(down)
    assert (found.p_stepdown <= found.p_flip + 1e-12).all()
    assert (found.p == np.maximum(found.p_flip, found.p_boot)).all()


@given(st.integers(0, 30), st.integers(0, 30), st.integers(1, 4))
def test_one_binary_submission_and_copies_of_it_are_mcnemar(gained, lost, copies):
    column = np.array([1.0] * gained + [-1.0] * lost + [0.0] * 5)
    found = exhaustive_maxt(np.repeat(column[:, None], copies, axis=1))
    assert found.p_flip == pytest.approx(np.full(copies, mcnemar(gained, lost)))


def test_relabelling_submissions_or_items_changes_nothing():
    d = differences(7, n=6)
    found, other = exhaustive_maxt(d), exhaustive_maxt(d[::-1, [2, 0, 1]])
    assert other.p == pytest.approx(found.p[[2, 0, 1]])


def test_one_item_is_refused():
    with pytest.raises(InputError, match="at least two"):
        exhaustive_maxt(np.ones((1, 2)))


def test_reality_check_by_hand():
    # two items, one submission: d = 0, 1; mean* - .5 is -.5, 0, 0, .5; .5 is reached once, never more
    found = reality_check(np.array([[0.0], [1.0]]))
    assert (found.gain, found.p, found.p_strict, found.critical) == (0.5, 0.25, 0.0, 0.5)


@settings(deadline=None, max_examples=20)
@given(seeds)
def test_strict_inequality_is_never_more_careful(seed):
    found = reality_check(differences(seed, n=6))
    assert found.p_strict <= found.p


def test_sign_flips_by_hand():
    # 3, 1, 1: sums +-5, +-3 twice, +-1: only the data reach 5; two-sided also their mirror image
    found = sign_flips(np.array([3.0, 1.0, 1.0, 0.0]))
    assert (found.greater, found.two_sided, found.count) == (1 / 8, 2 / 8, 16)


def test_bootstrap_of_a_mean_by_hand():
    # of -1 and 1: means -1, 0, 0, 1
    found = bootstrap_mean(np.array([-1.0, 1.0]))
    assert (found.se, found.low, found.high) == pytest.approx((np.sqrt(0.5), -1.0, 1.0))
    assert (found.p_below, found.count) == (0.75, 4)


@settings(deadline=None, max_examples=20)
@given(
    st.lists(st.lists(st.integers(0, 2), min_size=3, max_size=3), min_size=1, max_size=4), st.integers(0, 2)
)
def test_labels_permuted_one_by_one(rows, baseline):
    def largest(rows):
        sums = np.sum(rows, axis=0)
        return max(sums[j] - sums[baseline] for j in range(3) if j != baseline)

    every = [largest(chosen) for chosen in product(*(list(permutations(row)) for row in rows))]
    found = label_permutation(np.array(rows), baseline)
    assert (found.largest, found.count) == (largest(rows), len(every))
    assert found.p == pytest.approx(np.mean(np.array(every) >= largest(rows)))


def test_labels_of_many_items_need_no_enumeration():
    rng = np.random.default_rng(0)
    found = label_permutation(rng.integers(0, 2, size=(60, 3)))
    assert found.count == 6**60
    assert 0 < found.p < 1


def test_too_many_relabellings_are_refused():
    with pytest.raises(InputError, match="too many relabellings"):
        label_permutation(np.random.default_rng(0).random((12, 4)))
