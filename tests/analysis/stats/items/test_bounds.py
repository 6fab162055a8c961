import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.stats import t as student

from posttrace.analysis.stats.items.bounds import GainBounds, clopper_pearson_upper, newcombe_paired, tango
from posttrace.analysis.stats.items.paired import Paired


def test_tango_published():
    # Tango 1998 (Stat Med 17: 891), 12 gained and 2 lost of 50: .061 to .345
    assert tango(12, 2, 50) == pytest.approx((0.061112406186343934, 0.34470874828214343), abs=1e-9)


def score_by_search(gained, lost, n, delta):
    """Tango's statistic with the constrained likelihood maximised numerically."""

    def minus_loglik(q):
        gain, same = q + delta, 1 - 2 * q - delta
        pairs = ((gained, gain), (lost, q), (n - gained - lost, same))
        return -sum(count * np.log(max(p, 1e-300)) for count, p in pairs)

    low, high = max(0.0, -delta), (1 - delta) / 2
    q = minimize_scalar(minus_loglik, bounds=(low, high), method="bounded", options={"xatol": 1e-12}).x
    return (gained - lost - n * delta) / np.sqrt(n * (2 * q + delta - delta**2))


@pytest.mark.parametrize(("gained", "lost", "n"), [(12, 2, 50), (9, 2, 200), (3, 7, 40), (1, 1, 1319)])
def test_tango_limits_solve_the_score_equation(gained, lost, n):
    low, high = tango(gained, lost, n)
    assert score_by_search(gained, lost, n, low) == pytest.approx(1.959964, abs=1e-4)
    assert score_by_search(gained, lost, n, high) == pytest.approx(-1.959964, abs=1e-4)


@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 60))
def test_tango_brackets_the_difference_and_mirrors(gained, lost, rest):
    n = gained + lost + rest + 1
    low, high = tango(gained, lost, n)
    assert -1 <= low <= (gained - lost) / n <= high <= 1
    assert tango(lost, gained, n) == pytest.approx((-high, -low), abs=1e-6)


def test_tango_edges():
    assert tango(20, 0, 20)[1] == 1.0
    # nothing discordant: z^2 / (n + z^2), the Wilson limit of 0 of n
    z2 = 1.959963984540054**2
    assert tango(0, 0, 100) == pytest.approx((-z2 / (100 + z2), z2 / (100 + z2)), abs=1e-9)


def test_newcombe_published():
    # Newcombe 1998 (Stat Med 17: 2635), table III, 36, 12, 2, 0, method 10: .0569 to .3404
    assert newcombe_paired(36, 12, 2, 0) == pytest.approx((0.0569, 0.3404), abs=5e-5)


def test_newcombe_without_correlation_squares_and_adds():
    # both * neither = gained * lost, so phi = 0: Wilson limits of .5 and .5 with n = 40 each way
    low, high = newcombe_paired(10, 10, 10, 10)
    z = 1.959963984540054
    half = 0.5 - (20 + z * z / 2 - z * np.sqrt(10 + z * z / 4)) / (40 + z * z)
    assert (low, high) == pytest.approx((-half * np.sqrt(2), half * np.sqrt(2)))


def test_clopper_pearson_upper():
    # 0 of n: 1 - alpha^(1/n); n of n: 1; 1 of 2: (1 - p)^2 + 2p(1 - p) = 1 - p^2 = alpha
    assert clopper_pearson_upper(0, 100, 0.05) == pytest.approx(1 - 0.05**0.01)
    assert clopper_pearson_upper(7, 7, 0.05) == 1.0
    assert clopper_pearson_upper(1, 2, 0.05) == pytest.approx(np.sqrt(0.95))


def binary(gained, lost, n):
    base = np.zeros((1, n))
    base[0, gained : gained + lost] = 1
    scored = base[0].copy()
    scored[: gained + lost] = 1 - scored[: gained + lost]
    return Paired(base, scored[:, None])


def test_binary_upper_bound_is_the_larger_of_two():
    upper = GainBounds(0.05).upper(binary(12, 2, 50))[0]
    assert upper == max(tango(12, 2, 50, 0.1)[1], clopper_pearson_upper(12, 50, 0.05) - 2 / 50)
    # nothing changed: Clopper-Pearson 1 - .05^(1/200) = .01487 is above Tango z^2/(n + z^2) = .01335
    assert GainBounds(0.05).upper(binary(0, 0, 200))[0] == pytest.approx(1 - 0.05 ** (1 / 200))


def test_continuous_upper_bound_is_students():
    rng = np.random.default_rng(0)
    paired = Paired(rng.random((1, 30)), rng.random((30, 2)))
    d = paired.submissions - paired.baseline.T
    expected = d.mean(axis=0) + student.ppf(0.95, 29) * d.std(axis=0, ddof=1) / np.sqrt(30)
    assert GainBounds(0.05).upper(paired) == pytest.approx(expected)


def test_upper_bound_without_spread():
    same = Paired(np.full((1, 90), 0.4), np.full((90, 1), 0.4))
    assert GainBounds(0.05).upper(same)[0] == pytest.approx(1 - 0.05 ** (1 / 90))


def test_simultaneous_bounds_are_gain_and_critical_value():
    paired = binary(30, 10, 100)
    bounds = GainBounds(0.05)(paired, 2.0, 2.5)
    # d: 30 ones, 10 minus ones, 60 zeros: g = .2, s^2 = (40 - 100 * .04) / 99
    se = np.sqrt(36 / 99) / 10
    assert bounds.lower[0] == pytest.approx(0.2 - 2 * se)
    assert (bounds.low[0], bounds.high[0]) == pytest.approx((0.2 - 2.5 * se, 0.2 + 2.5 * se))


def test_equal_differences_are_not_certainty():
    bounds = GainBounds(0.05)(binary(20, 0, 20), 2.0, 2.5)
    # 20 of 20 gained: at least .05^(1/20) gain, at worst the others all lose
    reach = 1 - 0.05 ** (1 / 20)
    assert bounds.lower[0] == pytest.approx(1 - 2 * reach)
    assert bounds.low[0] < bounds.lower[0]
    assert bounds.high[0] == 1.0


def test_replicated_baselines_average_the_bound_for_one():
    # two scorings of the baseline: 3 gained, 1 lost against the first; 4 gained, 0 lost against the second
    base = np.zeros((2, 100))
    base[0, 3] = 1
    scored = np.zeros((100, 1))
    scored[[0, 1, 2], 0] = 1
    scored[60] = 1
    base[0, 60] = 1
    alone = [GainBounds(0.05).upper(Paired(row[None, :], scored))[0] for row in base]
    assert GainBounds(0.05).upper(Paired(base, scored))[0] == pytest.approx(np.mean(alone))
