import math

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from statsmodels.genmod.families import Binomial

from posttrace.analysis.siblings.crossover import Crossover, fieller
from posttrace.analysis.siblings.logistic import logistic_lines, overlapping
from posttrace.traces.errors import InputError

LINES = {"G": (-1.0, 1.0), "T": (-0.4, 0.4)}
"""Logits a + b x of two strategies: they cross at 1."""


def chance(strategy: str, x: float) -> float:
    a, b = LINES[strategy]
    return 1 / (1 + math.exp(-a - b * x))


def drawn(rng: np.random.Generator, trials: int = 300, strengths=(0, 1, 2, 3)) -> pd.DataFrame:
    rows = [(s, x, rng.binomial(trials, chance(s, x)), trials) for s in LINES for x in strengths]
    return pd.DataFrame(rows, columns=["strategy", "strength", "successes", "trials"])


def clustered(rng: np.random.Generator, competitions: int = 40, sd: float = 1.5) -> pd.DataFrame:
    """Competitions of different difficulty, each tried by both strategies at every strength."""
    rows = []
    for c, u in enumerate(rng.normal(0, sd, size=competitions)):
        for s, (a, b) in LINES.items():
            for x in range(4):
                won = rng.binomial(3, 1 / (1 + math.exp(-a - b * x - u)))
                rows.append((f"c{c}", s, x, won, 3))
    return pd.DataFrame(rows, columns=["competition", "strategy", "strength", "successes", "trials"])


def estimate(frame: pd.DataFrame, seed: int = 0, resamples: int = 500, **settings):
    return Crossover("G", "T", resamples=resamples, **settings)(frame, np.random.default_rng(seed))


def frame(**counts: list[tuple[int, int]]) -> pd.DataFrame:
    """``G=[(5, 10), (8, 10)]``: 5 of 10 at strength 0, 8 of 10 at strength 1."""
    rows = [(s, x, won, n) for s, cells in counts.items() for x, (won, n) in enumerate(cells)]
    return pd.DataFrame(rows, columns=["strategy", "strength", "successes", "trials"])


def test_two_strengths_by_hand():
    # logits: G 1/3 -> 2/1: -ln 2... odds 1/2, 2; T odds 1, 1. Differences -ln 2 and ln 2: crossing at 1/2
    result = estimate(frame(G=[(100, 300), (200, 300)], T=[(150, 300), (150, 300)]))
    assert result.crossover == pytest.approx(0.5)
    assert result.strategy == pytest.approx(-math.log(2))
    assert result.interaction == pytest.approx(2 * math.log(2))
    assert result.low < 0.5 < result.high
    assert (result.p_in_range, result.p_overtakes) == (1, 1)
    # saturated: Var(interaction) is the sum of 1/count over the eight cells
    se = math.sqrt(2 * (1 / 100 + 1 / 200) + 4 / 150)
    assert result.p_interaction == pytest.approx(2 * norm.sf(2 * math.log(2) / se), rel=1e-6)


def test_the_interaction_model_of_a_formula():
    data = drawn(np.random.default_rng(0))
    result = estimate(data)
    data["G"] = (data["strategy"] == "G").astype(float)
    fit = smf.glm(
        "I(successes/trials) ~ G * strength", data, family=Binomial(), var_weights=data["trials"]
    ).fit()
    assert result.strategy == pytest.approx(fit.params["G"])
    assert result.interaction == pytest.approx(fit.params["G:strength"])
    assert result.p_interaction == pytest.approx(fit.pvalues["G:strength"])
    assert result.crossover == pytest.approx(-fit.params["G"] / fit.params["G:strength"])


def test_swapping_strategies_keeps_the_crossover_and_shifting_strength_moves_it():
    data = drawn(np.random.default_rng(1))
    result = estimate(data)
    swapped = Crossover("T", "G", resamples=500)(data, np.random.default_rng(0))
    assert swapped.crossover == pytest.approx(result.crossover)
    assert swapped.interaction == pytest.approx(-result.interaction)
    assert swapped.p_overtakes == 0
    moved = estimate(data.assign(strength=100 + 10 * data["strength"]))
    assert moved.crossover == pytest.approx(100 + 10 * result.crossover)
    assert moved.low == pytest.approx(100 + 10 * result.low, rel=1e-6)
    assert moved.p_in_range == result.p_in_range


def test_competitions_are_drawn_whole():
    data = clustered(np.random.default_rng(2))
    result = estimate(data)
    assert result.resampled == "whole competitions"
    plain = estimate(data.drop(columns="competition"))
    assert plain.resampled == "counts from the fitted rates"
    assert result.crossover == pytest.approx(plain.crossover)
    # a competition that is hard for both strategies cancels in their difference
    assert result.high - result.low < plain.high - plain.low


def test_single_outcomes_and_counts_are_the_same_data():
    counts = clustered(np.random.default_rng(3), competitions=12)
    rows = [
        (r.competition, r.strategy, r.strength, i < r.successes)
        for r in counts.itertuples()
        for i in range(int(r.trials))
    ]
    single = pd.DataFrame(rows, columns=["competition", "strategy", "strength", "any_medal"])
    assert estimate(single) == estimate(counts)


def test_the_same_seed_gives_the_same_interval():
    data = drawn(np.random.default_rng(4))
    assert estimate(data, seed=1) == estimate(data, seed=1)
    assert estimate(data, seed=1).low != estimate(data, seed=2).low


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (frame(G=[(5, 10)], T=[(4, 10), (6, 10)]), "one strength only"),
        (frame(G=[(0, 10), (10, 10)], T=[(4, 10), (6, 10)]), "separation"),
        (frame(G=[(0, 10), (0, 10)], T=[(4, 10), (6, 10)]), "separation"),
        (frame(G=[(0, 10), (4, 10)], T=[(4, 10), (6, 10)]), "separation"),
    ],
)
def test_what_is_not_identified_is_nan_with_a_reason(data, reason):
    result = estimate(data)
    assert math.isnan(result.crossover)
    assert math.isnan(result.low)
    assert result.fieller_shape == "undefined"
    assert reason in result.reason


def test_separation_in_the_resamples_gives_no_interval():
    # one success at the lower strength: P(0 of 10 drawn at rate 1/10) = .35
    result = estimate(frame(G=[(1, 10), (5, 10)], T=[(4, 10), (6, 10)]))
    assert math.isfinite(result.crossover)
    assert result.unidentified == pytest.approx(0.9**10, abs=0.07)
    assert math.isnan(result.low)
    assert math.isnan(result.p_in_range)
    assert "separation" in result.reason


def test_parallel_strategies_have_no_bounded_crossover():
    result = estimate(frame(G=[(100, 300), (150, 300)], T=[(80, 300), (128, 300)]))
    assert math.isnan(result.low)
    assert "slopes change order" in result.reason
    assert result.fieller_shape in ("outside", "everything")


def test_published_points_do_not_bound_the_crossover():
    data = frame(G=[(53, 225), (79, 225)], T=[(51, 225), (54, 225)])
    result = estimate(data, resamples=4000)
    assert result.crossover == pytest.approx(-0.1024, abs=5e-5)
    assert math.isnan(result.low)
    assert result.fieller_shape == "outside"

    # P(the lower difference is below 0 < the upper one), the two being independent and normal
    def gap(a: int, b: int) -> tuple[float, float]:
        logit = math.log(a / (225 - a)) - math.log(b / (225 - b))
        return logit, math.sqrt(sum(1 / c for c in (a, 225 - a, b, 225 - b)))

    (low, se_low), (high, se_high) = gap(53, 51), gap(79, 54)
    expected = norm.cdf(-low / se_low) * norm.cdf(high / se_high)
    assert result.p_overtakes == pytest.approx(expected, abs=0.03)


def test_few_competitions():
    result = estimate(clustered(np.random.default_rng(5), competitions=9))
    assert math.isnan(result.crossover)
    assert "9 competitions are too few" in result.reason


def test_mistakes_are_named():
    good = frame(G=[(5, 10), (8, 10)], T=[(4, 10), (6, 10)])
    with pytest.raises(InputError, match="no column strength"):
        estimate(good.drop(columns="strength"))
    with pytest.raises(InputError, match="needs rows of both T and G"):
        estimate(good[good["strategy"] == "G"])
    with pytest.raises(InputError, match=r"0\.\.trials"):
        estimate(good.assign(successes=11))


@given(st.floats(-3, 3), st.floats(-3, 3), st.floats(0.05, 2), st.floats(0.05, 2), st.floats(-0.9, 0.9))
@settings(deadline=None)
def test_fieller_is_where_the_difference_is_not_significant(a, b, sa, sb, rho):
    v = np.array([[sa * sa, rho * sa * sb], [rho * sa * sb, sb * sb]])
    (low, high), shape = fieller(np.array([a, b]), v)
    for x in np.linspace(-20, 20, 81):
        z = abs(a + b * x) / math.sqrt(v[0, 0] + 2 * x * v[0, 1] + x * x * v[1, 1])
        if abs(z - norm.isf(0.025)) < 1e-6:
            continue
        inside = low <= x <= high
        expected = {"interval": inside, "outside": not inside, "everything": True}[shape]
        assert (z < norm.isf(0.025)) == expected


def test_lines_of_many_resamples_are_those_of_statsmodels():
    rng = np.random.default_rng(6)
    x, trials = np.array([3.0, 5.0, 6.0, 20.0]), np.full((20, 4), 30.0)
    successes = rng.binomial(30, np.array([0.1, 0.3, 0.4, 0.9]), size=(20, 4)).astype(float)
    lines = logistic_lines(x, successes, trials)
    for won, line in zip(successes, lines, strict=True):
        data = pd.DataFrame({"x": x, "rate": won / 30})
        fit = smf.glm("rate ~ x", data, family=Binomial(), var_weights=np.full(4, 30.0)).fit()
        assert line == pytest.approx(fit.params.to_numpy(), rel=1e-5, abs=1e-6)


def test_a_line_exists_unless_the_outcomes_are_separated():
    x, trials = np.array([0.0, 1.0, 2.0]), np.full((6, 3), 4.0)
    successes = np.array([[0, 2, 4], [0, 0, 4], [4, 0, 0], [0, 1, 0], [0, 0, 0], [1, 0, 0]], dtype=float)
    # separated at 1 with both outcomes there; separated; separated; overlaps; none; all successes at 0
    assert overlapping(x, successes, trials).tolist() == [False, False, False, True, False, False]
    lines = logistic_lines(x, successes, trials)
    assert np.isfinite(lines).all(axis=1).tolist() == [False, False, False, True, False, False]
    # symmetric counts: the slope is 0 and the rate 1/12
    assert lines[3] == pytest.approx([math.log(1 / 11), 0], abs=1e-9)


def coverage(make, repeats: int, resamples: int) -> tuple[float, float, float]:
    """How often the bootstrap interval, where there is one, and the Fieller set hold the true crossover 1;
    how often there is a bootstrap interval."""
    rng, hits = np.random.default_rng(7), np.zeros(3)
    for _ in range(repeats):
        result = Crossover("G", "T", resamples=resamples)(make(rng), rng)
        (low, high), shape = result.fieller, result.fieller_shape
        inside = {"interval": low <= 1 <= high, "outside": not low <= 1 <= high, "everything": True}
        hits += (result.low <= 1 <= result.high, inside[shape], math.isfinite(result.low))
    return float(hits[0] / hits[2]), float(hits[1] / repeats), float(hits[2] / repeats)


def test_coverage_of_independent_counts():
    boot, exact, shown = coverage(drawn, 120, 200)
    lowest = 0.95 - 3 * math.sqrt(0.95 * 0.05 / 120)
    assert min(boot, exact) >= lowest
    assert shown == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    "make", [drawn, lambda rng: clustered(rng, 75, sd=0.0), lambda rng: clustered(rng, 75)]
)
def test_coverage_at_length(make):
    # difficulty shifts both strategies, so the marginal lines still cross where the conditional ones do
    boot, exact, shown = coverage(make, 500, 500)
    assert shown >= 0.97
    lowest = 0.95 - 3 * math.sqrt(0.95 * 0.05 / 500) - 0.005
    assert min(boot, exact) >= lowest
