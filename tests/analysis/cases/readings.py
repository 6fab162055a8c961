"""Other shapes in which a case file may state an output: each turns our answer into the shape expected."""

import math
import re

import numpy as np

from posttrace.analysis.stats.items.counted import Counted, bootstrap_sums


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
    ("exact_bootstrap_mean_n5", "quantiles_inverted_cdf"): at_levels,
}
