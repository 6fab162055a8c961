from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy import stats

from posttrace.analysis.stats.across.hierarchical import BetweenRuns, HierarchicalBootstrap, TaskOutcomes

GAINS = np.array([0.01, 0.02, 0.06])


def drawn_with(seed: int = 0, resamples: int = 4000, alpha: float = 0.05):
    return lambda *tasks: HierarchicalBootstrap(alpha, resamples)(tasks, np.random.default_rng(seed))


def test_runs_with_their_own_baselines_have_students_interval():
    theirs = stats.ttest_1samp(GAINS, 0).confidence_interval(0.95)
    found = BetweenRuns()(GAINS)
    assert (found.mean, found.low, found.high) == pytest.approx((0.03, theirs.low, theirs.high))
    assert found.kind == "t interval"


def test_a_shared_baseline_adds_its_variance():
    # s^2 = 7e-4, so SE^2 = 7e-4 / 3 + 4e-4; t(.975, 2) = 4.302653
    found = BetweenRuns()(GAINS, 4e-4)
    assert found.high - found.mean == pytest.approx(4.302653 * (7e-4 / 3 + 4e-4) ** 0.5, rel=1e-6)
    assert found.kind == "t interval, shared baseline"


def test_a_shared_baseline_of_unknown_variance_has_no_interval():
    found = BetweenRuns()(GAINS, float("nan"))
    assert np.isnan([found.low, found.high]).all()
    assert found.kind == "shared baseline of unknown variance"


def test_fewer_than_three_runs_have_no_t_interval():
    assert BetweenRuns()(GAINS[:2]).kind == "range"
    assert (BetweenRuns()(GAINS[:2]).low, BetweenRuns()(GAINS[:2]).high) == (0.01, 0.02)
    assert BetweenRuns()(GAINS[:1]).kind == "single run"
    assert np.isnan(BetweenRuns()(GAINS[:1]).low)
    assert BetweenRuns()(GAINS[:0]).kind == "no scored run"
    assert np.isnan(BetweenRuns()(GAINS[:0]).mean)
    with pytest.raises(ValueError, match="finite gain"):
        BetweenRuns()(np.array([0.1, np.nan]))


def test_every_draw_of_runs_and_items_counts():
    rng = np.random.default_rng(3)
    outcomes, baseline = rng.random((5, 3)), rng.random((2, 3))
    # independent path: all 5^4 draws of four of the runs x 3^3 draws of items
    d = outcomes - baseline.mean(axis=0)
    of_items = d[:, np.array(list(product(range(3), repeat=3)))].mean(axis=2)
    every = of_items[np.array(list(product(range(5), repeat=4)))].mean(axis=1).ravel()
    found = drawn_with(resamples=60_000)(TaskOutcomes((outcomes,), baseline))
    assert found.means == pytest.approx([d.mean()])
    assert found.draws.std() == pytest.approx(every.std(), rel=0.02)
    # Satterthwaite: only the part of the runs has few degrees of freedom, four
    runs = d.mean(axis=1).var(ddof=1) / 5
    df = every.var() ** 2 / (runs**2 / 4)
    half = stats.t.ppf(0.975, df) * every.std()
    assert (found.low[0], found.high[0]) == pytest.approx((d.mean() - half, d.mean() + half), abs=0.01)


def test_without_a_spread_between_items_it_is_the_t_interval_of_the_runs():
    gains = np.array([0.1, 0.15, 0.12, 0.2, 0.05, 0.11])
    found = drawn_with(resamples=100_000)(TaskOutcomes((np.tile(gains[:, None], (1, 30)),)))
    theirs = BetweenRuns()(gains)
    assert (found.low[0], found.high[0]) == pytest.approx((theirs.low, theirs.high), rel=0.02)


def test_all_runs_and_agents_share_the_items_of_a_draw():
    # every run of both agents is equally good on an item: only items vary, and the same for both
    items = np.linspace(0, 1, 40)
    one, other = np.tile(items, (5, 1)), np.tile(items - 0.2, (7, 1))
    found = drawn_with(resamples=20_000)(TaskOutcomes((one, other)))
    # no spread between runs: the normal interval of a mean of 40 items
    assert found.high[0] - found.low[0] == pytest.approx(2 * 1.96 * items.std() / 40**0.5, rel=0.03)
    assert found.draws[:, 0] - found.draws[:, 1] == pytest.approx(0.2)
    # and nothing between the agents, which is not a certain difference
    estimate, low, high = found.difference(0, 1)
    assert estimate == pytest.approx(0.2)
    assert np.isnan([low, high]).all()


def test_a_difference_leaves_out_what_items_share():
    rng = np.random.default_rng(5)
    items, runs = rng.normal(0, 0.5, 50), rng.normal(0, 0.02, (2, 6, 1))
    found = drawn_with()(TaskOutcomes(tuple(items + run for run in runs)))
    estimate, low, high = found.difference(0, 1)
    theirs = stats.ttest_ind(runs[0].ravel(), runs[1].ravel(), equal_var=False).confidence_interval(0.95)
    assert estimate == pytest.approx(runs[0].mean() - runs[1].mean())
    assert (low, high) == pytest.approx((theirs.low, theirs.high), abs=0.002)
    assert found.high[0] - found.low[0] > 5 * (high - low)


def test_items_add_to_what_runs_vary():
    # effects of runs and of items add up without noise
    runs, items = np.array([-0.02, -0.01, 0.0, 0.01, 0.02]), np.linspace(-0.3, 0.3, 40)
    found = drawn_with(resamples=40_000)(TaskOutcomes((0.1 + runs[:, None] + items,)))
    expected = runs.var(ddof=1) / 5 + items.var() / 40
    assert found.draws.var() == pytest.approx(expected, rel=0.03)


def test_tasks_weigh_the_same():
    one, two = np.full((5, 10), 0.1), np.full((6, 90), 0.3)
    assert drawn_with()(TaskOutcomes((one,)), TaskOutcomes((two,))).means == pytest.approx([0.2])


def test_the_same_seed_gives_the_same():
    task = TaskOutcomes((np.random.default_rng(0).random((5, 20)),))
    one, two, other = drawn_with(1)(task), drawn_with(1)(task), drawn_with(2)(task)
    assert np.array_equal(one.draws, two.draws)
    assert not np.array_equal(one.draws, other.draws)


def test_an_agent_does_not_change_the_draws_of_another():
    one, other = np.random.default_rng(0).random((2, 5, 20))
    together, alone = drawn_with()(TaskOutcomes((one, other))), drawn_with()(TaskOutcomes((one,)))
    assert np.array_equal(together.draws[:, 0], alone.draws[:, 0])


def test_four_runs_are_too_few():
    found = drawn_with()(TaskOutcomes((np.random.default_rng(0).random((4, 20)),) * 2))
    assert np.isnan([*found.low, *found.high]).all()
    assert np.isnan(found.difference(0, 1)[1])
    assert found.reason == "4 runs; a bootstrap over runs needs 5"


@pytest.mark.parametrize(
    ("tasks", "message"),
    [
        ([], "the same agents"),
        ([TaskOutcomes((np.ones((5, 3)),)), TaskOutcomes(())], "the same agents"),
        ([TaskOutcomes((np.full((5, 3), np.nan),))], "finite outcome"),
        ([TaskOutcomes((np.ones((5, 3)), np.ones((5, 4))))], "the same items"),
    ],
)
def test_outcomes_that_do_not_fit_are_refused(tasks, message):
    with pytest.raises(ValueError, match=message):
        HierarchicalBootstrap()(tasks, np.random.default_rng(0))


@pytest.mark.parametrize(
    ("of_runs", "of_items", "decode"), [(0.05, 0.1, 0.1), (0.01, 0.3, 0.3), (0.03, 0.2, 0.3)]
)
def test_the_interval_covers_the_gain_of_other_runs_and_items(of_runs: float, of_items: float, decode: float):
    # sd between runs, between items, of decoding; 5 runs x 60 items, true gain .1, 300 studies
    rng, hits = np.random.default_rng(11), 0
    for _ in range(300):
        d = (
            0.1
            + rng.normal(0, of_runs, (5, 1))
            + rng.normal(0, of_items, 60)
            + rng.normal(0, decode, (5, 60))
        )
        found = HierarchicalBootstrap(resamples=400)([TaskOutcomes((d,))], rng)
        hits += found.low[0] <= 0.1 <= found.high[0]
    # 3 Monte-Carlo errors below .93
    assert hits / 300 >= 0.93 - 3 * (0.93 * 0.07 / 300) ** 0.5
