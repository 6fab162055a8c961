"""One run: from its record to evidence, before any other run is looked at."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from posttrace.analysis.clean import K_UNKNOWN, Candidate, Cleaned, clean, confirmation, evaluators
from posttrace.analysis.evidence import Evidence, Measure
from posttrace.analysis.itemtable import ItemError, ItemTable
from posttrace.analysis.records import RunRecord
from posttrace.analysis.settings import AuditSettings
from posttrace.analysis.verdict import MIN_ITEMS
from posttrace.analysis.wording import Scope, pp
from posttrace.traces.events import Split

UNSEEN: Final[dict[Split, Scope]] = {"fresh": "generalises", "sealed": "non-adaptive"}
"""Splits that neither agent nor selection saw: the winner is tested there alone, k = 1, the first counts."""


@dataclass(frozen=True)
class Assessment:
    """A run and what could be measured on it.

    ``selection``: on the items that the best submission was picked on. ``test``: what the verdict rests on:
    items that no selection saw where there are any, else the same. ``table``: the items behind ``test``.
    ``invalid`` and ``unmeasured``: why there is none.
    """

    record: RunRecord
    cleaned: Cleaned
    scope: Scope
    flags: tuple[str, ...]
    selection: Evidence | None = None
    test: Evidence | None = None
    table: ItemTable | None = None
    invalid: str | None = None
    unmeasured: str | None = None

    @property
    def p(self) -> float:
        """p of the winner, adjusted for the submissions of this run; NaN where nothing was tested."""
        return math.nan if self.test is None else self.test.p

    @property
    def k_known(self) -> bool:
        """The record has every submission."""
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
            return self.selection.paired.p0
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


def measure(settings: AuditSettings, run_id: str, table: ItemTable, purpose: int) -> Evidence:
    """Evidence on the complete items of a table."""
    rng = stream(settings, run_id, purpose)
    return Measure(settings.alpha, settings.resamples)(table.complete(), rng)


def measure_adverse(settings: AuditSettings, assessment: Assessment, to_gain: bool) -> Evidence | None:
    """Evidence with every lost outcome set against a gain, or for it; None where nothing was lost."""
    if assessment.table is None or assessment.table.n_lost == 0:
        return None
    rng = stream(settings, assessment.record.run_id, 2)
    return Measure(settings.alpha, settings.resamples)(assessment.table.adverse(to_gain), rng)


def cell_evaluators(records: tuple[RunRecord, ...]) -> dict[str, set[str]]:
    """Cell -> every evaluator that scored in it."""
    found: dict[str, set[str]] = {}
    for record in records:
        scored = [e for s in record.submissions for e in (s.evaluation, *s.rescored) if e is not None]
        known = evaluators([*record.baseline, *record.baseline_rescored, *scored])
        found.setdefault(record.started.cell_id, set()).update(known)
    return found


def assess(record: RunRecord, settings: AuditSettings, judges: set[str]) -> Assessment:
    """Measure one run; ``judges``: all evaluators of its cell."""
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
        return replace(base, unmeasured="no per-item outcomes", flags=(*base.flags, cleaned.no_items or ""))
    if table.n - table.n_lost < MIN_ITEMS:
        return replace(base, invalid=f"{table.n - table.n_lost} items; {MIN_ITEMS} are needed")
    if table.complete().units.n_units < 2:
        return replace(base, unmeasured="too few clusters")
    evidence = measure(settings, record.run_id, table, 0)
    selected = replace(base, selection=evidence, test=evidence, table=table)
    return _confirmed(selected, settings)


def _confirmed(selected: Assessment, settings: AuditSettings) -> Assessment:
    """The same, resting on items that no selection saw, where winner and baseline were scored on some."""
    for split, scope in UNSEEN.items():
        selected = _on_split(selected, settings, split, scope)
        if selected.test is not selected.selection:
            return selected
    if selected.record.feedback == "heldout":
        note = "sealed items not scored for winner and baseline: verdict on items whose score the agent heard"
        return replace(selected, flags=(*selected.flags, note))
    return selected


def _on_split(selected: Assessment, settings: AuditSettings, split: Split, scope: Scope) -> Assessment:
    if selected.best is None:
        return selected
    try:
        table = confirmation(selected.record, selected.best.submission, split)
    except ItemError as error:
        return replace(selected, flags=(*selected.flags, f"{split} items not used: {error}"))
    if table is None:
        return selected
    if table.n - table.n_lost < MIN_ITEMS or table.complete().units.n_units < 2:
        return replace(selected, flags=(*selected.flags, f"{split} items not used: too few"))
    test = measure(settings, selected.record.run_id, table, 1)
    note = f"{split} items: gain {pp(test.gain)} on n = {test.paired.n}"
    return replace(selected, test=test, table=table, scope=scope, flags=(*selected.flags, note))
