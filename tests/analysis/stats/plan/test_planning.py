import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm, t

from posttrace.analysis.stats.items.maxt import MaxT
from posttrace.analysis.stats.items.paired import Paired
from posttrace.analysis.stats.plan.design import Design
from posttrace.analysis.stats.plan.planning import answers, detectable, needed, power
from posttrace.analysis.stats.plan.power import Detectable, critical_normal, mcnemar_power
from posttrace.traces.errors import InputError

DESIGN = Design(200, 10, baseline=0.3)


def test_detectable_gain_is_that_of_the_audit():
    # psi0 = 2 x .3 x .7, level 1 - Phi(2.448)
    level = norm.sf(critical_normal(10))
    assert detectable(DESIGN) == Detectable().mcnemar(200, 0.42, level)
    assert power(DESIGN, 0.1) == mcnemar_power(200, 0.31, 0.21, level)


@pytest.mark.parametrize(
    ("design", "claim"),
    [
        (DESIGN, "run"),
        (replace(DESIGN, replicates=4), "run"),
        (Design(134, 5, item_sd=0.2), "run"),
        (replace(DESIGN, runs=5, run_sd=0.03), "agent"),
        (replace(DESIGN, runs=5, run_sd=0.03, deterministic=True), "agent"),
    ],
)
@pytest.mark.parametrize("wanted", [0.8, 0.95])
def test_the_detectable_gain_has_the_wanted_power(design, claim, wanted):
    gain = detectable(design, wanted, claim)
    assert power(design, gain, claim) == pytest.approx(wanted, abs=1e-4)


def test_continuous_scores_by_the_formula():
    # (1.644854 + .841621) x .3 / sqrt(100)
    assert detectable(Design(100, item_sd=0.3)) == pytest.approx(0.07459425, abs=1e-7)


def test_replicates_take_away_the_noise_of_the_baseline_alone():
    # limit m -> infinity: c of independent normals, variance psi0/2 + g (1 - g)
    gain = 0.15
    c = norm.isf(1 - 0.95 ** (1 / 10))
    limit = norm.sf(c - gain / math.sqrt((0.21 + gain * (1 - gain)) / 200))
    assert power(replace(DESIGN, replicates=100_000), gain) == pytest.approx(limit, abs=1e-3)
    many = [power(replace(DESIGN, replicates=m), gain) for m in (1, 2, 3, 10)]
    assert many == sorted(many)
    assert len({power(replace(DESIGN, replicates=m, deterministic=True), gain) for m in (1, 5)}) == 1


@settings(max_examples=30, deadline=None)
@given(
    st.integers(20, 400), st.integers(1, 40), st.integers(1, 4), st.floats(0.05, 0.7), st.floats(0.01, 0.25)
)
def test_more_items_fewer_submissions_and_larger_gains_help(n, k, m, p0, gain):
    design = Design(n, k, m, baseline=p0)
    base = power(design, gain)
    assert 0 <= base <= 1
    assert power(design, gain + 0.05) >= base - 1e-9
    assert power(replace(design, submissions=k + 1), gain) <= base + 1e-9
    # the exact test is a saw: four times the items is far beyond one tooth
    assert power(replace(design, items=4 * n), gain) >= base - 1e-9


def test_no_attainable_gain():
    # 20 items, best of 30: the gain that has power .8 is larger than the .4 left to gain
    assert math.isnan(detectable(Design(20, 30, baseline=0.6)))
    assert math.isnan(detectable(Design(100, baseline=1.0)))


def test_the_least_items_are_enough_and_not_one_too_many():
    found = needed(DESIGN, 0.1, "items")
    assert found.count is not None
    assert found.now == 200
    at = [power(replace(DESIGN, items=found.count + more), 0.1) for more in range(-1, 10)]
    assert min(at[1:]) >= 0.8
    assert at[0] < 0.8


@pytest.mark.parametrize(("lever", "gain"), [("items", 0.05), ("replicates", 0.1), ("runs", 0.1)])
def test_the_least_count_for_an_agent(lever, gain):
    design = replace(DESIGN, runs=5, run_sd=0.03)
    count = needed(design, gain, lever, claim="agent").count
    assert count is not None
    assert power(replace(design, **{lever: count}), gain, "agent") >= 0.8
    assert power(replace(design, **{lever: count - 1}), gain, "agent") < 0.8


def test_enough_already_says_how_few_would_do():
    assert needed(Design(1000, baseline=0.3, replicates=5), 0.2, "replicates").count == 1
    assert needed(Design(1000, baseline=0.3), 0.5, "items").count <= 30


def test_why_nothing_helps():
    same = replace(DESIGN, deterministic=True)
    assert "deterministic" in (needed(same, 0.1, "replicates").why or "")
    assert "agent" in (needed(DESIGN, 0.1, "runs").why or "")
    assert "measured with" in (needed(Design(100, item_sd=0.3), 0.1, "replicates").why or "")
    tiny = needed(DESIGN, 0.0005, "items")
    assert tiny.count is None
    assert "1,000,000" in (tiny.why or "")
    agent = replace(DESIGN, runs=5, run_sd=0.01)
    # all the runs of the world leave gain (1 - gain) + .21 over 200 items: power .64 at 8 points
    limit = norm.sf(norm.isf(0.05) - 0.08 / math.sqrt((0.08 * 0.92 + 0.21) / 200))
    stuck = needed(agent, 0.08, "runs", claim="agent")
    assert stuck.count is None
    assert f"power {limit:.2f} even with 10,000: the items" in (stuck.why or "")


def test_answers_have_the_agent_where_there_are_runs():
    claims = [answer.claim for answer in answers([DESIGN, replace(DESIGN, runs=3, run_sd=0.1)], 0.1)]
    assert claims == ["run", "run", "agent"]
    assert math.isnan(answers([DESIGN])[0].power)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"items": 9}, "items is 9; give 10 or more"),
        ({"submissions": 0}, "submissions is 0"),
        ({"replicates": 0}, "replicates is 0"),
        ({"runs": 2}, "range but no interval"),
        ({"runs": 5}, "--run-sd"),
        ({"baseline": 2}, r"give 0\.02 for 2 percentage points"),
        ({"baseline": -0.1}, "0..1"),
        ({"baseline": math.nan}, "0..1"),
        ({"baseline": None}, "--baseline"),
        ({"item_sd": 0.0}, "item sd is 0"),
        ({"item_sd": 0.2, "discordance": 0.1}, "choose one"),
        ({"discordance": 0.7}, r"at most 0\.6"),
        ({"alpha": 0.6}, "alpha"),
    ],
)
def test_designs_that_make_no_sense(wrong, words):
    with pytest.raises(InputError, match=words):
        Design(**({"items": 100, "baseline": 0.3} | wrong))


@pytest.mark.parametrize(
    ("gain", "words"), [(0.0, "gain is 0"), (2, r"give 0\.02"), (0.8, r"at most 0\.7"), (math.nan, "gain")]
)
def test_gains_that_make_no_sense(gain, words):
    with pytest.raises(InputError, match=words):
        power(DESIGN, gain)


def test_power_that_makes_no_sense():
    for wanted in (0.01, 1.0, 80.0):
        with pytest.raises(InputError, match=r"such as 0\.8"):
            detectable(DESIGN, wanted)
    with pytest.raises(InputError, match="--run-sd"):
        power(DESIGN, 0.1, "agent")


def found_share(design: Design, gain: float, count: int, resamples: int, seed: int = 11) -> float:
    """How often the audit's test finds the submission that has the gain, among k - 1 that have none.

    Outcomes are independent given the item; the gain goes to items that the first scoring of the baseline
    failed, so that the chance of a loss stays what it is without a gain.
    """
    rng, found = np.random.default_rng(seed), 0
    p0 = design.baseline or 0.0
    for _ in range(count):
        base = (rng.random((design.m, design.items)) < p0).astype(np.float64)
        scored = (rng.random((design.items, design.submissions)) < p0).astype(np.float64)
        scored[:, 0] = rng.random(design.items) < np.where(base[0] == 1, p0, p0 + gain / (1 - p0))
        paired = Paired(base, scored)
        result = MaxT(design.alpha, resamples)(paired, rng)
        found += paired.winner == 0 and result.p[0] <= design.alpha
    return found / count


@pytest.mark.parametrize("m", [1, 3])
def test_power_of_the_real_test(m):
    design = Design(134, 5, m, baseline=0.3)
    share = found_share(design, detectable(design), count=250, resamples=500)
    # three Monte-Carlo standard errors, and what the normal approximation and 500 resamples may cost
    assert share == pytest.approx(0.8, abs=3 * math.sqrt(0.16 / 250) + 0.02)


@pytest.mark.slow
@pytest.mark.parametrize("m", [1, 3])
@pytest.mark.parametrize(("n", "p0", "k"), [(82, 0.5, 1), (200, 0.3, 10), (200, 0.1, 30), (500, 0.6, 5)])
def test_power_of_the_real_test_over_a_grid(n, p0, k, m):
    design = Design(n, k, m, baseline=p0)
    share = found_share(design, detectable(design), count=1500, resamples=2000)
    assert share == pytest.approx(0.8, abs=3 * math.sqrt(0.16 / 1500) + 0.04)


def test_power_of_the_mean_over_runs():
    # a t test on R gains that share the item part, whose variance is known; half of the variance each
    design, rng, count = Design(400, baseline=0.3, runs=6, run_sd=0.045), np.random.default_rng(2), 40_000
    gain = detectable(design, claim="agent")
    shared = (0.21 + gain * (1 - gain)) / 400
    gains = gain + rng.normal(0, math.sqrt(shared), (count, 1)) + rng.normal(0, 0.045, (count, 6))
    se = np.sqrt(gains.var(axis=1, ddof=1) / 6 + shared)
    share = np.mean(gains.mean(axis=1) / se > t.isf(0.05, 5))
    # t with R - 1 degrees of freedom is conservative where part of the variance is known
    assert 0.79 <= share <= 0.86
