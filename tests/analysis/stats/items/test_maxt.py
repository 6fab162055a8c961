import pickle
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from posttrace.analysis.stats.items.exact import mcnemar
from posttrace.analysis.stats.items.maxt import MaxT, MaxTResult
from posttrace.analysis.stats.items.paired import Paired
from tests.analysis.simulated import Experiment

seeds = st.integers(0, 2**31)


def maxt(paired: Paired, seed: int = 0, resamples: int = 999, chunk: int | None = None) -> MaxTResult:
    """One test with its own generator."""
    return MaxT(resamples=resamples, chunk=chunk)(paired, np.random.default_rng(seed))


def binary(gained: int, lost: int, n: int, copies: int = 1) -> Paired:
    """One submission that gains and loses so many of n items, ``copies`` times."""
    base = np.zeros((1, n))
    base[0, gained : gained + lost] = 1
    scored = base[0].copy()
    scored[: gained + lost] = 1 - scored[: gained + lost]
    return Paired(base, np.repeat(scored[:, None], copies, axis=1))


def test_worked_case_of_ten_items():
    # All 2^10 sign patterns, studentised: single step 106, 190, 320 of 1024; for the second with the third
    # 144, for the third alone 192 (Westfall & Young 1993, algorithm 2.8; counted out by enumeration)
    columns = (
        [1, 1, 0, 1, 0, 1, -1, 1, 1, 0],
        [1, 0, 0, -1, 1, 1, 0, 1, 0, 1],
        [0, 1, 0, 1, 0, 1, 0, -1, 0, 1],
    )
    d = np.array(columns, dtype=float).T
    result = maxt(Paired(np.zeros((1, 10)), d), resamples=40_000)
    assert result.t == pytest.approx([2.23606797749979, 1.8090680674665822, 1.4055638569974545])
    # sign flips alone decide here: the bootstrap's p are smaller. 4 Monte-Carlo SE = .0093 at most
    assert (result.p_boot < result.p_flip).all()
    assert result.p == pytest.approx(np.array([106, 190, 320]) / 1024, abs=0.0093)
    assert result.p_stepdown == pytest.approx(np.array([106, 144, 192]) / 1024, abs=0.0093)
    assert result.p_one == pytest.approx([0.0625, 0.109375, 0.1875], abs=1e-12)
    assert result.p_some == result.p[0]


def test_one_binary_submission_is_mcnemar():
    result = maxt(binary(12, 3, 50))
    assert result.p[0] == result.p_flip[0] == result.p_stepdown[0] == pytest.approx(mcnemar(12, 3))
    assert result.p_less[0] == pytest.approx(mcnemar(12, 3, "less"))


def test_without_discordant_items():
    result = maxt(binary(0, 0, 50))
    assert (result.p[0], result.p_less[0], result.t[0]) == (1.0, 1.0, 0.0)
    assert np.isfinite([result.critical, result.critical_abs]).all()


def test_one_continuous_submission_of_few_items_is_enumerated():
    d = np.array([0.5, 0.4, 0.3, -0.05, 0.2, 0.1, 0.3, 0.25, 0.15, 0.35, 0.2, 0.1])
    result = maxt(Paired(np.zeros((1, 12)), d[:, None]))
    # of the 2^12 patterns those that lower no sum: nothing flipped, or the one loss alone
    reach = sum(
        1
        for size in range(13)
        for flipped in combinations(range(12), size)
        if -2 * d[list(flipped)].sum() >= -1e-9
    )
    assert result.p_flip[0] == reach / 4096 == 2 / 4096
    assert result.p[0] == max(result.p_flip[0], result.p_boot[0])


def test_few_discordant_items_are_held_against_bonferroni():
    paired = Paired(np.zeros((1, 400)), np.zeros((400, 20)))
    for j in range(20):
        paired.submissions[10 * j : 10 * j + 6, j] = 1
    result = maxt(paired)
    # 6 gained, none lost: exact p 2^-6, twenty submissions
    assert (result.p >= 20 / 64 - 1e-12).all()
    assert result.p_one == pytest.approx(np.full(20, 1 / 64))


def test_many_discordant_items_are_not():
    # two submissions with 40 : 10 discordant items: Bonferroni would double the exact p, max-T need not
    rng = np.random.default_rng(0)
    scored = np.column_stack([rng.permutation([1.0] * 40 + [-1.0] * 10 + [0.0] * 150) for _ in range(2)])
    base = (scored.min(axis=1) < 0).astype(float)[None, :]
    scored = np.clip(base[0][:, None] + scored, 0, 1)
    result = maxt(Paired(base, scored))
    assert (result.p == np.maximum(result.p_flip, result.p_boot)).all()


def test_replicated_baselines_are_held_against_the_conditional_test():
    # n = 30, m = 3, one item answered by nobody before and by the submission now: P(PB >= 1) = 1/4
    base, scored = np.zeros((3, 30)), np.zeros((30, 1))
    base[:, 10:], scored[10:] = 1.0, 1.0
    scored[0] = 1.0
    assert maxt(Paired(base, scored)).p[0] >= 0.25


def test_without_spread_the_exact_sign_test_decides():
    # every one of 12 items gained by .3: 2^-12, Bonferroni over two submissions
    scored = np.column_stack([np.full(12, 0.3), np.linspace(-0.2, 0.2, 12)])
    result = maxt(Paired(np.full((1, 12), 0.4), 0.4 + scored))
    assert result.t[0] == np.inf
    assert result.p[0] == pytest.approx(2 / 4096)
    assert result.p_stepdown[0] == pytest.approx(2 / 4096)
    loss = maxt(Paired(np.full((1, 12), 0.4), 0.4 - scored[:, :1]))
    assert (loss.p[0], loss.p_less[0]) == (1.0, pytest.approx(1 / 4096))


def test_copies_of_a_submission_change_nothing():
    # Bonferroni would charge for each of them; 25 : 10 of 200 items
    alone, five = maxt(binary(25, 10, 200, 2)), maxt(binary(25, 10, 200, 5))
    assert (five.p_flip == alone.p_flip[0]).all()
    assert (five.p_boot == alone.p_boot[0]).all()
    assert (five.critical, five.critical_abs) == (alone.critical, alone.critical_abs)
    assert five.p_flip[0] == pytest.approx(mcnemar(25, 10), abs=0.012)


@settings(max_examples=15, deadline=None)
@given(seeds, st.sampled_from([1, 3]))
def test_order_of_items_and_submissions_changes_nothing(seed, m):
    rng = np.random.default_rng(seed)
    paired = Experiment(60, 0.4, 0.3, 5, m).draw(rng)
    rows, columns = rng.permutation(60), rng.permutation(5)
    a = maxt(paired, resamples=199)
    b = maxt(Paired(paired.baseline[:, rows], paired.submissions[rows][:, columns]), resamples=199)
    if len(set(np.round(paired.units.gains, 9))) == 5:
        for field in ("t", "p_flip", "p_boot", "p", "p_stepdown", "p_one", "p_less"):
            assert getattr(b, field) == pytest.approx(getattr(a, field)[columns], abs=1e-12), field
        assert b.critical == pytest.approx(a.critical)


@settings(max_examples=15, deadline=None)
@given(seeds)
def test_swapping_baseline_and_submission_mirrors(seed):
    paired = Experiment(70, 0.3, 0.3, 1).draw(np.random.default_rng(seed))
    swapped = Paired(paired.submissions.T, paired.baseline.T)
    a, b = maxt(paired, resamples=199), maxt(swapped, resamples=199)
    assert b.t == -a.t
    assert b.p_one == pytest.approx(a.p_less)
    assert b.p_less == pytest.approx(a.p_one)


def test_same_seed_same_numbers_whatever_the_chunk():
    paired = Experiment(150, 0.5, 0.3, 6).draw(np.random.default_rng(8))
    whole, cut = maxt(paired), maxt(paired, chunk=37)
    assert pickle.dumps(whole) == pickle.dumps(cut)
    assert not np.array_equal(whole.p_boot, maxt(paired, seed=1).p_boot)


def test_stepdown_never_exceeds_single_step_and_keeps_the_order_of_t():
    paired = Experiment(300, 0.5, 0.3, 8, gain=0.05).draw(np.random.default_rng(9))
    result = maxt(paired)
    assert (result.p_stepdown <= result.p + 1e-12).all()
    assert (np.diff(result.p_stepdown[np.argsort(-result.t)]) >= 0).all()


def test_critical_value_is_that_of_the_normal_maximum_for_many_items():
    # correlation 1/2 through the shared baseline: 2.2338 for k = 5 (Dunnett 1955); B = 4000, two-SE slack
    paired = Experiment(2000, 0.5, 0.0, 5).draw(np.random.default_rng(10))
    assert maxt(paired, resamples=4000).critical == pytest.approx(2.2338, abs=0.12)


def test_critical_values_have_the_normal_as_floor():
    result = maxt(binary(1, 0, 50))
    assert result.critical >= norm.isf(0.05)
    assert result.critical_abs >= norm.isf(0.025)


def test_skewness_guard():
    left = Experiment(100, 0, 0, 10, skewed=True).draw(np.random.default_rng(11))
    right = Paired(1 - left.baseline, 1 - left.submissions)
    # gamma about -2: 10 * 2 * (2 * 2.8^2 + 1) * phi(2.8) / 60 = .044
    assert maxt(left).skew_error == pytest.approx(0.044, rel=0.5)
    assert maxt(right).skew_error == 0
    assert np.isnan(maxt(Experiment(100, 0.5, 0, 10).draw(np.random.default_rng(0))).skew_error)


def test_p_of_an_unreached_maximum_is_not_zero():
    result = maxt(binary(100, 0, 200, 2))
    assert result.p[0] == pytest.approx(1 / 1000)
