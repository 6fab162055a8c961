from itertools import product
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from posttrace.analysis.stats.items.exact import conditional_binomial, enumerated_flips, mcnemar, mcnemar_all
from posttrace.analysis.stats.items.paired import Paired

counts = st.integers(0, 40)


def test_mcnemar_is_the_sign_test_on_discordant_items():
    # 12 gained, 3 lost: P(X >= 12 | 15, 1/2) = (455 + 105 + 15 + 1) / 2^15 = 576 / 32768, doubled two-sided
    assert mcnemar(12, 3) == pytest.approx(576 / 32768, abs=1e-12)
    assert mcnemar(12, 3, "two-sided") == pytest.approx(0.03515625, abs=1e-12)


def test_all_items_lost():
    # a baseline with 8 of 134 right, submissions with none: only "all 8 are losses" is as extreme, 2^-8
    assert mcnemar(0, 8) == 1.0
    assert mcnemar(0, 8, "less") == pytest.approx(0.00390625, abs=1e-15)


@pytest.mark.parametrize("alternative", ["greater", "less", "two-sided"])
def test_without_discordant_items_there_is_no_evidence(alternative):
    assert mcnemar(0, 0, alternative) == 1.0


@given(counts, counts)
def test_mcnemar_of_many_is_mcnemar_of_each_and_swapping_sides_mirrors(b, c):
    gained, lost = np.array([b, c]), np.array([c, b])
    assert mcnemar_all(gained, lost) == pytest.approx([mcnemar(b, c), mcnemar(c, b)], rel=1e-9)
    assert mcnemar_all(gained, lost, greater=False) == pytest.approx(mcnemar_all(lost, gained), rel=1e-9)


def test_conditional_binomial_by_enumeration():
    # m = 2 scorings of the baseline on 4 items, one submission; S = (1, 2, 3, 1) successes of 3.
    # Item 3 (S = 3) is a constant. Enumerate which of the other items the submission gets: odds 1/3, 2/3, 1/3
    base = np.array([[0.0, 1.0, 1.0, 0.0], [0.0, 0.0, 1.0, 0.0]])
    scored = np.array([[1.0], [1.0], [1.0], [1.0]])
    chances = (1 / 3, 2 / 3, 1 / 3)
    tail = sum(
        np.prod([p if hit else 1 - p for p, hit in zip(chances, hits, strict=True)])
        for hits in product((0, 1), repeat=3)
        if sum(hits) >= 3
    )
    assert tail == pytest.approx(2 / 27)
    assert conditional_binomial(Paired(base, scored)) == pytest.approx([tail])
    # it got all it could, so that it can only have lost as much
    assert conditional_binomial(Paired(base, scored), greater=False) == pytest.approx([1.0])


def test_a_loss_is_a_gain_of_failures():
    rng = np.random.default_rng(0)
    base, scored = (rng.random(size=size) < 0.3 for size in ((3, 40), (40, 4)))
    plain, turned = (Paired(b.astype(float), s.astype(float)) for b, s in ((base, scored), (~base, ~scored)))
    assert conditional_binomial(plain, greater=False) == pytest.approx(
        conditional_binomial(turned), abs=1e-12
    )


def test_conditional_binomial_with_one_scoring_is_mcnemar():
    base = np.array([[0.0] * 9 + [1.0] * 3 + [1.0] * 5])
    scored = np.array([[1.0] * 9 + [0.0] * 3 + [1.0] * 5]).T
    assert conditional_binomial(Paired(base, scored)) == pytest.approx([mcnemar(9, 3)])
    assert conditional_binomial(Paired(base, scored), greater=False) == pytest.approx([mcnemar(9, 3, "less")])


def test_conditional_binomial_without_open_items():
    assert conditional_binomial(Paired(np.ones((3, 12)), np.ones((12, 2)))).tolist() == [1.0, 1.0]


def test_enumerated_flips_of_equal_sizes_is_the_sign_test():
    # |d| all 1: P(sum >= 4) with 8 signs = P(at least 6 of 8 positive) = (28 + 8 + 1) / 256
    greater, less = enumerated_flips(np.array([1.0] * 6 + [-1.0] * 2))
    assert greater == (comb(8, 6) + comb(8, 7) + 1) / 256
    assert less == 1 - (comb(8, 7) + 1) / 256


def test_enumerated_flips_by_itertools():
    d = np.array([0.3, -0.1, 0.25, 0.0, 0.4])
    sums = [np.dot(signs, d) for signs in product((1, -1), repeat=5)]
    greater, less = enumerated_flips(d)
    assert greater == np.mean([s >= d.sum() - 1e-9 for s in sums])
    assert less == np.mean([s <= d.sum() + 1e-9 for s in sums])


def test_too_many_items_to_enumerate():
    with pytest.raises(ValueError, match="21 items are too many"):
        enumerated_flips(np.ones(21))
