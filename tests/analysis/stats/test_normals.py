import math

import numpy as np
import pytest
from scipy.stats import dunnett, ttest_ind

from posttrace.analysis.stats.normals import Dunnett, expected_largest
from posttrace.traces.errors import InputError

# blood counts of Dunnett 1955: control and two drugs
CONTROL = np.array([7.40, 8.50, 7.20, 8.24, 9.84, 8.32])
DRUGS = [np.array([9.76, 8.80, 7.68, 9.36]), np.array([12.80, 9.68, 12.16, 9.20, 10.55])]


def test_expected_largest_known():
    # 1/sqrt(pi) and 3/(2 sqrt(pi)) in closed form; 5 and 10: Harter 1961
    known = [(1, 0.0), (2, 1 / math.sqrt(math.pi)), (3, 1.5 / math.sqrt(math.pi))]
    for k, value in [*known, (5, 1.1629644736), (10, 1.5387527308)]:
        assert expected_largest(k) == pytest.approx(value, abs=1e-9)


def test_the_largest_of_none():
    with pytest.raises(InputError, match="at least 1"):
        expected_largest(0)


@pytest.mark.parametrize("alternative", ["two-sided", "greater"])
def test_dunnett_agrees_with_scipys_estimate(alternative):
    found = Dunnett()(CONTROL, DRUGS)
    mine = found.two_sided if alternative == "two-sided" else found.greater
    theirs = dunnett(*DRUGS, control=CONTROL, alternative=alternative, rng=np.random.default_rng(0))
    assert found.t == pytest.approx(theirs.statistic)
    assert mine == pytest.approx(theirs.pvalue, abs=3e-4)


def test_one_group_is_the_t_test():
    found = Dunnett()(CONTROL, DRUGS[1:])
    assert found.two_sided[0] == pytest.approx(ttest_ind(DRUGS[1], CONTROL).pvalue)
    assert found.greater[0] == pytest.approx(ttest_ind(DRUGS[1], CONTROL, alternative="greater").pvalue)


def test_groups_of_very_different_sizes():
    # three values of control, a hundred in a group: the quadrature must not be too coarse
    rng = np.random.default_rng(1)
    control, groups = rng.normal(size=3), [rng.normal(0.8, 1, n) for n in (100, 50, 7)]
    coarse, fine = Dunnett()(control, groups), Dunnett(4001)(control, groups)
    assert coarse.two_sided == pytest.approx(fine.two_sided, abs=1e-10)


def test_nothing_to_estimate_the_spread_from():
    for control in (np.ones(1), np.ones(3)):
        with pytest.raises(InputError, match="needs spread"):
            Dunnett()(control, [np.ones(1)])
