"""Cases on the best of k without items, on planning, on evidence so far, and on what the Ladder says."""

import math
import re
from fractions import Fraction

import numpy as np

from posttrace.analysis.stats.items.evalue import anytime_p, betting_path, log_e_greater, log_e_two_sided
from posttrace.analysis.stats.normals import Dunnett, expected_largest
from posttrace.analysis.stats.nullmax import ExactMax
from posttrace.analysis.stats.plan.power import (
    critical_normal,
    mcnemar_power,
    miller_sample_size,
    two_proportions_size,
    two_sample_t_power,
)
from posttrace.runner.grading.feedback import Ladder

PUBLISHED = ((82, 0.5), (134, 0.0597), (200, 0.1), (1319, 0.6))
"""Items and success probability where a case names no grid."""
SUBMISSIONS = (1, 5, 10, 30)


def exact_max(n, k, p, G, m=1, **_):
    return {"p": ExactMax.of(k, n, m).reaches(G / n, p)}


def exact_max_sup(n, k, G, m=1, **_):
    found = ExactMax.of(k, n, m).highest(G / n, (1e-6, 1 - 1e-6))
    return {"p_sup": found.p, "argmax": found.at}


def expected_gains(grid=None, **_):
    return {f"n{n}_p{p}_k{k}": ExactMax.of(k, n).expected_gain(p) for n, p, k in cells(grid)}


def cells(grid):
    """(n, p, k) of a grid, as [n, p] or [n, p, k] or {n, p, k}, labels, lists of levels, or left unsaid."""
    if isinstance(grid, dict):
        ns, ps = grid.get("n", ()), grid.get("p", ())
        rows = grid.get("n_p") or grid.get("np") or list(zip(ns, ps, strict=True)) or list(grid.values())
        return [(n, p, k) for n, p in rows for k in grid.get("k", SUBMISSIONS)]
    found = []
    for row in grid if isinstance(grid, list) and grid else PUBLISHED:
        if isinstance(row, str):
            row = [float(x) if "." in x else int(x) for x in re.findall(r"[\d.]+", row)]
        n, p, *k = [row[name] for name in ("n", "p", "k") if name in row] if isinstance(row, dict) else row
        ks = (k[0] if isinstance(k[0], list) else [k[0]]) if k else SUBMISSIONS
        found += [(n, p, one) for one in ks]
    return found


def dunnett(control, groups, **_):
    samples = groups.values() if isinstance(groups, dict) else groups
    found = Dunnett()(np.array(control), [np.array(x) for x in samples])
    return {
        "t": found.t.tolist(),
        "p_two_sided": found.two_sided.tolist(),
        "p_greater": found.greater.tolist(),
    }


def dunnett_normal(k, alpha=0.05, **_):
    return {str(one): critical_normal(one, 1, alpha) for one in k}


def largest_normal(k, **_):
    return {str(one): expected_largest(one) for one in k}


def ladder(losses, eta, **_):
    said = Ladder(Fraction(str(eta)))
    return {"released": [float(said.release(Fraction(str(loss)))) for loss in losses]}


def size_two_proportions(p1, p2, power=0.8, alpha=0.05, **_):
    return {"n": two_proportions_size(p1, p2, power, alpha)}


def power_t(n, d, alpha=0.05, **_):
    return {"power": two_sample_t_power(n, d, alpha)}


def miller(omega2, sA2, sB2, delta, **_):
    noisy = {k: miller_sample_size(omega2, delta, (sA2, sB2), (k, k)) for k in (1, 10)}
    return {
        "n": miller_sample_size(omega2, delta),
        "n_with_noise_K1": noisy[1],
        "n_with_noise_K10": noisy[10],
    }


def power_mcnemar(n, p_gain, p_loss, alpha=0.05, **_):
    return {"power": mcnemar_power(n, p_gain, p_loss, alpha)}


def evalue(gained, lost, **_):
    return {
        "E_two_sided_jeffreys": math.exp(log_e_two_sided(gained, lost)),
        "E_one_sided_uniform_half_to_1": math.exp(log_e_greater(gained, lost)),
    }


def betting(x, m=0.5, lam=0.5, **_):
    path = betting_path(np.array(x, dtype=float), lam, m)
    return {"path": path.tolist(), "anytime_p": anytime_p(float(path.max()))}


CASES = {
    "exact_max_binomial_small": exact_max,
    "exact_max_binomial_200_k10": exact_max,
    "exact_max_binomial_sup": exact_max_sup,
    "exact_max_binomial_m2": exact_max,
    "expected_max_gain_null": expected_gains,
    "dunnett": dunnett,
    "dunnett_normal_crit_rho_half": dunnett_normal,
    "emax_normal": largest_normal,
    "ladder_eta_0.01": ladder,
    "power_two_prop_n": size_two_proportions,
    "power_t_seeds": power_t,
    "miller_sample_size": miller,
    "mcnemar_exact_power": power_mcnemar,
    "evalue_paired_binary": evalue,
    "betting_martingale_fixed": betting,
}
