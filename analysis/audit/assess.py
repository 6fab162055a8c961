"""One run: from its record to evidence, before any other run is looked at."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, replace
from typing import Final, Generic, TypeVar

import numpy as np

from posttrace.analysis.audit.baseline import baseline_on
from posttrace.analysis.audit.clean import (
    K_UNKNOWN,
    Candidate,
    Cleaned,
    clean,
    confirmation,
    evaluators,
)
from posttrace.analysis.audit.counts import CountEvidence, Scores
from posttrace.analysis.audit.evidence import Evidence, Measure
from posttrace.analysis.audit.itemtable import ItemError, ItemTable, different
from posttrace.analysis.audit.settings import AuditSettings
from posttrace.analysis.audit.verdict import MIN_ITEMS, too_few
from posttrace.analysis.audit.wording import BOUNDED, BY_SCORES, RESTS_ON, Scope, pp
from posttrace.analysis.runs.records import Evaluation, RunRecord
from posttrace.traces.events import Split

UNSEEN: Final[dict[Split, Scope]] = {"fresh": "generalises", "sealed": "non-adaptive"}
"""Splits that neither agent nor selection saw: the winner is tested there alone, k = 1, the first counts."""

G = TypeVar("G", Evidence, CountEvidence)


@dataclass(frozen=True)
class Measured(Generic[G]):
    """Evidence of one run; ``against``, ``towards``: every lost outcome set against a gain, or for it."""

    evidence: G
    against: G | None = None
    towards: G | None = None


@dataclass(frozen=True)
class Assessment:
    """A run and what could be measured on it.

    ``selection``: on the items that the best submission was picked on. ``test``: what the verdict rests on:
    items that no selection saw (those of the split ``unseen``) where there are any, else the same.
    ``n_items``: the complete ones.
    ``invalid`` and ``unmeasured``: why there is none.
    """

    record: RunRecord
    cleaned: Cleaned
    scope: Scope
    flags: tuple[str, ...]
    n_items: int | None = None
    selection: Evidence | None = None
    test: Measured[Evidence] | Measured[CountEvidence] | None = None
    unseen: Split | None = None
    invalid: str | None = None
    unmeasured: str | None = None

    @property
    def p(self) -> float:
        """p of the winner, adjusted for the submissions of this run; NaN where nothing was tested."""
        return math.nan if self.test is None else self.test.evidence.p

    @property
    def p_alone(self) -> float:
        """The same, had it been the only run."""
        return math.nan if self.test is None else self.test.evidence.p_alone

    @property
    def on_unseen(self) -> bool:
        """The verdict rests on items that no selection saw."""
        return self.unseen is not None

    @property
    def baseline_scorings(self) -> tuple[Evaluation, ...]:
        """Scorings of the baseline that the corrected gain is taken against."""
        if self.unseen is None:
            return self.cleaned.baseline
        return baseline_on(self.record, self.unseen)

    @property
    def corrected_gain(self) -> float:
        """The winner's gain without the luck of the pick, on the items that the verdict rests on.

        On items that no selection saw there is nothing to correct: the gain there.
        """
        return math.nan if self.test is None else self.test.evidence.corrected

    @property
    def k_known(self) -> bool:
        """The record has every submission that was scored."""
        return not K_UNKNOWN & set(self.record.started.recorder.unknown)

    @property
    def best(self) -> Candidate | None:
        """The winner on items; without items the best score; tie: the earliest."""
        candidates = [c for c in self.cleaned.candidates if c.evaluations]
        if self.selection is not None:
            return candidates[self.selection.winner]
        return max(candidates, key=lambda c: c.score, default=None)

    @property
    def baseline(self) -> float:
        """Mean score of the baseline; NaN without one."""
        if self.selection is not None:
            return self.selection.sample.p0
        scores = [e.score for e in self.cleaned.baseline]
        return float(np.mean(scores)) if scores else math.nan

    @property
    def gain(self) -> float:
        """Reported gain G; NaN where scores cannot be compared."""
        if self.selection is not None:
            return self.selection.gain
        if self.invalid is not None or self.best is None:
            return math.nan
        return self.best.score - self.baseline


def stream(settings: AuditSettings, run_id: str, purpose: int) -> np.random.Generator:
    """The random numbers of one purpose in one run: a function of seed and run id alone."""
    name = int.from_bytes(hashlib.sha256(run_id.encode()).digest()[:16], "big")
    return np.random.default_rng(np.random.SeedSequence([settings.seed, name, purpose]))


def measure(settings: AuditSettings, run_id: str, table: ItemTable, purpose: int) -> Measured[Evidence]:
    """Evidence on the complete items of a table, and under both bounds where items were lost."""
    test = Measure(settings.alpha, settings.resamples)
    complete = test(table.complete(), stream(settings, run_id, purpose))
    if table.n_lost == 0:
        return Measured(complete)
    against, towards = (
        test(table.adverse(to_gain), stream(settings, run_id, purpose)) for to_gain in (True, False)
    )
    return Measured(complete, against, towards)


def cell_evaluators(records: tuple[RunRecord, ...]) -> dict[str, set[str]]:
    """Cell -> every evaluator that scored in it."""
    found: dict[str, set[str]] = {}
    for record in records:
        scored = [e for s in record.submissions for e in (s.evaluation, *s.rescored) if e is not None]
        known = evaluators([*record.baseline, *record.baseline_rescored, *scored])
        found.setdefault(record.started.cell_id, set()).update(known)
    return found


def assess(record: RunRecord, settings: AuditSettings, judges: set[str], family: int = 1) -> Assessment:
    """Measure one run; ``judges``: all evaluators of its cell; ``family``: runs of the audit."""
    cleaned = clean(record)
    scope: Scope = "non-adaptive" if record.feedback == "none" else "adaptive, this test set"
    base = Assessment(record, cleaned, scope, cleaned.flags)
    invalid = cleaned.invalid
    if invalid is None and len(judges) > 1:
        invalid = "mixed judges in the cell: " + ", ".join(sorted(judges))
    if invalid is not None:
        return replace(base, invalid=invalid)
    table = cleaned.table
    if table is None:
        return _by_scores(base, settings, family)
    # the table is as large as the record: what is kept of a run must not be
    base = replace(base, cleaned=replace(cleaned, table=None), n_items=table.n - table.n_lost)
    if table.n - table.n_lost < MIN_ITEMS:
        return replace(base, invalid=too_few(base.n_items))
    if table.complete().units.n_units < 2:
        return replace(base, unmeasured="too few clusters")
    measured = measure(settings, record.run_id, table, 0)
    return _confirmed(replace(base, selection=measured.evidence, test=measured), settings)


def _by_scores(base: Assessment, settings: AuditSettings, family: int) -> Assessment:
    """Test the best score where not all outcomes of the items are on record."""
    cleaned, best = base.cleaned, base.best
    flags = (*base.flags, cleaned.no_items or "")
    n = _items(base)
    if n is None:
        return replace(base, unmeasured="no per-item outcomes, number of items unknown", flags=flags)
    if n < MIN_ITEMS:
        return replace(base, invalid=too_few(n), flags=flags)
    assert best is not None, "a run without a scored submission is invalid"
    repeated = {e.score for e in different(cleaned.baseline)}
    # equal scores may be one scoring reported again; as one they claim less
    m = len(different(cleaned.baseline)) if len(repeated) > 1 else 1
    scores = Scores(base.baseline, best.score, n, cleaned.k, m)
    flags = (*flags, BY_SCORES, *(() if scores.counted else (BOUNDED,)))
    evidence = CountEvidence(scores, settings.alpha, family)
    return replace(base, n_items=n, test=Measured(evidence), flags=flags)


def _items(base: Assessment) -> int | None:
    """Items behind a score: those on record, else what the task says."""
    scored = [*base.cleaned.baseline, *(e for c in base.cleaned.candidates for e in c.evaluations)]
    known = [len(e.values) for e in scored if e.values is not None]
    return min(known, default=base.record.started.task.n_items)


def _confirmed(selected: Assessment, settings: AuditSettings) -> Assessment:
    """The same, resting on items that no selection saw, where winner and baseline were scored on some."""
    for split, scope in UNSEEN.items():
        table, note = _unseen(selected, split)
        if table is not None:
            measured = measure(settings, selected.record.run_id, table, 1)
            sample, gain = measured.evidence.sample, pp(measured.evidence.gain)
            flags = (*selected.flags, RESTS_ON[split], f"{split} items: gain {gain} on n = {sample.n}")
            return replace(selected, test=measured, unseen=split, n_items=sample.n, scope=scope, flags=flags)
        selected = replace(selected, flags=(*selected.flags, *note))
    if selected.record.feedback == "heldout":
        note = ("sealed items not scored for winner and baseline: verdict on items the agent heard of",)
        return replace(selected, flags=(*selected.flags, *note))
    return selected


def _unseen(selected: Assessment, split: Split) -> tuple[ItemTable | None, tuple[str, ...]]:
    """Winner and baseline on a split, or why that cannot be used."""
    if selected.best is None:
        return None, ()
    try:
        table = confirmation(selected.record, selected.best.submission, split)
    except ItemError as error:
        return None, (f"{split} items not used: {error}",)
    if table is None:
        return None, ()
    if table.n - table.n_lost < MIN_ITEMS or table.complete().units.n_units < 2:
        return None, (f"{split} items not used: too few",)
    return table, ()
