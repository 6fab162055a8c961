"""Items that come in groups: type I with whole groups resampled, and with the groups ignored."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.noise.estimate import Row, share
from benchmarks.noise.rates import claims
from posttrace.analysis.stats.items.paired import Paired

TITLE = "Clusters of items"
TEXT = (
    "p0 = .4; clusters of 3 to 17 items. Every scored model has its own strength in every cluster (Beta, "
    "correlation `ICC` of two items of a cluster), so differences are alike within a cluster; none is "
    "better over all clusters. `resampled`: clusters are units; `ignored`: items are."
)


@dataclass(frozen=True)
class Case:
    """``clusters`` groups, ``k`` submissions, ``count`` times."""

    clusters: int
    icc: float
    k: int
    count: int

    def row(self, rng: np.random.Generator) -> Row:
        """Both rates, on the same experiments."""
        hits = np.zeros(2)
        for _ in range(self.count):
            paired = self.draw(rng)
            plain = Paired(paired.baseline, paired.submissions)
            hits += [claims(table, np.zeros(self.k), rng).exceeds for table in (paired, plain)]
        resampled, ignored = (share(hit, self.count) for hit in hits)
        settings = {"clusters": self.clusters, "ICC": self.icc, "k": self.k}
        return {**settings, "experiments": self.count, "resampled": resampled, "ignored": ignored}

    def draw(self, rng: np.random.Generator) -> Paired:
        """New clusters, new items, no true gain."""
        code = np.repeat(np.arange(self.clusters), rng.integers(3, 18, self.clusters))
        spread = (1 - self.icc) / self.icc
        strength = rng.beta(0.4 * spread, 0.6 * spread, (self.clusters, self.k + 1))[code]
        right = (rng.random(strength.shape) < strength).astype(np.float64)
        return Paired(right[:, 0][None], right[:, 1:], code.astype(np.int64))


def cases(full: bool) -> list[Case]:
    """From twelve clusters, little more than what the audit asks for, to forty."""
    return [
        Case(clusters, icc, k, 10_000 if full else 1000)
        for clusters in (12, 20, 40)
        for icc in ((0.05, 0.1, 0.3) if full else (0.1, 0.3))
        for k in (1, 10)
    ]
