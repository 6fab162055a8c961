"""At which driver strength does one strategy overtake another? The crossover of two logistic lines."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd
from scipy.stats import norm
from statsmodels.genmod.families import Binomial
from statsmodels.genmod.generalized_linear_model import GLM
from statsmodels.tools.sm_exceptions import PerfectSeparationWarning

from posttrace.analysis.arrays import FloatArray
from posttrace.analysis.digits import rounded
from posttrace.analysis.siblings.logistic import logistic_lines, overlapping
from posttrace.analysis.siblings.medals import FEWEST_COMPETITIONS
from posttrace.traces.errors import InputError

FINITE_SHARE: Final = 0.95
"""Share of the resamples that must have a crossover for an interval to be shown."""
Shape = Literal["interval", "outside", "everything", "undefined"]


@dataclass(frozen=True)
class CrossoverResult:
    """Strength at which the fitted success rates of the two strategies are equal, on the scale given.

    ``strategy``: challenger minus reference at strength 0, ``interaction``: change of that per unit of
    strength, both in logits. ``low``, ``high``: bootstrap percentiles of the crossover. ``fieller``: the set
    of strengths where the difference is not significantly non-zero; shape "interval" lies between the two
    numbers, "outside" is everything not between them, "everything" the whole line. The last two are
    unbounded: the data do not bound the crossover. ``p_in_range``: share of the resamples whose crossover
    lies within the strengths observed for both; ``p_overtakes``: in addition the challenger is behind
    below it. ``unidentified``: share of the resamples without a fit. NaN has its ``reason``.
    """

    challenger: str
    reference: str
    crossover: float
    strategy: float
    interaction: float
    p_interaction: float
    low: float
    high: float
    fieller: tuple[float, float]
    fieller_shape: Shape
    p_in_range: float
    p_overtakes: float
    unidentified: float
    resampled: str
    reason: str


@dataclass(frozen=True)
class _Counts:
    """``strengths``: (strategy, point); ``successes``, ``trials``: (group, strategy, point)."""

    strengths: FloatArray
    successes: FloatArray
    trials: FloatArray
    by_competition: bool

    @property
    def shared_range(self) -> tuple[float, float]:
        """Weakest and strongest strength at which, or beyond which, both strategies were observed."""
        seen = self.trials.sum(axis=0) > 0
        ranges = [x[there] for x, there in zip(self.strengths, seen, strict=True)]
        return float(max(x.min() for x in ranges)), float(min(x.max() for x in ranges))


@dataclass(frozen=True)
class Crossover:
    """``challenger``, ``reference``: two values of the column strategy.

    With a column ``competition`` the bootstrap draws whole competitions and standard errors are clustered by
    them; without, successes are drawn from the fitted rates, which takes trials as independent: competitions
    shared by strategies and seeds of one competition are not, so that such an interval is a rough one.
    Of nominal 95 % bootstrap and Fieller intervals, .93 and .94 held the crossover in simulations with 75
    uneven competitions, .92 and .94 with 40, .96 and .97 with independent counts of 300 a strength.
    """

    challenger: str
    reference: str
    alpha: float = 0.05
    resamples: int = 4_000

    def __call__(self, frame: pd.DataFrame, rng: np.random.Generator) -> CrossoverResult:
        """``frame``: strategy, strength, and successes with trials or any_medal; perhaps competition."""
        cells = _cells(frame, (self.reference, self.challenger))
        counts = _counts(cells, (self.reference, self.challenger))
        reason = _not_identified(counts)
        if reason:
            return self._undefined(counts, reason)
        beta, covariance = _fit(cells, self.challenger, counts.by_competition)
        lines = self._resample(counts, rng)
        strategy, interaction = float(beta[1]), float(beta[3])
        p = 2 * norm.sf(abs(interaction) / math.sqrt(covariance[3, 3]))
        edges, shape = fieller(beta[[1, 3]], covariance[np.ix_([1, 3], [1, 3])], self.alpha)
        drawn = self._summary(lines, *counts.shared_range)
        crossover = -strategy / interaction if abs(interaction) > 1e-9 else math.nan
        why = drawn.pop("reason") or ("parallel lines" if math.isnan(crossover) else "")
        return CrossoverResult(
            self.challenger, self.reference, crossover, strategy, interaction, float(p),
            fieller=edges, fieller_shape=shape, resampled=self._what(counts), reason=str(why),
            **{name: float(value) for name, value in drawn.items()},
        )  # fmt: skip

    def _what(self, counts: _Counts) -> str:
        return "whole competitions" if counts.by_competition else "counts from the fitted rates"

    def _undefined(self, counts: _Counts, reason: str) -> CrossoverResult:
        nan = math.nan
        return CrossoverResult(
            self.challenger, self.reference, nan, nan, nan, nan, nan, nan, (nan, nan), "undefined",
            nan, nan, nan, self._what(counts), reason,
        )  # fmt: skip

    def _resample(self, counts: _Counts, rng: np.random.Generator) -> FloatArray:
        """(resample, strategy, 2) lines fitted to resampled counts."""
        groups, strategies, points = counts.trials.shape
        trials = np.broadcast_to(counts.trials.sum(axis=0), (self.resamples, strategies, points))
        if counts.by_competition:
            weights = rng.multinomial(groups, np.full(groups, 1 / groups), size=self.resamples)
            trials = np.einsum("bg,gsp->bsp", weights, counts.trials)
            successes = np.einsum("bg,gsp->bsp", weights, counts.successes)
        else:
            successes = rng.binomial(trials.astype(np.int64), _fitted(counts)).astype(np.float64)
        fits = [logistic_lines(counts.strengths[s], successes[:, s], trials[:, s]) for s in range(strategies)]
        return np.stack(fits, axis=1)

    def _summary(self, lines: FloatArray, weakest: float, strongest: float) -> dict[str, float | str]:
        gaps = lines[:, 1] - lines[:, 0]
        fitted = np.isfinite(gaps).all(axis=1)
        empty: dict[str, float | str] = dict.fromkeys(("low", "high", "p_in_range", "p_overtakes"), math.nan)
        unidentified = float(1 - fitted.mean())
        if fitted.mean() < FINITE_SHARE:
            share = rounded(100 * unidentified, ".0f")
            why = f"{share} % of the resamples have no fit (separation): no interval"
            return {**empty, "unidentified": unidentified, "reason": why}
        a, b = gaps[fitted].T
        with np.errstate(divide="ignore", invalid="ignore"):
            at = -a / b
        inside = (at >= weakest) & (at <= strongest)
        shares = {"p_in_range": float(inside.mean()), "p_overtakes": float((inside & (b > 0)).mean())}
        against = min(float((b > 0).mean()), float((b < 0).mean()))
        if against > self.alpha / 2:
            share = rounded(100 * against, ".0f")
            why = f"the slopes change order in {share} % of the resamples: no bounded interval"
            return {**empty, **shares, "unidentified": unidentified, "reason": why}
        low, high = np.quantile(at, [self.alpha / 2, 1 - self.alpha / 2])
        bounds = {"low": float(low), "high": float(high)}
        return {**bounds, **shares, "unidentified": unidentified, "reason": ""}


def fieller(
    coefficients: FloatArray, covariance: FloatArray, alpha: float = 0.05
) -> tuple[tuple[float, float], Shape]:
    """All x for which a + b x = 0 is not rejected at two-sided level ``alpha`` (Fieller 1954), and its shape.

    ``coefficients``: (a, b); ``covariance``: (2, 2). (a + b x)^2 <= z^2 (Vaa + 2 x Vab + x^2 Vbb) is a
    quadratic in x: an interval when b differs significantly from 0, otherwise two rays or the whole line.
    """
    z2 = float(norm.isf(alpha / 2)) ** 2
    (a, b), v = coefficients, covariance
    q2, q1, q0 = b * b - z2 * v[1, 1], 2 * (a * b - z2 * v[0, 1]), a * a - z2 * v[0, 0]
    discriminant = q1 * q1 - 4 * q2 * q0
    if q2 == 0 or discriminant < 0:
        return (-math.inf, math.inf), "everything"
    root = math.sqrt(discriminant)
    low, high = sorted(((-q1 - root) / (2 * q2), (-q1 + root) / (2 * q2)))
    return (float(low), float(high)), "interval" if q2 > 0 else "outside"


def _cells(frame: pd.DataFrame, strategies: tuple[str, str]) -> pd.DataFrame:
    """One row a (competition,) strategy and strength, with summed float successes and trials."""
    if "successes" not in frame and "any_medal" in frame:
        frame = frame.assign(successes=frame["any_medal"].astype("float64"), trials=1.0)
    missing = [name for name in ("strategy", "strength", "successes", "trials") if name not in frame]
    if missing:
        raise InputError(f"no column {', '.join(missing)}; strategy, strength, successes, trials are needed")
    frame = frame[frame["strategy"].isin(strategies)]
    if set(frame["strategy"]) != set(strategies):
        raise InputError(f"the column strategy needs rows of both {strategies[0]} and {strategies[1]}")
    keys = ["competition"] * ("competition" in frame) + ["strategy", "strength"]
    columns = ["strength", "successes", "trials"]
    frame = frame.assign(**{name: frame[name].astype("float64") for name in columns})
    bad = (frame["successes"] < 0) | (frame["successes"] > frame["trials"]) | (frame["trials"] <= 0)
    if bad.any() or not np.isfinite(frame[columns].to_numpy()).all():
        raise InputError("successes must lie in 0..trials, trials be positive and strengths finite numbers")
    return frame.groupby(keys, as_index=False)[["successes", "trials"]].sum()


def _counts(cells: pd.DataFrame, strategies: tuple[str, str]) -> _Counts:
    by_competition = "competition" in cells
    groups = cells["competition"].astype(str) if by_competition else pd.Series("", index=cells.index)
    names, points = sorted(set(groups)), np.unique(cells["strength"].to_numpy(dtype=np.float64))
    at = (
        groups.map({name: i for i, name in enumerate(names)}).to_numpy(),
        cells["strategy"].map({name: i for i, name in enumerate(strategies)}).to_numpy(),
        np.searchsorted(points, cells["strength"].to_numpy(dtype=np.float64)),
    )
    successes, trials = (np.zeros((len(names), 2, len(points))) for _ in range(2))
    successes[at], trials[at] = cells["successes"], cells["trials"]
    return _Counts(np.vstack([points, points]), successes, trials, by_competition)


def _not_identified(counts: _Counts) -> str:
    """Why no crossover can be estimated, or nothing."""
    if counts.by_competition and len(counts.trials) < FEWEST_COMPETITIONS:
        return f"{len(counts.trials)} competitions are too few (fewer than {FEWEST_COMPETITIONS})"
    successes, trials = counts.successes.sum(axis=0), counts.trials.sum(axis=0)
    if ((trials > 0).sum(axis=1) < 2).any():
        return "a strategy was observed at one strength only: no slope"
    for s in range(2):
        if not overlapping(counts.strengths[s], successes[[s]], trials[[s]])[0]:
            return "separation: a strategy succeeds always or never on one side of a strength"
    return ""


def _fit(cells: pd.DataFrame, challenger: str, clustered: bool) -> tuple[FloatArray, FloatArray]:
    """Coefficients (1, strategy, strength, strategy x strength) and their covariance."""
    other = (cells["strategy"] == challenger).to_numpy(dtype=np.float64)
    strength = cells["strength"].to_numpy(dtype=np.float64)
    design = np.column_stack([np.ones(len(cells)), other, strength, other * strength])
    outcome = np.column_stack([cells["successes"], cells["trials"] - cells["successes"]])
    model = GLM(outcome, design, family=Binomial())
    groups = pd.factorize(cells["competition"])[0] if clustered else None
    # with two strengths no degree of freedom is left for the scale, which a binomial model does not use,
    # and a perfect fit looks to statsmodels like separation, which was ruled out before
    with np.errstate(divide="ignore", invalid="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", PerfectSeparationWarning)
        fit = model.fit(cov_type="cluster", cov_kwds={"groups": groups}) if clustered else model.fit()
    return np.asarray(fit.params, dtype=np.float64), np.asarray(fit.cov_params(), dtype=np.float64)


def _fitted(counts: _Counts) -> FloatArray:
    """(strategy, point) success rates of the fitted lines."""
    successes, trials = counts.successes.sum(axis=0), counts.trials.sum(axis=0)
    rates = []
    for x, won, n in zip(counts.strengths, successes, trials, strict=True):
        intercept, slope = logistic_lines(x, won[None], n[None])[0]
        rates.append(1 / (1 + np.exp(-intercept - slope * x)))
    return np.array(rates)
