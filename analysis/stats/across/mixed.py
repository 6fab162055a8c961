"""Gains over tasks that differ: a linear mixed model with one random intercept a group."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import t
from statsmodels.regression.linear_model import OLS
from statsmodels.regression.mixed_linear_model import MixedLM

from posttrace.analysis.arrays import FloatArray, IntArray
from posttrace.analysis.stats.items.paired import ZERO_SE

MIN_GROUPS = 5
"""Fewer groups say too little about the variance between them."""
BOUNDARY = 1e-8
"""A variance between groups below this share of that within is its bound 0, reached by an optimiser."""

Fitted = tuple[FloatArray, FloatArray, float, float]
"""Fixed effects, their covariance, variance between groups, variance within."""


@dataclass(frozen=True)
class Effect:
    """Level of a factor against the reference level; ``low``, ``high``: t interval with ``df``."""

    level: str
    beta: float
    se: float
    df: int
    low: float
    high: float


@dataclass(frozen=True)
class Mixed:
    """``intercept``: mean of the reference level (of all without a factor) and ``intercept_se``.

    ``var_group``, ``var_residual``: variance between groups and within. ``reason``: why all is NaN, or that
    ``var_group`` lies at its lower bound 0, where the model is ordinary regression.
    """

    reference: str
    intercept: float
    intercept_se: float
    effects: tuple[Effect, ...]
    var_group: float
    var_residual: float
    n: int
    groups: int
    reason: str


@dataclass(frozen=True)
class RandomIntercept:
    """``gain ~ factor + (1 | group)`` by REML (statsmodels ``MixedLM``); without a factor ``gain ~ 1 + ...``.

    ``alpha`` two-sided. Intervals are Student's with the degrees of freedom of the level at which the factor
    varies (Pinheiro & Bates 2000, section 2.4.2), where statsmodels takes the normal ones, too short for few
    groups.
    """

    alpha: float = 0.05
    min_groups: int = MIN_GROUPS

    def __call__(self, gain: FloatArray, group: Sequence[str], factor: Sequence[str] | None = None) -> Mixed:
        """``gain``, ``group``, ``factor``: each (run,). The first level in sorted order is the reference."""
        levels = sorted({str(level) for level in factor}) if factor is not None else []
        groups, codes = np.unique(np.asarray(group, dtype=str), return_inverse=True)
        labels = np.asarray(factor if factor is not None else [""] * len(gain), dtype=str)
        design = np.column_stack([np.ones(len(gain)), *(labels == level for level in levels[1:])])
        reason = self._unidentified(gain, codes, design, levels if factor is not None else None)
        if reason:
            return _nothing(levels, len(gain), len(groups), reason)
        found = _fit(np.asarray(gain, dtype=np.float64), codes, design)
        if isinstance(found, str):
            return _nothing(levels, len(gain), len(groups), found)
        beta, covariance, var_group, var_residual = found
        inner = len(gain) - len(groups) - (len(levels) - 1)
        df = inner if _varies_within(codes, design) else len(groups) - len(levels)
        effects = tuple(
            self._effect(level, float(beta[i]), float(np.sqrt(covariance[i, i])), df)
            for i, level in enumerate(levels[1:], start=1)
        )
        return Mixed(
            reference=levels[0] if levels else "",
            intercept=float(beta[0]),
            intercept_se=float(np.sqrt(covariance[0, 0])),
            effects=effects,
            var_group=var_group,
            var_residual=var_residual,
            n=len(gain),
            groups=len(groups),
            reason="" if var_group > 0 else "variance between groups at its lower bound 0",
        )

    def _unidentified(
        self, gain: FloatArray, codes: IntArray, design: FloatArray, levels: list[str] | None
    ) -> str:
        if not np.isfinite(gain).all():
            raise ValueError("a mixed model needs a finite gain of every run")
        groups = len(np.unique(codes))
        if levels is not None and len(levels) < 2:
            return "the factor does not vary"
        if groups < self.min_groups:
            return f"{groups} groups; a variance between groups needs {self.min_groups}"
        if len(gain) - groups - (design.shape[1] - 1) < 1:
            return "not identified: too few runs to tell a variance within groups"
        if not _varies_within(codes, design) and groups <= design.shape[1]:
            return "not identified: levels and groups never vary apart"
        return "" if gain.std() > ZERO_SE else "all gains are equal"

    def _effect(self, level: str, beta: float, se: float, df: int) -> Effect:
        half = float(t.ppf(1 - self.alpha / 2, df)) * se
        return Effect(level, beta, se, df, beta - half, beta + half)


def _varies_within(codes: IntArray, design: FloatArray) -> bool:
    """Some group has more than one kind of row."""
    return any(len(np.unique(design[codes == code], axis=0)) > 1 for code in np.unique(codes))


def _fit(gain: FloatArray, codes: IntArray, design: FloatArray) -> Fitted | str:
    """REML on standardised gains: the optimisers' tolerances are absolute.

    Where gradients end at the boundary Powell's search does not; there the model is ordinary regression.
    """
    scale = float(gain.std())
    fits = {"bfgs": {"gtol": 1e-9}, "powell": {"ftol": 1e-14}}
    for method, tolerance in fits.items():
        # what it warns of is looked at below: no convergence, a singular covariance, the boundary
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                found = MixedLM(gain / scale, design, codes).fit(reml=True, method=method, **tolerance)
            except np.linalg.LinAlgError:
                continue
        if not found.converged:
            continue
        between, within = scale**2 * float(found.cov_re[0, 0]), scale**2 * float(found.scale)
        if between <= BOUNDARY * within:
            break
        return scale * found.fe_params, _covariance(codes, design, between, within), between, within
    else:
        return "no convergence"
    plain = OLS(gain, design).fit()
    return plain.params, plain.cov_params(), 0.0, float(plain.scale)


def _covariance(codes: IntArray, design: FloatArray, between: float, within: float) -> FloatArray:
    """(X' V^-1 X)^-1 given the variances, as in Pinheiro & Bates 2000.

    statsmodels inverts the observed information of all parameters together, which differs where groups are
    not equally large.
    """
    information = design.T @ design
    for code in np.unique(codes):
        rows = design[codes == code]
        sums = rows.sum(axis=0)
        information = information - between / (within + len(rows) * between) * np.outer(sums, sums)
    return np.asarray(within * np.linalg.inv(information), dtype=np.float64)


def _nothing(levels: list[str], n: int, groups: int, reason: str) -> Mixed:
    nan = np.nan
    effects = tuple(Effect(level, nan, nan, 0, nan, nan) for level in levels[1:])
    return Mixed(levels[0] if levels else "", nan, nan, effects, nan, nan, n, groups, reason)
