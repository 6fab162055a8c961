from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from posttrace.analysis.stats.across.aggregate import (
    ExhaustiveBootstrap,
    StratifiedBootstrap,
    iqm,
    mean_score,
    normalised_gain,
    optimality_gap,
)

SCORES = [np.array([0.1, 0.5, 0.3]), np.array([0.9, 0.2, 0.25])]
statistics = st.sampled_from([mean_score, iqm, optimality_gap])


def test_normalised_gain_is_the_share_of_the_headroom():
    found = normalised_gain(np.array([0.1, -0.2, 0.0]), np.array([0.5, 0.2, 1.0]))
    assert found[:2] == pytest.approx([0.2, -0.25])
    assert np.isnan(found[2])


def test_the_interquartile_mean_leaves_out_a_quarter_at_each_end():
    # eight pooled: .1 .1 | .2 .3 .4 .6 | .8 .9
    tasks = [np.array([0.9, 0.1, 0.3, 0.6]), np.array([0.1, 0.2, 0.8, 0.4])]
    assert iqm(tasks) == pytest.approx(1.5 / 4)


def test_a_task_with_more_runs_weighs_no_more_in_the_mean():
    assert mean_score([np.array([0.0, 0.0, 0.0]), np.array([1.0])]) == 0.5


def test_more_than_the_headroom_does_not_close_a_gap():
    assert optimality_gap([np.array([1.5, 0.4])]) == pytest.approx(0.3)


@pytest.mark.parametrize("statistic", [mean_score, iqm, optimality_gap])
def test_the_ideal_bootstrap_is_every_sample(statistic):
    # independent path: all 27 x 27 ordered samples, each as likely
    drawn = np.array(
        [
            float(statistic([np.array(a), np.array(b)]))
            for a in product(SCORES[0], repeat=3)
            for b in product(SCORES[1], repeat=3)
        ]
    )
    found = ExhaustiveBootstrap(statistic)(SCORES)
    assert found.se == pytest.approx(drawn.std())
    assert (found.low, found.high) == pytest.approx(
        tuple(np.quantile(np.round(drawn, 12), [0.025, 0.975], method="inverted_cdf"))
    )


@pytest.mark.parametrize("statistic", [mean_score, iqm])
def test_draws_approach_the_ideal(statistic):
    ideal = ExhaustiveBootstrap(statistic)(SCORES)
    found = StratifiedBootstrap(statistic, resamples=50_000)(SCORES, np.random.default_rng(0))
    assert found.se == pytest.approx(ideal.se, rel=0.02)
    assert (found.low, found.high) == pytest.approx((ideal.low, ideal.high), abs=0.02)


def test_the_same_seed_gives_the_same():
    one, two, other = (StratifiedBootstrap()(SCORES, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert one == two
    assert one.se != other.se


@given(statistics, st.permutations(range(3)), st.floats(-0.5, 0.5))
def test_order_of_runs_does_not_matter(statistic, order, shift):
    tasks = [task + shift for task in SCORES]
    shuffled = [task[list(order)] for task in tasks]
    one, two = ExhaustiveBootstrap(statistic)(tasks), ExhaustiveBootstrap(statistic)(shuffled)
    assert (one.value, one.se, one.low) == pytest.approx((two.value, two.se, two.low))


def test_one_run_has_no_interval():
    for found in (
        StratifiedBootstrap()([np.array([0.3]), SCORES[0]], np.random.default_rng(0)),
        ExhaustiveBootstrap()([np.array([0.3]), SCORES[0]]),
    ):
        assert found.value == pytest.approx(0.3)
        assert np.isnan([found.se, found.low, found.high]).all()
        assert "single run" in found.note


def test_equal_runs_have_no_interval():
    found = StratifiedBootstrap()([np.array([0.3, 0.3])], np.random.default_rng(0))
    assert np.isnan([found.low, found.high]).all()


def test_few_runs_are_warned_of_because_the_interval_is_too_short():
    rng = np.random.default_rng(7)
    for runs, expected in ((3, 0.75), (10, 0.90)):
        # one task, normal scores around 0: 800 studies
        hits = [
            found.low <= 0 <= found.high
            for found in (StratifiedBootstrap(resamples=600)([x], rng) for x in rng.normal(size=(800, runs)))
        ]
        assert np.mean(hits) == pytest.approx(expected, abs=0.04)
    assert StratifiedBootstrap()([np.arange(3.0)], rng).note == "3 runs in a task: the interval is too short"
    assert StratifiedBootstrap()([np.arange(10.0)], rng).note == ""


def test_too_many_samples_are_refused():
    with pytest.raises(ValueError, match="too many to enumerate"):
        ExhaustiveBootstrap()([np.arange(20.0)])
    with pytest.raises(ValueError, match="too many to enumerate"):
        ExhaustiveBootstrap()([np.arange(6.0)] * 4)


@pytest.mark.parametrize("bad", [[], [np.array([])], [np.array([0.1, np.nan])]])
def test_runs_without_a_score_are_refused(bad):
    with pytest.raises(ValueError, match="finite score"):
        StratifiedBootstrap()(bad, np.random.default_rng(0))
