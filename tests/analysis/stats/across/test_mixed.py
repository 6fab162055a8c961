from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from posttrace.analysis.stats.across.mixed import RandomIntercept
from posttrace.analysis.stats.items.replicates import variance_components

TASKS = [f"t{i}" for i in range(6)]


def simulated(seed: int, between: float, runs: int = 4) -> tuple[np.ndarray, list[str], list[str]]:
    rng = np.random.default_rng(seed)
    group = [task for task in TASKS for _ in range(runs)]
    factor = ["b" if i % 2 else "a" for i in range(len(group))]
    gain = 0.1 + np.repeat(rng.normal(0, between, 6), runs) + rng.normal(0, 0.05, len(group))
    return gain + 0.03 * (np.array(factor) == "b"), group, factor


def reml(
    gain: np.ndarray, group: list[str], design: np.ndarray
) -> tuple[np.ndarray, np.ndarray, float, float]:
    """Restricted likelihood from its formula, minimised over the ratio of the variances alone."""
    z = (np.array(group)[:, None] == np.unique(group)).astype(float)
    n, p = design.shape

    def parts(ratio: float):
        v = np.eye(n) + ratio * z @ z.T
        inverse = np.linalg.inv(v)
        information = design.T @ inverse @ design
        beta = np.linalg.solve(information, design.T @ inverse @ gain)
        residual = gain - design @ beta
        return v, information, beta, float(residual @ inverse @ residual) / (n - p)

    def criterion(log_ratio: float) -> float:
        v, information, _, scale = parts(np.exp(log_ratio))
        determinants = np.linalg.slogdet(v)[1] + np.linalg.slogdet(information)[1]
        return float(determinants + (n - p) * np.log(scale))

    best = minimize_scalar(criterion, bounds=(-15, 10), method="bounded", options={"xatol": 1e-10})
    ratio = np.exp(best.x)
    _, information, beta, scale = parts(ratio)
    return beta, scale * np.linalg.inv(information), ratio * scale, scale


@pytest.mark.parametrize("seed", range(4))
def test_unbalanced_gains_by_the_formula(seed: int):
    gain, group, factor = simulated(seed, 0.08)
    kept = [i for i in range(len(gain)) if i not in (1, 6, 7, 20)]
    gain, group, factor = gain[kept], [group[i] for i in kept], [factor[i] for i in kept]
    design = np.column_stack([np.ones(len(gain)), np.array(factor) == "b"]).astype(float)
    beta, covariance, var_group, var_residual = reml(gain, group, design)
    found = RandomIntercept()(gain, group, factor)
    (effect,) = found.effects
    assert (found.reference, effect.level) == ("a", "b")
    assert [found.intercept, effect.beta] == pytest.approx(beta, rel=1e-5)
    assert [found.intercept_se, effect.se] == pytest.approx(np.sqrt(np.diag(covariance)), rel=1e-5)
    assert (found.var_group, found.var_residual) == pytest.approx((var_group, var_residual), rel=1e-4)
    # the factor varies within tasks: 20 runs - 6 tasks - 1
    assert effect.df == 13
    assert found.reason == ""


def test_balanced_gains_are_the_analysis_of_variance():
    gain, group, _ = simulated(1, 0.08)
    anova = variance_components(gain.reshape(6, 4))
    found = RandomIntercept()(gain, group)
    assert found.intercept == pytest.approx(anova.mean)
    assert found.intercept_se == pytest.approx(anova.se_superpopulation, rel=1e-6)
    assert (found.var_group, found.var_residual) == pytest.approx((anova.s2_item, anova.s2_decode), rel=1e-6)
    assert (found.n, found.groups, found.effects) == (24, 6, ())


def test_tasks_that_do_not_differ_are_at_the_bound():
    # the same four gains on every task, in turns: the means of tasks are equal, so REML ends at 0
    rng = np.random.default_rng(0)
    gain = np.tile([0.0, 0.1, 0.2, 0.3], 6) + rng.normal(0, 1e-3, 24)
    _, group, factor = simulated(0, 0)
    found = RandomIntercept()(gain, group, factor)
    assert found.var_group == 0
    assert found.reason == "variance between groups at its lower bound 0"
    # then it is ordinary regression: the difference of two means of 12
    one, other = gain[1::2], gain[::2]
    pooled = (one.var(ddof=1) + other.var(ddof=1)) / 2
    assert found.effects[0].beta == pytest.approx(one.mean() - other.mean())
    assert found.effects[0].se == pytest.approx((pooled * 2 / 12) ** 0.5)


def test_a_factor_between_tasks_has_fewer_degrees_of_freedom():
    gain, group, _ = simulated(2, 0.08)
    factor = ["a" if task in TASKS[:3] else "b" for task in group]
    (effect,) = RandomIntercept()(gain, group, factor).effects
    assert effect.df == 4
    # balanced: the t test of three task means against three
    means = gain.reshape(6, 4).mean(axis=1)
    se = ((means[:3].var(ddof=1) + means[3:].var(ddof=1)) / 3) ** 0.5
    assert (effect.beta, effect.se) == pytest.approx((means[3:].mean() - means[:3].mean(), se), rel=1e-5)


@pytest.mark.parametrize(
    ("kept", "factor", "reason"),
    [
        (slice(0, 16), None, "4 groups; a variance between groups needs 5"),
        (slice(0, 24, 4), None, "not identified: too few runs"),
        (slice(0, 24), ["a"] * 24, "the factor does not vary"),
        (slice(0, 24), [task for task in TASKS for _ in range(4)], "never vary apart"),
    ],
)
def test_what_is_not_identified_has_a_reason(kept: slice, factor: list[str] | None, reason: str):
    gain, group, _ = simulated(0, 0.05)
    found = RandomIntercept()(gain[kept], group[kept], factor)
    assert reason in found.reason
    assert np.isnan([found.intercept, found.var_group, found.var_residual]).all()
    assert all(np.isnan(effect.beta) for effect in found.effects)


def test_equal_gains_have_no_variance():
    found = RandomIntercept()(np.full(24, 0.1), simulated(0, 0)[1])
    assert found.reason == "all gains are equal"


def test_a_gain_that_is_not_finite_is_refused():
    gain, group, _ = simulated(0, 0.05)
    with pytest.raises(ValueError, match="finite gain"):
        RandomIntercept()(np.append(gain[:-1], np.nan), group)


def test_many_shapes_never_warn():
    # warnings are errors in these tests
    for seed in range(25):
        rng = np.random.default_rng(seed)
        size = int(rng.integers(8, 30))
        group = [f"t{i}" for i in rng.integers(0, 7, size)]
        factor = [f"d{i}" for i in rng.integers(0, 3, size)]
        found = RandomIntercept()(np.round(rng.normal(0, 0.1, size), 2), group, factor)
        assert found.reason or found.var_group > 0
        assert found.var_residual > 0 or np.isnan(found.var_residual)
