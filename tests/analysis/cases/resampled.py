"""Cases on outcomes item by item: permutation, bootstrap, max-T, the winner's gain, standard errors."""

import numpy as np
from statsmodels.stats.weightstats import DescrStatsW, ttost_paired

from posttrace.analysis.stats.items.exhaustive import (
    bootstrap_mean,
    exhaustive_maxt,
    label_permutation,
    reality_check,
    sign_flips,
)
from posttrace.analysis.stats.items.replicates import variance_components
from posttrace.analysis.stats.items.winners import ConditionalWinner, ideal_correction
from posttrace.analysis.stats.ranks import SignedRank
from posttrace.analysis.stats.standard_errors import clustered_se, difference_se, pooled_se


def array(values):
    return np.array(values, dtype=float)


def signflip(d, **_):
    found = sign_flips(array(d))
    return {"p_greater": found.greater, "p_two_sided": found.two_sided, "n_perm": found.count}


def wilcoxon_pairs(x, y, alternative="two-sided", **_):
    return wilcoxon(array(x) - array(y), "wilcox", alternative)


def wilcoxon(d, zero_method="wilcox", alternative="two-sided", **_):
    zeros = "pratt" if zero_method == "pratt" else "wilcox"
    found = SignedRank(zeros, alternative)(array(d))
    return {"W_plus": found.w_plus, "p": found.p}


def ideal_mean(d, **_):
    found = bootstrap_mean(array(d))
    points = [found.low, found.high]
    return {
        "se": found.se,
        "quantiles_inverted_cdf": points,
        "p_le_0": found.p_below,
        "n_resamples": found.count,
    }


def clusters(scores, cluster, **_):
    found = clustered_se(array(scores), np.array(cluster))
    return {
        "se_clt": found.independent,
        "se_cluster_miller": found.clustered,
        "se_cluster_inspect": found.finite,
    }


def paired_se(a, b, **_):
    found = difference_se(array(a), array(b))
    return {
        "diff": found.diff,
        "se_paired": found.paired,
        "se_unpaired": found.unpaired,
        "corr": found.correlation,
    }


def lm_eval(stderrs, sizes, **_):
    found = pooled_se(array(stderrs), array(sizes))
    return {"pooled": found.pooled, "unweighted": found.unweighted}


def labels(Y, baseline_col=0, **_):
    found = label_permutation(array(Y), baseline_col)
    return {"T": found.largest, "p": found.p, "n_perm": found.count}


def signflip_maxt(D, **_):
    found = exhaustive_maxt(array(D))
    return {
        "t": found.t.tolist(),
        "p_raw": found.p_one.tolist(),
        "p_maxT": found.p_flip.tolist(),
        "p_stepdown": found.p_stepdown.tolist(),
    }


def reality(D, **_):
    found = reality_check(array(D))
    return {
        "max_gain": found.gain,
        "p": found.p,
        "p_strict_as_arch": found.p_strict,
        "crit95_inverted_cdf": found.critical,
    }


def both_nulls(D, **_):
    found = exhaustive_maxt(array(D))
    return {
        "t": found.t.tolist(),
        "p_flip": found.p_flip.tolist(),
        "p_boot": found.p_boot.tolist(),
        "p_default": found.p.tolist(),
    }


def conditional(winner, runner_up, se=None, Sigma=None, **_):
    variance = np.diag(np.broadcast_to(1.0 if se is None else se, 2).astype(float) ** 2)
    covariance = array(Sigma) if se is None and isinstance(Sigma, list) else variance
    found = ConditionalWinner()(array([winner, runner_up]), covariance)
    return {"median_unbiased": found.median, "lcb95": found.lower}


def conditional_correlated(X, Sigma, **_):
    found = ConditionalWinner()(array(X), array(Sigma))
    return {"V_lo": found.low, "median_unbiased": found.median}


def correction(D, **_):
    found = ideal_correction(array(D))
    return {
        "naive": found.naive,
        "optimism": found.optimism,
        "corrected": found.corrected,
        "oob": found.out_of_bag,
    }


def tost(d, low, upp, **_):
    d = array(d)
    p, lower, upper = ttost_paired(d, np.zeros(len(d)), low, upp)
    interval = DescrStatsW(d).tconfint_mean(0.1)
    return {"p": p, "p_lower": lower[1], "p_upper": upper[1], "ci90": [float(x) for x in interval]}


def components(Y_items_x_reps, **_):
    found = variance_components(array(Y_items_x_reps))
    return {
        "s2_item": found.s2_item_unbiased,
        "s2_decode": found.s2_decode,
        "mean": found.mean,
        "se_mean_superpop": found.se_superpopulation,
        "se_mean_fixed_items": found.se_fixed_items,
        "se_single_eval_decode_only": found.se_single_evaluation,
    }


CASES = {
    "paired_signflip_exact": signflip,
    "wilcoxon_no_ties": wilcoxon_pairs,
    "wilcoxon_ties_zeros_drop": wilcoxon,
    "wilcoxon_ties_zeros_pratt": wilcoxon,
    "exact_bootstrap_mean_n5": ideal_mean,
    "clustered_se": clusters,
    "paired_vs_unpaired_se": paired_se,
    "lm_eval_pooled_stderr": lm_eval,
    "within_item_label_permutation": labels,
    "maxT_signflip_exact": signflip_maxt,
    "reality_check_exact": reality,
    "default_maxT_both_exact": both_nulls,
    "winner_conditional_mue": conditional,
    "winner_conditional_mue_corr": conditional_correlated,
    "winner_bootstrap_correction_exact": correction,
    "tost_paired": tost,
    "variance_components": components,
}
