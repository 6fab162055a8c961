from math import comb

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm, ttest_ind

from posttrace.analysis.stats.items.paired import Paired
from posttrace.analysis.stats.plan.power import (
    Detectable,
    critical_normal,
    mcnemar_power,
    miller_sample_size,
    two_proportions_size,
    two_sample_t_power,
)
from posttrace.traces.errors import InputError
from tests.analysis.simulated import Experiment


def test_critical_values_of_dunnett():
    # Dunnett 1955, infinite degrees of freedom, correlation 1/2; mvtnorm::qmvnorm agrees to 5e-4
    expected = {1: 1.644853626951471, 5: 2.233816960870015, 10: 2.448389616839755, 30: 2.7527194530768004}
    for k, point in expected.items():
        assert critical_normal(k) == pytest.approx(point, abs=1e-8)


@pytest.mark.parametrize("m", [1, 3, 5])
def test_critical_value_by_another_integral(m):
    # two normals: P(max <= c) is the bivariate distribution function
    c = critical_normal(2, m)
    rho = 1 / (m + 1)
    assert multivariate_normal([0, 0], [[1, rho], [rho, 1]]).cdf([c, c]) == pytest.approx(0.95, abs=1e-6)


def test_critical_value_grows_with_k_and_with_independence():
    values = [critical_normal(k) for k in range(1, 40)]
    assert (np.diff(values) > 0).all()
    assert critical_normal(10, 1) < critical_normal(10, 5) < norm.isf(1 - 0.95 ** (1 / 10)) + 1e-9


def test_power_by_the_trinomial():
    # n = 82, gained .2, lost .06: sum over all (b, c) with exact one-sided p <= .05
    def power(n, gain, loss, alpha):
        total = 0.0
        for b in range(n + 1):
            for c in range(n + 1 - b):
                p = sum(comb(b + c, x) for x in range(b, b + c + 1)) / 2 ** (b + c)
                if b + c and p <= alpha:
                    ways = comb(n, b) * comb(n - b, c)
                    total += ways * gain**b * loss**c * (1 - gain - loss) ** (n - b - c)
        return total

    assert mcnemar_power(82, 0.2, 0.06) == pytest.approx(0.7709061398145236, abs=1e-9)
    for case in ((20, 0.3, 0.1, 0.05), (12, 0.5, 0.5, 0.05), (25, 0.4, 0.0, 0.01)):
        assert mcnemar_power(*case) == pytest.approx(power(*case), abs=1e-9)


def test_power_without_discordance():
    assert mcnemar_power(100, 0.0, 0.0) == 0.0


def test_size_of_the_exact_test_stays_below_alpha():
    assert all(mcnemar_power(n, 0.05, 0.05) <= 0.05 for n in (10, 50, 200, 1319))


def test_detectable_gain_has_power_point_eight():
    paired = Experiment(200, 0.4, 0.5, 10).draw(np.random.default_rng(0))
    mde = Detectable(0.05)(paired)
    psi0 = 2 * np.minimum(paired.gained, paired.lost).max() / 200
    level = norm.sf(critical_normal(10))
    assert mcnemar_power(200, psi0 / 2 + mde, psi0 / 2, level) == pytest.approx(0.8, abs=1e-3)
    assert mcnemar_power(200, psi0 / 2 + mde - 0.005, psi0 / 2, level) < 0.8


def test_detectable_gain_does_not_follow_the_observed_one():
    # ten items exchanged in both, though one of them gains 60 more
    def paired(gained, lost):
        base = np.zeros((1, 200))
        base[0, gained : gained + lost] = 1
        scored = base[0].copy()
        scored[: gained + lost] = 1 - scored[: gained + lost]
        return Paired(base, scored[:, None])

    assert Detectable()(paired(70, 10)) == Detectable()(paired(10, 10))


def test_detectable_gain_of_means():
    paired = Experiment(300, 0.4, 0.3, 6, m=3).draw(np.random.default_rng(1))
    expected = (critical_normal(6, 3) + norm.ppf(0.8)) * paired.units.se[paired.winner]
    assert Detectable()(paired) == pytest.approx(expected)


def test_detectable_gain_without_spread_is_not_zero():
    same = Paired(np.full((1, 100), 0.4), np.full((100, 1), 0.4))
    assert Detectable()(same) == pytest.approx((1.6448536 + 0.8416212) * np.sqrt(2) / 100, abs=1e-8)


def test_no_attainable_gain():
    # 10 items, 30 submissions: even ten gained, 2^-10, is enough; but with 3 exchanged both ways nothing is
    assert np.isnan(Detectable().mcnemar(10, 0.8, norm.sf(critical_normal(30))))
    assert np.isnan(Detectable().mcnemar(10, 1.0, 0.05))


def test_wanted_power():
    level = norm.sf(critical_normal(5))
    mde = Detectable(power=0.95).mcnemar(300, 0.3, level)
    assert mcnemar_power(300, 0.15 + mde, 0.15, level) == pytest.approx(0.95, abs=1e-3)
    assert mde > Detectable().mcnemar(300, 0.3, level)


def test_size_of_two_proportions():
    # R documents power.prop.test(p1 = .50, p2 = .75, power = .90): n = 76.7
    assert two_proportions_size(0.5, 0.75, 0.9) == pytest.approx(76.7, abs=0.05)
    # pooled under the null, not under the alternative
    pooled, own = np.sqrt(2 * 0.625 * 0.375), np.sqrt(0.6 * 0.4 + 0.65 * 0.35)
    by_hand = ((norm.isf(0.025) * pooled + norm.ppf(0.8) * own) / 0.05) ** 2
    assert two_proportions_size(0.6, 0.65) == pytest.approx(by_hand)
    assert by_hand == pytest.approx(1470.485, abs=1e-3)
    with pytest.raises(InputError, match="equal"):
        two_proportions_size(0.5, 0.5)


def test_power_of_two_sets_of_runs():
    # rejections over simulated experiments of 5 against 5 runs that differ by 1.5 sd
    rng = np.random.default_rng(3)
    a, b = rng.standard_normal((2, 100_000, 5))
    p = ttest_ind(a + 1.5, b, axis=1).pvalue
    assert two_sample_t_power(5, 1.5) == pytest.approx(np.mean(p <= 0.05), abs=0.005)
    assert two_sample_t_power(5, 1.5, alternative="larger") > two_sample_t_power(5, 1.5)


def test_size_of_miller():
    # (1.959964 + .841621)^2 (1/9) / .03^2 = 7.848880 x 123.4568 = 968.9975
    assert miller_sample_size(1 / 9, 0.03) == pytest.approx(968.9975, abs=1e-3)
    # eq. 9: replicates divide the noise alone
    ten = miller_sample_size(1 / 9, 0.03, (1 / 6, 1 / 6), (10, 10))
    once = miller_sample_size(1 / 9, 0.03, (1 / 6, 1 / 6))
    assert ten / once == pytest.approx((1 / 9 + 1 / 30) / (1 / 9 + 1 / 3))
    with pytest.raises(InputError, match="delta"):
        miller_sample_size(1 / 9, 0.0)
