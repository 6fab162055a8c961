import numpy as np
import pytest
from scipy.stats import friedmanchisquare, rankdata, studentized_range

from posttrace.analysis.stats.across.friedman import RanksOverTasks


def test_friedman_by_permutation_agrees_with_chi_square_for_many_tasks():
    rng = np.random.default_rng(3)
    values = rng.normal(size=(40, 4)) + np.array([0, 0.2, 0.4, 0.1])
    found = RanksOverTasks(resamples=4000)(values, np.random.default_rng(0))
    assert found.p == pytest.approx(friedmanchisquare(*values.T).pvalue, abs=0.025)
    assert found.mean_ranks == pytest.approx(rankdata(-values, axis=1).mean(axis=0))
    q = studentized_range.ppf(0.95, 4, np.inf) / np.sqrt(2)
    assert found.critical_difference == pytest.approx(q * np.sqrt(4 * 5 / (6 * 40)))
    again = RanksOverTasks(resamples=4000)(values, np.random.default_rng(0))
    assert again.p == found.p


def test_friedman_p_of_two_tasks_that_agree():
    # 3! orders of the second task for the first: 1 of 6 agrees, and as often by chance
    values = np.array([[3.0, 2.0, 1.0], [3.0, 2.0, 1.0]])
    found = RanksOverTasks(resamples=6000)(values, np.random.default_rng(1))
    assert found.p == pytest.approx(1 / 6, abs=0.02)
    tied = RanksOverTasks(resamples=50)(np.ones((2, 3)), np.random.default_rng(1))
    assert tied.p == 1
    assert list(tied.mean_ranks) == [2, 2, 2]
