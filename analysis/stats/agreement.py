"""Do two raters agree? Cohen's kappa and F1 from a confusion table."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm
from statsmodels.stats.inter_rater import cohens_kappa

from posttrace.analysis.arrays import FloatArray, IntArray


@dataclass(frozen=True)
class Kappa:
    """Agreement beyond chance, its asymptotic standard error and two-sided interval; NaN with ``reason``."""

    kappa: float
    se: float
    low: float
    high: float
    reason: str | None = None


def kappa(confusion: IntArray, alpha: float = 0.05) -> Kappa:
    """Cohen's kappa of ``confusion`` (class by one rater, class by the other), by statsmodels.

    Standard error of Fleiss, Cohen & Everitt 1969. Where both raters use one and the same class, chance alone
    agrees completely and kappa is 0/0.
    """
    table = np.asarray(confusion)
    total = table.sum()
    if total == 0:
        return Kappa(math.nan, math.nan, math.nan, math.nan, "no items rated")
    if (np.diag(table) == total).any():
        reason = "both raters use one class: chance agreement is complete"
        return Kappa(math.nan, math.nan, math.nan, math.nan, reason)
    found = cohens_kappa(table)
    reach = float(norm.isf(alpha / 2) * found.std_kappa)
    value = float(found.kappa)
    return Kappa(value, float(found.std_kappa), value - reach, value + reach)


def confusion(truth: Sequence[Hashable], said: Sequence[Hashable]) -> IntArray:
    """(class, class) counts, rows the truth; classes are those that occur on either side, sorted by name."""
    classes = sorted(set(truth) | set(said), key=str)
    place = {label: i for i, label in enumerate(classes)}
    table = np.zeros((len(classes), len(classes)), dtype=np.int64)
    for true, guess in zip(truth, said, strict=True):
        table[place[true], place[guess]] += 1
    return table


def f1(confusion: IntArray) -> FloatArray:
    """(class,) F1 of ``confusion`` (rows the truth): 2 hits / (true + said); 0 for a class without either.

    Macro F1 is its mean over classes.
    """
    table = np.asarray(confusion, dtype=np.float64)
    used = table.sum(axis=0) + table.sum(axis=1)
    return np.where(used > 0, 2 * np.diag(table) / np.where(used > 0, used, 1.0), 0.0)
