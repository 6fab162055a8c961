import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from posttrace.analysis.stats.agreement import confusion, f1, kappa

tables = st.lists(st.lists(st.integers(1, 30), min_size=3, max_size=3), min_size=3, max_size=3).map(np.array)


def test_kappa_by_hand():
    # agreement 35/50, chance (25 30 + 25 20) / 2500 = 1/2: (.7 - .5) / .5 (Cohen 1960)
    found = kappa(np.array([[20, 5], [10, 15]]))
    assert found.kappa == pytest.approx(0.4)
    assert (found.low + found.high) / 2 == pytest.approx(found.kappa)
    assert found.high - found.low == pytest.approx(2 * 1.959963985 * found.se)
    assert found.reason is None


@given(tables)
def test_the_standard_error_is_that_of_the_delta_method(table):
    # an independent path: gradient of kappa in the cell probabilities, taken numerically
    p = table / table.sum()

    def value(p):
        chance = p.sum(axis=0) @ p.sum(axis=1)
        return (np.trace(p) - chance) / (1 - chance)

    step, gradient = 1e-6, np.zeros_like(p)
    for cell in np.ndindex(p.shape):
        up, down = p.copy(), p.copy()
        up[cell] += step
        down[cell] -= step
        gradient[cell] = (value(up) - value(down)) / (2 * step)
    variance = (p * gradient**2).sum() - (p * gradient).sum() ** 2
    assert kappa(table).se == pytest.approx(math.sqrt(variance / table.sum()), rel=1e-5)


@given(tables)
def test_kappa_does_not_ask_who_is_who(table):
    assert kappa(table.T).kappa == pytest.approx(kappa(table).kappa)


@pytest.mark.parametrize(
    ("table", "reason"),
    [([[30, 0], [0, 0]], "both raters use one class"), ([[0, 0], [0, 0]], "no items rated")],
)
def test_undefined_kappa_says_why(table, reason):
    found = kappa(np.array(table))
    assert np.isnan([found.kappa, found.se, found.low, found.high]).all()
    assert reason in found.reason


def test_f1_of_a_class_never_said_is_0():
    table = confusion(["a", "a", "b"], ["a", "b", "b"])
    assert table.tolist() == [[1, 1], [0, 1]]
    assert f1(table) == pytest.approx([2 / 3, 2 / 3])
    # c is there but never said, d is said but never there
    assert f1(confusion(["a", "c"], ["a", "d"])).tolist() == [1.0, 0.0, 0.0]
    assert f1(np.zeros((2, 2), dtype=int)).tolist() == [0.0, 0.0]


def test_raters_must_have_rated_the_same_items():
    with pytest.raises(ValueError, match="shorter"):
        confusion(["a", "b"], ["a"])
