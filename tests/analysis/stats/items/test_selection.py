import numpy as np
import pytest

from benchmarks.noise.experiment import Experiment
from benchmarks.noise.rates import mean_corrected
from posttrace.analysis.stats.items.paired import Paired
from posttrace.analysis.stats.items.selection import corrected_gain


def test_one_submission_was_not_picked():
    paired = Paired(np.zeros((1, 4)), np.array([[1.0], [0], [0], [1]]))
    result = corrected_gain(paired, np.array([np.nan, 0.3]))
    assert (result.gain, result.share) == (0.5, 0.0)


def test_mean_over_resamples_with_items_left_out():
    paired = Paired(np.zeros((1, 4)), np.array([[1.0, 0], [0, 0], [0, 0], [1, 0]]))
    result = corrected_gain(paired, np.array([0.5, np.nan, 0.25, 0.0]))
    assert [result.gain, result.share] == pytest.approx([0.25, 0.25])


def test_undefined_when_nothing_was_ever_left_out():
    result = corrected_gain(Paired(np.zeros((1, 4)), np.ones((4, 2))), np.full(3, np.nan))
    assert np.isnan([result.gain, result.share]).all()


def test_unbiased_without_a_true_gain():
    # a bias of .5 pp is allowed, and the mean of 300 experiments varies by .25 pp
    found = mean_corrected(Experiment(134, 0.5, 0.5, 10), 300, np.random.default_rng(0))
    assert abs(found.value) <= 0.5 + 3 * 0.25
