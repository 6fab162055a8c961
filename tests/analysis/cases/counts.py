"""Cases on counts: McNemar, proportions, agreement of raters."""

import numpy as np
from statsmodels.stats.multitest import multipletests

from posttrace.analysis.stats.agreement import confusion, f1, kappa
from posttrace.analysis.stats.items.bounds import newcombe_paired, tango
from posttrace.analysis.stats.items.exact import mcnemar
from posttrace.analysis.stats.items.exhaustive import exhaustive_maxt
from posttrace.analysis.stats.proportions import (
    agresti_caffo,
    clopper_pearson,
    exact_tests,
    mcnemar_midp,
    miettinen_nurminen,
    newcombe,
    wilson,
)


def mcnemar_two_sided(gained, lost, alternative="two-sided", **_):
    return {"p": mcnemar(gained, lost, alternative)}


def mcnemar_greater(gained, lost, alternative="greater", **_):
    return {"p": mcnemar(gained, lost, alternative)}


def midp(gained, lost, alternative="two-sided", **_):
    return {"p": mcnemar_midp(gained, lost, alternative)}


def no_discordant(gained, lost, n=1, **_):
    both, greater = (mcnemar(gained, lost, side) for side in ("two-sided", "greater"))
    return {"p_two_sided": both, "p_greater": greater, "gain": (gained - lost) / n}


def one_sample(interval):
    def case(x, n, **_):
        return dict(zip(("lo", "hi"), interval(x, n), strict=True))

    return case


def two_samples(interval):
    def case(x1, n1, x2, n2, **_):
        return dict(zip(("lo", "hi"), interval(x1, n1, x2, n2), strict=True))

    return case


def tango_paired(gained, lost, n, **_):
    low, high = tango(gained, lost, n)
    return {"diff": (gained - lost) / n, "lo": low, "hi": high}


def newcombe_pairs(both, gained, lost, neither, **_):
    low, high = newcombe_paired(both, gained, lost, neither)
    return {"diff": (gained - lost) / (both + gained + lost + neither), "lo": low, "hi": high}


def fisher_boschloo(x1, n1, x2, n2, alternative="greater", **_):
    tests = exact_tests(x1, n1, x2, n2, alternative)
    return {"p_fisher": tests.fisher, "p_boschloo": tests.boschloo, "p_barnard_scipy": tests.barnard}


def adjusted(p, **_):
    names = ("holm", "fdr_bh", "bonferroni", "fdr_by", "simes-hochberg")
    return {name: multipletests(p, method=name)[1].tolist() for name in names}


def cohen(confusion_rows_true, **_):
    table = np.array(confusion_rows_true)
    found, scores = kappa(table), f1(table)
    return {
        "kappa": found.kappa,
        "kappa_low": found.low,
        "kappa_high": found.high,
        "kappa_se": found.se,
        "f1": scores.tolist(),
        "macro_f1": float(scores.mean()),
    }


def kappa_degenerate(confusion_rows_true, **_):
    found = kappa(np.array(confusion_rows_true))
    return {"kappa": found.kappa, "reason": found.reason}


def macro_f1(y_true, y_pred, **_):
    return {"macro_f1": float(f1(confusion(y_true, y_pred)).mean())}


def duplicates(gained, lost, n, copies, **_):
    d = np.zeros((n, 1))
    d[:gained], d[gained : gained + lost] = 1, -1
    together = exhaustive_flips(np.repeat(d, copies, axis=1))
    return {"p_maxT": together, "p_bonferroni": min(1.0, copies * mcnemar(gained, lost))}


def exhaustive_flips(d):
    return float(exhaustive_maxt(d).p_flip.min())


def all_failed(n, baseline_correct, k=1, submission_correct=0, **_):
    gained = max(0, submission_correct - baseline_correct)
    lost = max(0, baseline_correct - submission_correct)
    greater, less = (mcnemar(gained, lost, side) for side in ("greater", "less"))
    return {"gained": gained, "lost": lost, "p_greater": greater, "p_less": less}


CASES = {
    "mcnemar_exact_two_sided": mcnemar_two_sided,
    "mcnemar_exact_greater": mcnemar_greater,
    "mcnemar_midp": midp,
    "mcnemar_no_discordant": no_discordant,
    "wilson_8_134": one_sample(wilson),
    "wilson_0_100": one_sample(wilson),
    "clopper_pearson_8_134": one_sample(clopper_pearson),
    "newcombe_56_70_48_80": two_samples(newcombe),
    "agresti_caffo_56_70_48_80": two_samples(agresti_caffo),
    "miettinen_nurminen_56_70_48_80": two_samples(miettinen_nurminen),
    "newcombe_alfworld": two_samples(newcombe),
    "tango_paired_12_2_50": tango_paired,
    "newcombe_paired_36_12_2_0": newcombe_pairs,
    "tango_paired_9_2_200": tango_paired,
    "fisher_boschloo_20_8_of_134": fisher_boschloo,
    "multiplicity": adjusted,
    "cohen_kappa_f1": cohen,
    "kappa_degenerate": kappa_degenerate,
    "macro_f1_small": macro_f1,
    "maxT_duplicate_columns": duplicates,
    "all_fail_submissions": all_failed,
}
