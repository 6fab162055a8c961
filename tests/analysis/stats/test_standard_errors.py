import math

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st

from posttrace.analysis.stats.items.paired import Paired
from posttrace.analysis.stats.standard_errors import clustered_se, difference_se, pooled_se
from posttrace.traces.errors import InputError

rng = np.random.default_rng(3)
SCORES, CLUSTERS = rng.random(60), rng.integers(0, 9, 60)


def test_clustered_se_is_that_of_regression_on_a_constant():
    model = sm.OLS(SCORES, np.ones(60))
    found = clustered_se(SCORES, CLUSTERS)
    for correction, mine in ((False, found.clustered), (True, found.finite)):
        kwds = {"groups": CLUSTERS, "use_correction": correction}
        assert mine == pytest.approx(model.fit(cov_type="cluster", cov_kwds=kwds).bse[0])


def test_the_audit_uses_the_finite_form():
    paired = Paired(np.zeros((1, 60)), SCORES[:, None], CLUSTERS)
    assert paired.units.se[0] == pytest.approx(clustered_se(SCORES, CLUSTERS).finite)


def test_one_item_a_cluster_is_no_cluster():
    found = clustered_se(SCORES, np.arange(60))
    assert found.finite == pytest.approx(found.independent)


def test_one_cluster_says_nothing_of_others():
    assert math.isnan(clustered_se(SCORES, np.zeros(60)).finite)


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=2, max_size=30))
def test_pairing_takes_out_the_covariance(pairs):
    a, b = np.array(pairs).T
    found = difference_se(a, b)
    covariance = float(np.cov(a, b)[0, 1])
    assert found.paired**2 == pytest.approx(found.unpaired**2 - 2 * covariance / len(a), abs=1e-12)
    assert found.diff == pytest.approx(a.mean() - b.mean(), abs=1e-12)


def test_correlation_without_spread_is_undefined():
    assert math.isnan(difference_se(np.ones(4), np.arange(4.0)).correlation)
    assert difference_se(np.arange(4.0), 3 - np.arange(4.0)).correlation == pytest.approx(-1)


def test_pooled_se_of_equal_tasks():
    # T tasks of n items and the same standard error e: pooled and unweighted are both e / sqrt(T)
    found = pooled_se(np.full(4, 0.06), np.full(4, 50))
    assert (found.pooled, found.unweighted) == pytest.approx((0.03, 0.03))


@pytest.mark.parametrize(
    "call",
    [
        lambda: clustered_se(np.ones(3), np.ones(2)),
        lambda: clustered_se(np.ones(1), np.ones(1)),
        lambda: difference_se(np.ones(3), np.ones(2)),
        lambda: pooled_se(np.ones(2), np.ones(2)),
    ],
)
def test_what_cannot_be_used_is_named(call):
    with pytest.raises(InputError, match="needs"):
        call()
