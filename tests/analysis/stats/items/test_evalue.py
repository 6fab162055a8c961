import math
from fractions import Fraction
from itertools import pairwise
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import binom

from posttrace.analysis.stats.items.evalue import (
    Evidence,
    Weights,
    anytime_p,
    betting_path,
    e_value,
    log_e_greater,
    log_e_two_sided,
)
from posttrace.traces.errors import InputError
from tests.analysis.simulated import Experiment

counts = st.integers(0, 300)


def test_published_counts():
    # 12 gained, 3 lost: beta functions in closed form
    assert math.exp(log_e_two_sided(12, 3)) == pytest.approx(3.627441406249999, abs=1e-8)
    assert math.exp(log_e_greater(12, 3)) == pytest.approx(8.90645604395605, abs=1e-8)


@pytest.mark.parametrize(("gained", "lost"), [(12, 3), (0, 0), (1, 0), (0, 7), (30, 28), (9, 40)])
def test_mixtures_by_quadrature(gained, lost):
    def ratio(theta):
        return (2 * theta) ** gained * (2 * (1 - theta)) ** lost

    greater = quad(lambda theta: 2 * ratio(theta), 0.5, 1)[0]
    assert math.exp(log_e_greater(gained, lost)) == pytest.approx(greater, rel=1e-7)
    # theta = sin^2 u turns the Jeffreys density into the constant 2/pi
    both = quad(lambda u: 2 / math.pi * ratio(math.sin(u) ** 2), 0, math.pi / 2)[0]
    assert math.exp(log_e_two_sided(gained, lost)) == pytest.approx(both, rel=1e-7)


@pytest.mark.parametrize(("gained", "lost"), [(0, 400), (130, 90), (3, 250)])
def test_one_sided_by_exact_fractions(gained, lost):
    n = gained + lost
    exact = Fraction(sum(comb(n + 1, i) for i in range(gained + 1)), (n + 1) * comb(n, gained))
    assert math.exp(log_e_greater(gained, lost)) == pytest.approx(float(exact), rel=1e-9)


def test_large_counts_stay_finite():
    for pair in ((10**6, 0), (0, 10**6), (10**6, 10**6), (3 * 10**5, 10**6)):
        assert math.isfinite(log_e_greater(*pair))
        assert math.isfinite(log_e_two_sided(*pair))
    # all lost: 1/(n + 1); all gained: (2^(n+1) - 1)/(n + 1)
    assert log_e_greater(0, 10**6) == pytest.approx(-math.log(10**6 + 1))
    assert log_e_greater(10**6, 0) == pytest.approx((10**6 + 1) * math.log(2) - math.log(10**6 + 1))
    assert e_value(log_e_greater(10**6, 0)) == math.inf


@pytest.mark.parametrize("theta", [0.0, 0.1, 0.3, 0.45, 0.5])
def test_mean_at_most_one_without_a_gain(theta):
    for n in (0, 1, 5, 40, 300):
        gained = np.arange(n + 1)
        weights = binom.pmf(gained, n, theta)
        mean = sum(
            w * math.exp(log_e_greater(b, n - b)) for b, w in zip(map(int, gained), weights, strict=True)
        )
        assert mean <= 1 + 1e-9
    both = sum(binom.pmf(b, 40, 0.5) * math.exp(log_e_two_sided(b, 40 - b)) for b in range(41))
    assert both == pytest.approx(1.0)


@given(counts, counts)
def test_direction(gained, lost):
    assert log_e_greater(gained + 1, lost) > log_e_greater(gained, lost) > log_e_greater(gained, lost + 1)
    assert log_e_two_sided(gained, lost) == pytest.approx(log_e_two_sided(lost, gained), abs=1e-9)


def test_negative_counts():
    with pytest.raises(InputError, match="0 or more"):
        log_e_greater(-1, 3)


def test_betting_path():
    # 1 + .5 (x - .5): 1.25, 1.25 * .75, then 1.0 at x = .5
    path = betting_path(np.array([1.0, 0.0, 0.5]), 0.5)
    assert path == pytest.approx([1.25, 0.9375, 0.9375])
    assert anytime_p(float(path.max())) == pytest.approx(0.8)
    assert anytime_p(0.0) == 1.0
    assert len(betting_path(np.array([]), 0.5)) == 0


@pytest.mark.parametrize(
    ("bet", "m", "x"), [(2.1, 0.5, 0.0), (-0.1, 0.5, 0.0), (0.5, 1.0, 0.0), (1, 0.5, 1.2)]
)
def test_bets_that_could_go_broke(bet, m, x):
    with pytest.raises(InputError):
        betting_path(np.array([x]), bet, m)


def test_betting_crosses_with_at_most_its_level():
    rng = np.random.default_rng(4)
    x = (rng.random((4000, 300)) < 0.5).astype(float)
    crossed = np.mean([betting_path(row, 0.5).max() >= 20 for row in x])
    assert crossed <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 4000)


def test_weights_sum_to_one():
    assert sum(map(Weights(7), range(1, 20))) == pytest.approx(1)
    # telescopes: 1 - 1/(k + 1)
    assert sum(map(Weights(), range(1, 1000))) == pytest.approx(1 - 1 / 1000)
    with pytest.raises(InputError, match="budget"):
        Weights(0)


@given(st.lists(st.tuples(counts, counts), max_size=12), st.sampled_from([None, 1, 5, 12]))
def test_running_evidence_is_the_weighted_sum_and_never_falls(pairs, budget):
    weights = Weights(budget)
    seen = [Evidence(weights)]
    for gained, lost in pairs:
        seen.append(seen[-1].add(log_e_greater(gained, lost)))
    expected = sum(weights(j) * math.exp(log_e_greater(*pair)) for j, pair in enumerate(pairs, 1))
    assert seen[-1].e == pytest.approx(expected)
    assert seen[-1].p == pytest.approx(anytime_p(expected))
    assert all(later.log_e >= earlier.log_e for earlier, later in pairwise(seen))


def test_a_submission_without_e_value_uses_up_its_weight():
    evidence = Evidence(Weights()).add(math.nan).add(math.log(12))
    assert evidence.counted == 2
    assert evidence.e == pytest.approx(12 / 6)


def test_beyond():
    assert not Evidence(Weights(1)).add(math.log(19.9)).beyond(0.05)
    assert Evidence(Weights(1)).add(math.log(20.1)).beyond(0.05)


@pytest.mark.parametrize("budget", [10, None])
@pytest.mark.parametrize("icc", [0.0, 0.9])
def test_a_watcher_who_stops_at_the_first_crossing_errs_at_most_alpha(budget, icc):
    rng, runs, crossed = np.random.default_rng(17), 1500, 0
    for _ in range(runs):
        paired = Experiment(82, 0.5, icc, 10).draw(rng)
        evidence = Evidence(Weights(budget))
        for b, c in zip(paired.gained, paired.lost, strict=True):
            evidence = evidence.add(log_e_greater(int(b), int(c)))
            if evidence.beyond(0.05):
                crossed += 1
                break
    assert crossed / runs <= 0.05


def test_a_real_gain_is_seen():
    # 60 gained against 20 lost, one submission in ten: the evidence survives the weight
    evidence = Evidence(Weights(10)).add(log_e_greater(60, 20))
    assert evidence.beyond(0.05)


def errs(climbing: bool, runs: int = 400) -> float:
    """How often a run of 30 submissions without any true gain is taken for one that has it.

    82 items, scored without chance; a submission changes a tenth of the answers at random, of the base model
    or, when climbing, of the best submission so far.
    """
    rng, found = np.random.default_rng(8), 0
    for _ in range(runs):
        base = rng.random(82) < 0.5
        best, evidence = base, Evidence(Weights(30))
        for _ in range(30):
            start = best if climbing else base
            new = np.where(rng.random(82) < 0.1, rng.random(82) < 0.5, start)
            best = new if new.sum() > best.sum() else best
            evidence = evidence.add(log_e_greater(int((new & ~base).sum()), int((base & ~new).sum())))
        found += evidence.beyond(0.05)
    return found / runs


def test_climbing_on_the_items_is_not_covered():
    assert errs(climbing=False) <= 0.05
    assert errs(climbing=True) > 0.1
