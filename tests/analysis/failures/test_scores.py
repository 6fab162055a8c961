"""Chance alone calls few runs failed, and the test is exact."""

from pathlib import Path

import numpy as np
import pytest

from posttrace.analysis.failures.scores import standings
from posttrace.analysis.failures.told import Told
from posttrace.analysis.stats.items.exact import mcnemar
from tests.analysis.inmemory import run_of

RUNS = 150


def stood(baseline, scored):
    return standings(Told(run_of(baseline, scored), Path()))


@pytest.mark.parametrize("p0", [0.02, 0.1, 0.5])
@pytest.mark.parametrize("k", [1, 5])
def test_models_as_good_as_the_base_are_seldom_called_below_it(p0, k):
    """At most .05 of the runs have such a model, and 3 Monte-Carlo standard errors."""
    rng, wrong = np.random.default_rng(7), 0
    for _ in range(RUNS):
        easy = rng.beta(p0, 1 - p0, 200)
        baseline = (rng.random((3, 200)) < easy).astype(float)
        scored = (rng.random((200, k)) < easy[:, None]).astype(float)
        wrong += any(one.level in ("below", "collapsed") for one in stood(baseline, scored).values())
    assert wrong / RUNS <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / RUNS)


def test_with_one_scoring_of_the_base_it_is_mcnemars_test():
    rng = np.random.default_rng(8)
    baseline, scored = (rng.random((1, 60)) < 0.6).astype(float), (rng.random((60, 1)) < 0.4).astype(float)
    gained, lost = ((scored[:, 0] - baseline[0]) * sign > 0 for sign in (1, -1))
    expected = mcnemar(int(gained.sum()), int(lost.sum()), "less")
    assert stood(baseline, scored)[1].p == pytest.approx(expected)


def test_continuous_scores_are_compared_by_their_standard_error():
    rng = np.random.default_rng(9)
    baseline = rng.random((1, 100))
    low = np.clip(baseline[0] - 0.2 + 0.1 * rng.standard_normal(100), 0, 1)[:, None]
    assert stood(baseline, low)[1].level == "below"
    assert stood(baseline, np.clip(low + 0.2, 0, 1))[1].level == "fine"
