"""Fit the confidence of routes on a labelled list, and say how well it carries over to other repositories."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from benchmarks.routes.verdicts import Verdict
from posttrace.analysis.routes.confidence import (
    FEATURES,
    Calibration,
    Fit,
    calibration_error,
    features,
)
from posttrace.analysis.routes.route import UNKNOWN, Route

HEAD: Final = """\
# Log-odds that a route read from code is right: the intercept plus the weights of what holds.
# Written by `make routes-eval LABELS=... CLONES=... ARGS=--fit`; comments give what each was seen on.
"""


@dataclass(frozen=True)
class Fitted:
    """Routes that make a claim, each with its repository and whether it is right."""

    routes: Sequence[Route]
    right: Sequence[bool]
    repositories: Sequence[str]

    @classmethod
    def of(cls, verdicts: Sequence[Verdict]) -> Fitted:
        """Of all verdicts that are not ``unknown``; right is the whole label, order included."""
        claims = [(v, v.route) for v in verdicts if v.route is not None and UNKNOWN not in v.route.stages]
        return cls(
            [route for _, route in claims],
            [route.label == verdict.unit.label for verdict, route in claims],
            [verdict.unit.repo for verdict, _ in claims],
        )

    @cached_property
    def features(self) -> list[frozenset[str]]:
        """Of each route."""
        return [features(route) for route in self.routes]

    @cached_property
    def calibration(self) -> Calibration:
        """Fitted on all of them."""
        return Fit()(self.features, self.right)

    @cached_property
    def elsewhere(self) -> list[float]:
        """Confidence of each route by a fit without its repository; NaN where that leaves nothing."""
        sure = [math.nan] * len(self.routes)
        for repository in dict.fromkeys(self.repositories):
            rest = [i for i, name in enumerate(self.repositories) if name != repository]
            if not rest:
                continue
            model = Fit()([self.features[i] for i in rest], [self.right[i] for i in rest])
            for i, name in enumerate(self.repositories):
                if name == repository:
                    sure[i] = model.confidence(self.routes[i]) or 0.0
        return sure

    def quality(self) -> dict[str, float]:
        """Calibration error and Brier score: leave-one-repository-out, in-sample, and of one constant."""
        known = [i for i, sure in enumerate(self.elsewhere) if not math.isnan(sure)]
        right = [self.right[i] for i in known]
        inside = [self.calibration.confidence(self.routes[i]) or 0.0 for i in known]
        outside = [self.elsewhere[i] for i in known]
        share = float(np.mean(right)) if right else math.nan
        return {
            "ece_other_repositories": calibration_error(outside, right),
            "ece_in_sample": calibration_error(inside, right),
            "brier_other_repositories": _brier(outside, right),
            "brier_in_sample": _brier(inside, right),
            "brier_constant": _brier([share] * len(right), right),
        }

    def toml(self) -> str:
        """The file that ships."""
        found = self.calibration
        lines = [HEAD, f"intercept = {found.intercept:.4f}", f"units = {found.units}"]
        lines.append(f"repositories = {len(set(self.repositories))}")
        lines += ["", "[quality]", *(f"{name} = {value:.4f}" for name, value in self.quality().items())]
        lines += ["", "[weights]"]
        for name, says in FEATURES.items():
            if name in found.weights:
                hits = [ok for holds, ok in zip(self.features, self.right, strict=True) if name in holds]
                lines.append(f"# {says}: {sum(hits)} of {len(hits)} right")
                lines.append(f"{name} = {found.weights[name]:.4f}")
        return "\n".join(lines) + "\n"


def _brier(sure: Sequence[float], right: Sequence[bool]) -> float:
    gaps = np.array(sure) - np.array(right, dtype=np.float64)
    return float(np.mean(gaps**2)) if len(gaps) else math.nan
