"""All that is measured on one list of units."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any, Final

import numpy as np
import pandas as pd

from benchmarks.routes.cited import Cited, cited
from benchmarks.routes.floors import FLOORS
from benchmarks.routes.scores import FAILED, Scores
from benchmarks.routes.verdicts import Verdict
from posttrace.analysis.routes.confidence import THRESHOLD, Calibration, calibration_error, judged
from posttrace.analysis.routes.route import UNKNOWN

SCHEMA: Final = "posttrace-routes-eval/1"
OURS: Final = "posttrace"
ALL_SAID: Final = "nothing withheld"
"""Ours without a threshold."""


@dataclass(frozen=True)
class Evaluation:
    """Verdicts on a list, and the figures made of them.

    ``calibration``: what makes confidences of evidence. ``threshold``: confidence below which a verdict is
    ``unknown``. ``seed``: of the bootstrap.
    """

    verdicts: tuple[Verdict, ...]
    calibration: Calibration
    threshold: float = THRESHOLD
    seed: int = 0

    @cached_property
    def judged(self) -> list[Verdict]:
        """Without units that could not be read; each route with its confidence, or withheld."""
        return [self._judged(verdict) for verdict in self.verdicts if verdict.unreadable is None]

    def _judged(self, verdict: Verdict) -> Verdict:
        if verdict.route is None:
            return verdict
        route = judged(verdict.route, threshold=self.threshold, calibration=self.calibration)
        return replace(verdict, route=route)

    @cached_property
    def claims(self) -> tuple[list[float], list[bool]]:
        """Confidence of each verdict that has one, and whether it is right.

        A verdict that was withheld counts by its first candidate.
        """
        sure, right = [], []
        for verdict in self.judged:
            route = verdict.route
            if route is not None and route.confidence is not None:
                claimed = route.candidates[0] if route.label == UNKNOWN else route.label
                sure.append(route.confidence)
                right.append(claimed == verdict.unit.label)
        return sure, right

    @property
    def calibrated(self) -> tuple[float, int]:
        """Calibration error of the confidences, and how many there are."""
        return calibration_error(*self.claims), len(self.claims[0])

    def reliability(self) -> pd.DataFrame:
        """One row a bin of confidence that has verdicts: n, mean confidence, share that is right."""
        table = pd.DataFrame({"confidence": self.claims[0], "right": self.claims[1]}, dtype=float)
        place = (10 * table["confidence"]).astype(int).clip(upper=9)
        found = table.groupby(place.map(lambda i: f"{i / 10:.1f}–{(i + 1) / 10:.1f}").rename("bin")).mean()
        found.insert(0, "n", place.groupby(place).size().to_numpy())
        return found.reset_index()

    @property
    def unreadable(self) -> list[Verdict]:
        """Units that could not be read, which no figure counts."""
        return [verdict for verdict in self.verdicts if verdict.unreadable is not None]

    @cached_property
    def scores(self) -> Mapping[str, Scores]:
        """Of ours, with and without withholding, and of each floor, by name."""
        said = {
            OURS: [label_of(verdict) for verdict in self.judged],
            ALL_SAID: [label_of(verdict) for verdict in self.verdicts if verdict.unreadable is None],
        }
        said |= {name: [verdict.floors[name] for verdict in self.judged] for name in FLOORS}
        units = [verdict.unit for verdict in self.judged]
        return {
            name: Scores(
                truth=[unit.label for unit in units],
                said=labels,
                repositories=[unit.repo for unit in units],
                handwritten=[unit.handwritten for unit in units],
                pipeline=[unit.unit == "pipeline" for unit in units],
                seed=self.seed,
            )
            for name, labels in said.items()
        }

    @cached_property
    def cited(self) -> Cited:
        """Whether the lines that we cite are those of the list."""
        return cited(self.judged)

    @property
    def groups(self) -> Mapping[str, pd.DataFrame]:
        """Accuracy by repository, framework and difficulty."""
        units = [verdict.unit for verdict in self.judged]
        ours = self.scores[OURS]
        return {
            "repository": ours.by("repository", [unit.repo for unit in units]),
            "framework": ours.by("framework", [unit.framework for unit in units]),
            "difficulty": ours.by("difficulty", [unit.difficulty for unit in units]),
        }

    @property
    def seconds(self) -> Mapping[str, float]:
        """Median, 95th percentile and longest time of a unit; NaN without units."""
        times = np.array([verdict.seconds for verdict in self.judged] or [math.nan])
        low, high = np.quantile(times, [0.5, 0.95])
        return {"median": float(low), "p95": float(high), "longest": float(times.max())}

    def to_json(self) -> dict[str, Any]:
        """``posttrace-routes-eval/1``: plain JSON, null where a number is undefined."""
        found = {
            "schema": SCHEMA,
            "units": len(self.verdicts),
            "judged": len(self.judged),
            "figures": {
                name: {figure.name: _figure(asdict(figure)) for figure in scores.figures()}
                for name, scores in self.scores.items()
            },
            "classes": self.scores[OURS].by_class().to_dict("records"),
            "groups": {name: table.to_dict("records") for name, table in self.groups.items()},
            "cited": asdict(self.cited),
            "calibration_error": self.calibrated[0],
            "confidences": self.calibrated[1],
            "reliability": self.reliability().to_dict("records"),
            "threshold": self.threshold,
            "seconds": dict(self.seconds),
            "verdicts": [verdict_json(verdict) for verdict in (*self.judged, *self.unreadable)],
        }
        return {name: _plain(value) for name, value in found.items()}


def label_of(verdict: Verdict) -> str:
    """What was said of a unit."""
    return FAILED if verdict.route is None else verdict.route.label


def verdict_json(verdict: Verdict) -> dict[str, Any]:
    """One verdict with its evidence."""
    unit, route = verdict.unit, verdict.route
    return {
        "repo": unit.repo,
        "commit": unit.commit,
        "path": ";".join(unit.paths),
        "label": unit.label,
        "said": None if verdict.unreadable else label_of(verdict),
        "confidence": route.confidence if route else None,
        "tier": route.tier if route else None,
        "candidates": list(route.candidates) if route else [],
        "evidence": [{"where": fact.where, "rule": fact.rule, "says": fact.says} for fact in route.evidence]
        if route
        else [],
        "floors": dict(verdict.floors),
        "seconds": round(verdict.seconds, 3),
        "problem": verdict.unreadable or verdict.failure,
    }


def _figure(found: dict[str, Any]) -> dict[str, Any]:
    unit, repository = found["by_unit"], found["by_repository"]
    return {
        "value": unit["value"],
        "n": unit["n"],
        "by_unit": [unit["low"], unit["high"]],
        "by_repository": [repository["low"], repository["high"]],
    }


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value
