"""How sure is a route? A probability from the kind of its evidence, fitted on labelled code.

The model is a logistic regression on a few yes/no features of the evidence with normal priors on the weights
(ridge), shipped as ``confidence.toml``. It was fitted on code without a trace, so it says how often a
*reading* of such evidence is right; that a command was seen to run, or that its log agrees, is told by the
tier and does not raise the figure.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np

from posttrace.analysis.arrays import FloatArray
from posttrace.analysis.routes.route import UNKNOWN, Route
from posttrace.analysis.routes.source.mentions import RULE

SHIPPED: Final = Path(__file__).with_name("confidence.toml")
THRESHOLD: Final = 0.5
"""A verdict less sure than this is ``unknown``."""
NAMES_CAP: Final = 0.5
"""Of a verdict that rests on names alone (tier D), however often those were right."""
PROVED: Final = "base_copy"
"""Rule of equal bytes: no estimate."""
FEATURES: Final[Mapping[str, str]] = {
    "nothing": "nothing that trains was found",
    "handwritten": "a loss in sight, by its shape",
    "trainer": "a library's trainer that is made and started",
    "setting": "an algorithm that a call or a configuration names",
    "names": "names alone",
    "sequence": "several objectives in order",
    "unread": "a part could not be read, or not to its end",
    "elsewhere": "a part of what it imports could not be read",
    "undecided": "a choice between objectives, or a condition, that is not decided",
    "mentions": "a call named like training, where none was found",
    "unplaced": "training without a line that shows it",
}
_BASES: Final = ("names", "setting", "trainer")


def features(route: Route) -> frozenset[str]:
    """Those of ``FEATURES`` that hold; exactly one says what the verdict rests on."""
    rules = {fact.rule for fact in route.evidence}
    if not route.stages:
        basis = "nothing"
    elif route.tier == "D":
        basis = "names"
    else:
        basis = next((name for name in _BASES[1:] if name in rules), "handwritten")
    holds = {
        basis: True,
        "sequence": len(route.stages) > 1,
        "unread": "unread" in rules,
        "elsewhere": "unread-elsewhere" in rules,
        "mentions": RULE in rules,
        "undecided": bool(route.candidates) or route.attributes.get("certain") == "no",
        "unplaced": bool(route.stages) and all(fact.line is None for fact in route.evidence),
    }
    return frozenset(name for name, true in holds.items() if true)


@dataclass(frozen=True)
class Calibration:
    """Log-odds that a verdict is right: ``intercept`` plus the ``weights`` of the features that hold."""

    intercept: float
    weights: Mapping[str, float]
    units: int = 0
    """Labelled units that it was fitted on."""

    def confidence(self, route: Route) -> float | None:
        """Probability that the label is right; null for ``unknown``, which claims nothing."""
        if UNKNOWN in route.stages:
            return None
        if not route.stages and any(fact.rule == PROVED for fact in route.evidence):
            return 1.0
        holds = features(route)
        odds = self.intercept + sum(self.weights.get(name, 0.0) for name in holds)
        sure = 1 / (1 + math.exp(-odds))
        return min(sure, NAMES_CAP) if "names" in holds else sure


@cache
def shipped() -> Calibration:
    """The calibration of this version."""
    found = tomllib.loads(SHIPPED.read_text())
    return Calibration(found["intercept"], found["weights"], found["units"])


def judged(route: Route, *, threshold: float = THRESHOLD, calibration: Calibration | None = None) -> Route:
    """The route with its confidence; below ``threshold`` ``unknown``, with the label as first candidate.

    A route that has a confidence keeps it.
    """
    sure = route.confidence
    if sure is None:
        sure = (calibration or shipped()).confidence(route)
    if sure is None or sure >= threshold or UNKNOWN in route.stages:
        return route.with_confidence(sure)
    candidates = tuple(dict.fromkeys((route.label, *route.candidates)))
    return Route((UNKNOWN,), None, route.evidence, route.attributes, candidates, sure)


@dataclass(frozen=True)
class Fit:
    """Fits a ``Calibration``: the most probable weights.

    ``spread``: standard deviation of the normal prior of each weight, in log-odds (2.5: weakly informative,
    the scale of Gelman et al. 2008, who take a Cauchy prior); a feature that was never seen keeps 0. The
    intercept's prior is that of one verdict more that was right and one that was wrong.
    """

    spread: float = 2.5

    def __call__(self, found: Sequence[frozenset[str]], right: Sequence[bool]) -> Calibration:
        """From the features of verdicts and whether each was right."""
        from scipy.optimize import minimize  # only here: the routes of a trace need no scipy

        names = [name for name in FEATURES if any(name in holds for holds in found)]
        x = np.ones((len(found), len(names) + 1))
        for column, name in enumerate(names, start=1):
            x[:, column] = [name in holds for holds in found]
        y = np.array(right, dtype=np.float64)

        def loss(w: FloatArray) -> tuple[float, FloatArray]:
            odds = x @ w
            pull = np.concatenate([[0.0], w[1:] / self.spread**2])
            middle = 1 / (1 + np.exp(-w[0]))
            value = np.logaddexp(0, odds).sum() - y @ odds + (w @ pull) / 2
            value += 2 * np.logaddexp(0, w[0]) - w[0]
            slope = x.T @ (1 / (1 + np.exp(-odds)) - y) + pull
            slope[0] += 2 * middle - 1
            return float(value), slope

        w = minimize(loss, np.zeros(len(names) + 1), jac=True, method="L-BFGS-B").x
        weights = {name: float(weight) for name, weight in zip(names, w[1:], strict=True)}
        return Calibration(float(w[0]), weights, len(found))


def calibration_error(sure: Sequence[float], right: Sequence[bool], bins: int = 10) -> float:
    """Expected calibration error: |mean confidence - share right| in ``bins`` equal bins, weighted by size.

    NaN without verdicts. With few verdicts it is above 0 also for a perfect calibration.
    """
    if not sure:
        return math.nan
    p, y = np.array(sure), np.array(right, dtype=np.float64)
    place = np.minimum((p * bins).astype(int), bins - 1)
    gaps = [abs((p - y)[place == i].sum()) for i in range(bins)]
    return float(sum(gaps) / len(p))
