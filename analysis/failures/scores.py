"""Scores against the base model's: which submissions lie below it by more than chance, or gain nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from scipy.stats import norm

from posttrace.analysis.audit.clean import Cleaned, clean
from posttrace.analysis.digits import significant
from posttrace.analysis.failures.told import Told
from posttrace.analysis.runs.records import RunRecord
from posttrace.analysis.stats.items.bounds import GainBounds
from posttrace.analysis.stats.items.exact import conditional_binomial
from posttrace.analysis.stats.items.paired import Paired
from posttrace.analysis.stats.proportions import newcombe

ALPHA: Final = 0.05
"""One-sided level of "below the base", as in the audit's verdict ``regression``."""
LEVELS: Final = (0.0001, 0.001, 0.005, 0.01, ALPHA)
"""Levels at which scores without items are compared; p is the smallest that says below."""
COLLAPSE: Final = 0.5
"""A score below the base that is at most this share of it has collapsed."""
NO_GAIN: Final = 0.02
"""A gain whose upper bound is smaller than this is none, as in the audit."""

Level = Literal["collapsed", "below", "no_gain", "fine"]


@dataclass(frozen=True)
class Standing:
    """A scored model against the base; scores on 0..1. ``p``: one-sided, of being no worse than the base."""

    submission_id: int
    score: float
    baseline: float
    p: float
    level: Level

    @property
    def says(self) -> str:
        """In words, in percent."""
        p = "p < 0.001" if self.p < 0.001 else f"p = {significant(self.p, 2)}"
        score, baseline = (significant(100 * value, 4) for value in (self.score, self.baseline))
        return f"{score} % against {baseline} % of the base ({p})"


def standings(told: Told) -> dict[int, Standing]:
    """Submission -> where its score stands, for the trained models that have a score and a baseline.

    All of them below the base is one claim, at level ``ALPHA`` for each (an intersection-union test); that
    some are is several, so their level is divided by the number of models (Bonferroni).
    """
    cleaned = clean(told.run)
    if cleaned.invalid or not cleaned.baseline:
        return {}
    baseline = float(np.mean([evaluation.score for evaluation in cleaned.baseline]))
    numbers = [candidate.submission.submission_id for candidate in cleaned.candidates]
    columns = [column for column, number in enumerate(numbers) if not told.is_base(number)]
    tested = {column: _tested(cleaned, column, told.run, baseline) for column in columns}
    together = all(p <= ALPHA for p, _ in tested.values())
    found = {}
    for column, (p, upper) in tested.items():
        number, score = numbers[column], cleaned.candidates[column].score
        below = score < baseline and p <= (ALPHA if together else ALPHA / len(columns))
        found[number] = Standing(number, score, baseline, p, _level(score, baseline, upper, below=below))
    return found


def _level(score: float, baseline: float, upper: float, *, below: bool) -> Level:
    if below:
        return "collapsed" if score <= COLLAPSE * baseline else "below"
    return "no_gain" if upper < NO_GAIN else "fine"


def _tested(cleaned: Cleaned, column: int, run: RunRecord, baseline: float) -> tuple[float, float]:
    """p of "below the base", and the upper bound of the gain; (1, 1) where nothing can be said."""
    if cleaned.table is not None and cleaned.table.n > cleaned.table.n_lost:
        paired = cleaned.table.complete().take(column)
        return _below(paired), float(GainBounds(ALPHA).upper(paired)[0])
    n, score = run.started.task.n_items, cleaned.candidates[column].score
    if not n:
        return 1.0, 1.0
    counts = round(score * n), n, round(baseline * n), n
    # scores without items are taken as of independent ones: the interval of their difference, level by level
    p = next((level for level in LEVELS if newcombe(*counts, alpha=2 * level)[1] < 0), 1.0)
    return p, newcombe(*counts, alpha=2 * ALPHA)[1]


def _below(paired: Paired) -> float:
    """One-sided p of a loss, exact on independent 0/1 items."""
    if paired.zero_one and paired.clusters is None:
        return float(conditional_binomial(paired, greater=False)[0])
    return float(norm.cdf(paired.units.t[0]))
