from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from posttrace.analysis.siblings.grades import Grades, complexity
from posttrace.analysis.siblings.medals import (
    BOOTSTRAP,
    LEAST,
    MOST,
    SEED_SEM,
    WILSON,
    MedalRates,
    bootstrap_means,
    by_complexity,
    competition_se_limits,
)
from posttrace.traces.errors import InputError


def grades(outcomes) -> Grades:
    array = np.asarray(outcomes, dtype=bool)
    return Grades(
        tuple(f"c{i:02}" for i in range(array.shape[0])), tuple(map(str, range(array.shape[1]))), array
    )


def nested(*counts: int, n: int) -> Grades:
    return grades(np.arange(n)[:, None] < np.array(counts))


def test_seed_sem_is_that_of_scipy():
    drawn = grades(np.random.default_rng(0).random((75, 5)) < 0.3)
    seeds = MedalRates(resamples=10)(drawn, np.random.default_rng(0)).of(SEED_SEM)
    assert seeds.se == pytest.approx(stats.sem(drawn.seed_rates))
    low, high = stats.t.interval(0.95, 4, drawn.seed_rates.mean(), seeds.se)
    assert (seeds.low, seeds.high) == pytest.approx((low, high))
    assert seeds.generalises_to == "other seeds, these 75 competitions"


def test_competition_bootstrap_has_its_ideal_standard_error():
    # ideal bootstrap: sd with ddof 0 / sqrt(C); Monte-Carlo error of an SE from 20,000 draws: 0.5 %
    drawn = grades(np.random.default_rng(1).random((40, 3)) < np.linspace(0, 1, 40)[:, None])
    over = MedalRates(resamples=20_000)(drawn, np.random.default_rng(0)).of(BOOTSTRAP)
    assert over.se == pytest.approx(drawn.rates.std() / np.sqrt(40), rel=0.02)
    assert over.low < drawn.outcomes.mean() < over.high
    assert over.generalises_to == "other competitions, 3 seeds each"


def test_bootstrap_means_follow_the_enumerated_distribution():
    # 2 values, 2 draws: means 0, 1/2, 1 with chances 1/4, 1/2, 1/4
    means = bootstrap_means(np.array([0.0, 1.0]), 40_000, np.random.default_rng(0))
    shares = [float((means == value).mean()) for value in (0.0, 0.5, 1.0)]
    assert shares == pytest.approx([0.25, 0.5, 0.25], abs=0.01)


def test_the_same_seed_and_another_order_give_the_same_interval():
    drawn = np.random.default_rng(2).random((30, 3)) < 0.4
    first = MedalRates()(grades(drawn), np.random.default_rng(7)).table()
    again = MedalRates()(grades(drawn), np.random.default_rng(7)).table()
    turned = MedalRates()(grades(drawn[::-1]), np.random.default_rng(7)).table()
    pd.testing.assert_frame_equal(first, again)
    pd.testing.assert_frame_equal(first, turned)
    other = MedalRates()(grades(drawn), np.random.default_rng(8)).of(BOOTSTRAP)
    assert other.se * 100 != first["se_pp"][1]


def test_published_rate_from_counts():
    result = MedalRates().from_counts([26, 26, 27], 75)
    assert 100 * result.rate == pytest.approx(35.11, abs=0.005)
    assert 100 * result.of(SEED_SEM).se == pytest.approx(0.44, abs=0.005)
    # sqrt(p (1 - p)/C) = sqrt(.3511 * .6489/75) = 5.51 pp; (26, 26, 27) cannot quite reach it
    assert 100 * result.of(MOST).se == pytest.approx(5.48, abs=0.005)
    assert result.of(MOST).se < np.sqrt(result.rate * (1 - result.rate) / 75)
    # even: 71 competitions with one medal of three seeds, 4 with two: sqrt((4/75)(71/75)/9/75)
    assert result.of(LEAST).se == pytest.approx(np.sqrt(4 / 75 * 71 / 75 / 9 / 75))
    assert np.isnan(result.of(BOOTSTRAP).se)
    assert "every competition" in result.of(BOOTSTRAP).reason


def test_wilson_by_its_formula():
    # p = 1/2, n = 16, z = 1.96: centre 1/2, half z/(n + z^2) sqrt(n/4 + z^2/4)
    z = stats.norm.isf(0.025)
    half = z / (16 + z * z) * np.sqrt(4 + z * z / 4)
    wilson = MedalRates().from_counts([8, 8], 16).of(WILSON)
    assert (wilson.low, wilson.high) == pytest.approx((0.5 - half, 0.5 + half))
    assert MedalRates().from_counts([0], 16).of(WILSON).low == 0


@given(st.integers(1, 5), st.data())
@settings(max_examples=30, deadline=None)
def test_limits_by_enumeration_of_all_tables(n, data):
    seeds = data.draw(st.integers(1, 3))
    counts = data.draw(st.lists(st.integers(0, n), min_size=seeds, max_size=seeds))
    columns = [[c for c in product((0, 1), repeat=n) if sum(c) == count] for count in counts]
    ses = [np.mean(table, axis=0).std() / np.sqrt(n) for table in product(*columns)]
    assert competition_se_limits(counts, n) == pytest.approx((min(ses), max(ses)))


def test_what_cannot_be_said_is_nan_with_a_reason():
    method = MedalRates(resamples=50)
    one = method(nested(5, n=20), np.random.default_rng(0))
    assert np.isnan(one.of(SEED_SEM).se)
    assert "one seed" in one.of(SEED_SEM).reason
    two = method(nested(5, 6, n=20), np.random.default_rng(0)).of(SEED_SEM)
    assert two.se == pytest.approx(0.025)
    assert np.isnan(two.low)
    equal = method(nested(5, 5, 5, n=20), np.random.default_rng(0)).of(SEED_SEM)
    assert (equal.se, np.isnan(equal.low)) == (0.0, True)
    assert "no certainty" in equal.reason
    few = method(nested(3, 4, 5, n=9), np.random.default_rng(0)).of(BOOTSTRAP)
    assert np.isnan(few.se)
    assert "too few" in few.reason
    none = method(nested(0, 0, 0, n=20), np.random.default_rng(0)).of(BOOTSTRAP)
    assert np.isnan(none.se)
    assert "same rate" in none.reason
    with pytest.raises(InputError, match=r"0\.\.75"):
        method.from_counts([76], 75)


def test_by_complexity():
    names = list(complexity())
    drawn = Grades(tuple(sorted(names)), ("0", "1", "2"), np.random.default_rng(3).random((75, 3)) < 0.4)
    table = by_complexity(drawn, np.random.default_rng(0), MedalRates(resamples=200))
    rows = table[table["uncertainty"] == SEED_SEM].set_index("group")
    assert rows["n_competitions"].to_dict() == {"all": 75, "low": 22, "medium": 38, "high": 15}
    parts = rows.loc[["low", "medium", "high"]]
    weighted = (parts["rate_pct"] * parts["n_competitions"]).sum() / 75
    assert weighted == pytest.approx(rows["rate_pct"]["all"])


@pytest.mark.slow
def test_the_seed_interval_does_not_cover_other_competitions_and_the_bootstrap_does():
    """C = 75 competitions drawn from easy and hard ones, 3 seeds; the truth is the mean over all of them."""
    rng, method = np.random.default_rng(4), MedalRates(resamples=1000)
    covered = np.zeros(2)
    for _ in range(400):
        chance = rng.beta(0.35, 0.65, size=75)  # mean .35, most competitions nearly always won or lost
        drawn = grades(rng.random((75, 3)) < chance[:, None])
        result = method(drawn, rng)
        for i, kind in enumerate((SEED_SEM, BOOTSTRAP)):
            covered[i] += result.of(kind).low <= 0.35 <= result.of(kind).high
    assert covered[0] / 400 < 0.9
    assert covered[1] / 400 > 0.95 - 3 * np.sqrt(0.95 * 0.05 / 400) - 0.01
