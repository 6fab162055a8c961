"""How well labels agree with those of a person: figures with intervals over units and over repositories."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import pandas as pd

from posttrace.analysis.arrays import FloatArray
from posttrace.analysis.routes.agreement import class_of
from posttrace.analysis.routes.estimates import Clusters, Estimate
from posttrace.analysis.routes.route import NO_TRAIN, STEP, UNKNOWN, coarse_of

GOALS: Final = {
    "accuracy (13 classes)": "≥ .90",
    "macro-F1": "≥ .80",
    "coarse accuracy": "≥ .95",
    "hand-written": "≥ .90",
    "ordered (a>b) exact": "≥ .80",
    "no_train said trained": "0",
}


@dataclass(frozen=True)
class Figure:
    """One figure with both intervals.

    ``by_unit``: units drawn anew. ``by_repository``: whole repositories drawn anew, which is what another
    list of repositories would vary by.
    """

    name: str
    by_unit: Estimate
    by_repository: Estimate


@dataclass(frozen=True)
class Scores:
    """``said`` labels against ``truth``, one entry a unit each."""

    truth: Sequence[str]
    said: Sequence[str]
    repositories: Sequence[str]
    handwritten: Sequence[bool]
    pipeline: Sequence[bool]
    seed: int = 0
    resamples: int = 2000

    @cached_property
    def classes(self) -> tuple[list[str], list[str]]:
        """Of the 13 classes, what each unit is and what was said of it."""
        return [class_of(label) for label in self.truth], [class_of(label) for label in self.said]

    @cached_property
    def right(self) -> list[bool]:
        """Units whose class is right."""
        return [true == said for true, said in zip(*self.classes, strict=True)]

    @cached_property
    def coarse(self) -> list[bool]:
        """Units whose coarse class is right."""
        return [coarse_of(true) == coarse_of(said) for true, said in zip(self.truth, self.said, strict=True)]

    def figures(self) -> list[Figure]:
        """The headline figures."""
        exact = [true == said for true, said in zip(self.truth, self.said, strict=True)]
        idle = [label == NO_TRAIN for label in self.truth]
        silent = [label == NO_TRAIN for label in self.said]
        trained = [label not in (NO_TRAIN, UNKNOWN, FAILED) for label in self.said]
        open_ = [label in (UNKNOWN, FAILED) for label in self.said]
        everyone = [True] * len(self.truth)
        shares: dict[str, tuple[Sequence[bool], Sequence[bool]]] = {
            "accuracy (13 classes)": (self.right, everyone),
            "coarse accuracy": (self.coarse, everyone),
            "hand-written": (self.right, self.handwritten),
            "exact label": (exact, everyone),
            "ordered (a>b) exact": (exact, [STEP in label for label in self.truth]),
            "pipelines exact": (exact, self.pipeline),
            "no_train said trained": (trained, idle),
            "trained said no_train": (silent, [not value for value in idle]),
            "no verdict": (open_, everyone),
            "accuracy of verdicts": (self.right, [not value for value in open_]),
        }
        found = [self._share(name, *of) for name, of in shares.items()]
        return [found[0], self._macro(), *found[1:]]

    def by_class(self) -> pd.DataFrame:
        """One row a class that is true of a unit or was said of one: n, said, precision, recall, F1."""
        truth, said = (np.array(labels) for labels in self.classes)
        rows = []
        for name in sorted({*truth, *said}):
            hits, n, count = (
                ((truth == name) & (said == name)).sum(),
                (truth == name).sum(),
                (said == name).sum(),
            )
            row = (
                name,
                int(n),
                int(count),
                _ratio(hits, count),
                _ratio(hits, n),
                _ratio(2 * hits, n + count),
            )
            rows.append(row)
        return pd.DataFrame(rows, columns=["class", "n", "said", "precision", "recall", "F1"])

    def by(self, name: str, groups: Sequence[str]) -> pd.DataFrame:
        """One row a group: n, accuracy over the 13 classes, coarse accuracy; the largest first."""
        table = pd.DataFrame({name: list(groups), "accuracy": self.right, "coarse": self.coarse})
        grouped = table.groupby(name)
        found = grouped.mean().assign(n=grouped.size()).sort_values("n", ascending=False, kind="stable")
        return found.reset_index()[[name, "n", "accuracy", "coarse"]]

    @cached_property
    def _drawn(self) -> list[tuple[Clusters, FloatArray]]:
        rng = np.random.default_rng(self.seed)
        each = tuple(map(str, range(len(self.truth))))
        clusters = [Clusters(names, self.resamples) for names in (each, tuple(self.repositories))]
        return [(cluster, cluster.weights(rng)) for cluster in clusters]

    def _share(self, name: str, hit: Sequence[bool], among: Sequence[bool]) -> Figure:
        return Figure(name, *(cluster.share(hit, among, weights) for cluster, weights in self._drawn))

    def _macro(self) -> Figure:
        found = (cluster.macro_f1(*self.classes, weights) for cluster, weights in self._drawn)
        return Figure("macro-F1", *found)


FAILED: Final = "failed"
"""Said of a unit on which the reading failed or took too long: always wrong."""


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole else math.nan
