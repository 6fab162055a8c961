"""Do reported gains exceed evaluation noise? Verdicts on rows of a published table, from scores alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import numpy as np

from posttrace.analysis.audit.audit import Audit, Family, adjusted
from posttrace.analysis.audit.cells import Cells, Run
from posttrace.analysis.audit.counts import CountEvidence, Scores
from posttrace.analysis.audit.outcome import RunVerdict
from posttrace.analysis.audit.settings import AuditSettings
from posttrace.analysis.audit.verdict import MIN_ITEMS, Rules, Verdict, too_few
from posttrace.analysis.audit.wording import BOUNDED, BY_SCORES, K_UNKNOWN, chance, label, pp, size
from posttrace.analysis.published.results import Result, results
from posttrace.analysis.published.tables import Table, Tabular, as_tables

PROVENANCE: Final = "baseline provenance unknown"
REPRODUCIBLE: Final = (
    "reported noise 0: scores on these items are reproducible, which says nothing about other items"
)


@dataclass(frozen=True)
class Row:
    """A reported result and what could be computed of it; ``invalid``: why nothing could."""

    result: Result
    evidence: CountEvidence | None
    invalid: str | None

    @property
    def p(self) -> float:
        """p of the best score; with an unknown number of submissions the smallest it could be, of one."""
        return math.nan if self.evidence is None else self.evidence.p

    @property
    def p_alone(self) -> float:
        """The same, had it been the only row."""
        return math.nan if self.evidence is None else self.evidence.p_alone


def audit_table(table: Tabular | Sequence[Table], settings: AuditSettings | None = None) -> Audit:
    """Audit every row of a table that reports a baseline and a best score (columns: ``published.results``).

    ``table``: a frame, a CSV file, ``published:NAME``, or tables of one report, which tell of each other. The
    same ``Audit`` as of traces, without submissions: p-values are Holm-adjusted over all rows, gains that
    could not be corrected are NaN. Each row counts as a run with its own baseline scoring. Raises
    ``InputError`` for tables without the needed columns.
    """
    settings = settings or AuditSettings()
    found = results(as_tables(table) if isinstance(table, Tabular) else table)
    rows = [_assess(result, settings, len(found)) for result in found]
    p = np.array([row.p for row in rows])
    family, bh = Family(p), adjusted(p, "fdr_bh")
    verdicts = []
    for i, row in enumerate(rows):
        verdict = _decide(row, settings, partial(family.adjust, i))
        # a p alone has a nuisance level of its own, an adjusted one shares it: at the end of the list that
        # could make the adjusted one the smaller
        holm, false_rate = (max(float(x), row.p_alone) for x in (family.holm[i], bh[i]))
        verdicts.append(replace(_verdict(row, verdict, settings), p_holm=holm, p_bh=false_rate))
    cells = Cells(settings.exclude_policy, settings.alpha)([_run(row) for row in verdicts])
    return Audit(settings, tuple(verdicts), (), cells, ())


def _assess(result: Result, settings: AuditSettings, family: int) -> Row:
    problem, n = result.problem, result.n
    if problem is None and (n is None or n < MIN_ITEMS):
        problem = too_few(n)
    if problem is not None or n is None:
        return Row(result, None, problem)
    baseline, best = result.baseline, result.best
    if result.half == 0:  # one count fits the printed score: what was rounded away is known
        baseline, best = round(n * baseline) / n, round(n * best) / n
    scores = Scores(baseline, best, n, result.k or 1, half=result.half)
    return Row(result, CountEvidence(scores, settings.alpha, family), None)


def _decide(row: Row, settings: AuditSettings, adjust: partial[float]) -> Verdict:
    if row.evidence is None:
        return Verdict("invalid", row.invalid or "", row.invalid or "")
    rules = Rules(settings.alpha, settings.delta_min, settings.delta_eq)
    verdict = rules(row.evidence, adjust, row.result.k is not None)
    told = [verdict.reason, f"plug-in {chance(row.evidence.p_plug_in)}"]
    if row.result.k is not None and row.result.k > 1:
        luck = pp(row.evidence.expected_null_gain)
        told.append(f"the best of {row.result.k} such scores without any gain is {luck} on average")
    return replace(verdict, reason="; ".join(told))


def _verdict(row: Row, verdict: Verdict, settings: AuditSettings) -> RunVerdict:
    result, e = row.result, row.evidence
    return RunVerdict(
        run_id=result.run_id,
        cell_id=result.cell_id,
        task=result.task,
        agent=result.agent,
        driver=result.driver,
        mode=result.mode,
        base_model=result.base_model,
        seed=result.seed,
        n_items=result.n,
        k=result.k,
        k_known=result.k is not None,
        n_failed=0,
        n_duplicate=0,
        baseline=result.baseline,
        reported_best=result.best,
        reported_gain=result.best - result.baseline,
        winner=None,
        corrected_gain=math.nan,
        selection_share=math.nan,
        lcb=math.nan if e is None else e.lower,
        ucb=math.nan if e is None else e.upper,
        p_flip=math.nan,
        p_boot=math.nan,
        p_raw=row.p_alone,
        p_stop=math.nan,
        p_holm=math.nan,
        p_bh=math.nan,
        mde80=math.nan if e is None else e.mde80,
        se_items=math.nan,
        se_decode=math.nan,
        verdict=verdict.code,
        label=label(verdict.code, verdict.short, settings.delta_eq),
        reason=verdict.reason,
        scope="adaptive, this test set",
        flags=_flags(row),
        route=None,
        attempted=None,
        head_hash="",
    )


def _flags(row: Row) -> tuple[str, ...]:
    if row.evidence is None:
        return ()
    flags = [BY_SCORES, PROVENANCE, *([BOUNDED] if row.result.bounded else [])]
    if row.result.noise == 0:
        flags.append(
            "reported noise 0: scores on these items are reproducible; says nothing about other items"
        )
    elif not math.isnan(row.result.noise):
        difference = size(row.result.noise * math.sqrt(2))
        flags.append(
            f"reported noise of one evaluation {size(row.result.noise)}, of a difference {difference}: "
            "descriptive only"
        )
    if row.result.k is None:
        flags.append(K_UNKNOWN)
    return tuple(flags)


def _run(row: RunVerdict) -> Run:
    return Run(
        cell_id=row.cell_id,
        task=row.task,
        agent=row.agent,
        driver=row.driver,
        mode=row.mode,
        code=row.verdict,
        gain=row.reported_gain if row.verdict != "invalid" else math.nan,
        gain_kind="reported",
        failed=False,
        baseline=row.baseline,
        baseline_key=row.run_id,
        baseline_var=math.nan,
    )
