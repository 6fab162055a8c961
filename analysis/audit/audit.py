"""Do the gains of a set of runs exceed evaluation noise? One call, from records to verdicts."""

from __future__ import annotations

import hashlib
import math
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np
import pandas as pd
from statsmodels.stats.multitest import multipletests

from posttrace.analysis.arrays import FloatArray
from posttrace.analysis.audit.assess import Assessment, assess, cell_evaluators
from posttrace.analysis.audit.cells import Cells, CellVerdict, Run
from posttrace.analysis.audit.evidence import Evidence
from posttrace.analysis.audit.outcome import (
    RunVerdict,
    SubmissionVerdict,
    decide,
    run_verdict,
    submission_verdicts,
)
from posttrace.analysis.audit.settings import AuditSettings
from posttrace.analysis.runs.each import Each, in_turn
from posttrace.analysis.runs.records import Exclusion, RunRecord

if TYPE_CHECKING:
    from posttrace.analysis.routes.routes import Routes

__all__ = ["SCHEMA", "Audit", "AuditSettings", "CellVerdict", "RunVerdict", "SubmissionVerdict", "audit"]

SCHEMA: Final = "posttrace-audit/1"


class Runs(Protocol):
    """What an audit reads of a ``TraceSet``: final runs, and the others with their reason."""

    @property
    def final(self) -> tuple[RunRecord, ...]:
        """The runs that count."""
        ...

    @property
    def excluded(self) -> tuple[Exclusion, ...]:
        """Everything else that was found, with its reason."""
        ...


@dataclass(frozen=True)
class Audit:
    """Verdicts on runs, their submissions and cells; ``excluded``: what was found and does not count."""

    settings: AuditSettings
    runs: tuple[RunVerdict, ...]
    submissions: tuple[SubmissionVerdict, ...]
    cells: tuple[CellVerdict, ...]
    excluded: tuple[Exclusion, ...]

    def with_routes(self, routes: Routes) -> Audit:
        """The same, with ``route`` and ``attempted`` of each run.

        The route is that of the winner; where only copies of the base were scored, of the best of them.
        """
        rows = []
        for row in self.runs:
            found = routes.of(row.run_id)
            route = found.submitted if row.winner is None else found.submissions[row.winner]
            label = None if route is None else route.label
            rows.append(replace(row, route=label, attempted=found.attempted))
        return replace(self, runs=tuple(rows))

    def to_json(self) -> dict[str, Any]:
        """``posttrace-audit/1``: plain JSON, null where a number is undefined."""
        return {
            "schema": SCHEMA,
            "settings": asdict(self.settings),
            "runs": [_plain(asdict(row)) for row in self.runs],
            "cells": [_plain(asdict(row)) for row in self.cells],
            "excluded": [asdict(row) for row in self.excluded],
        }

    def table(self) -> pd.DataFrame:
        """One row a run, columns as in the JSON."""
        columns = list(RunVerdict.__dataclass_fields__)
        frame = pd.DataFrame([asdict(row) for row in self.runs], columns=columns)
        frame["flags"] = ["; ".join(row.flags) for row in self.runs]
        frame["attempted"] = [
            None if row.attempted is None else ", ".join(row.attempted) for row in self.runs
        ]
        return frame


def audit(traces: Runs, settings: AuditSettings | None = None, *, each: Each = in_turn) -> Audit:
    """Audit every final run of ``traces``.

    p-values are Holm-adjusted over the runs of this call. The result depends on records and settings alone:
    random numbers come from the seed and each run's id. ``each`` says how runs are worked through.
    """
    settings = settings or AuditSettings()
    judges = cell_evaluators(traces.final)
    family = len(traces.final)
    jobs = [(record, settings, judges[record.started.cell_id], family) for record in traces.final]
    found = list(each(_assessed, jobs))
    p = np.array([assessment.p for assessment in found])
    study, bh = Family(p), adjusted(p, "fdr_bh")
    rows = []
    for i, assessment in enumerate(found):
        verdict = decide(assessment, settings, partial(study.adjust, i))
        rows.append(run_verdict(assessment, verdict, settings, float(study.holm[i]), float(bh[i])))
    cells = Cells(settings.exclude_policy, settings.alpha)(
        [_run(assessment, row) for assessment, row in zip(found, rows, strict=True)]
    )
    submissions = tuple(row for assessment in found for row in submission_verdicts(assessment))
    return Audit(settings, tuple(rows), submissions, cells, traces.excluded)


def _assessed(job: tuple[RunRecord, AuditSettings, set[str], int]) -> Assessment:
    return assess(*job)


def adjusted(p: FloatArray, method: str) -> FloatArray:
    """(run,) adjusted p-values; NaN stays NaN and does not count (statsmodels would count it)."""
    result = p.copy()
    known = ~np.isnan(p)
    # one alone is not adjusted; asking would only cost multipletests' garbage collection
    if known.sum() > 1:
        result[known] = multipletests(p[known], method=method)[1]
    return result


class Family:
    """The runs of one audit, whose p-values are adjusted together (Holm). ``p``, ``holm``: (run,)."""

    def __init__(self, p: FloatArray) -> None:
        self.p = p
        self.holm = adjusted(p, "holm")

    def adjust(self, run: int, p: float) -> float:
        """Holm-adjusted ``p`` in the place of one run's own."""
        if p == self.p[run]:
            return float(self.holm[run])
        changed = self.p.copy()
        changed[run] = p
        return float(adjusted(changed, "holm")[run])


def _run(assessment: Assessment, row: RunVerdict) -> Run:
    corrected = not math.isnan(row.corrected_gain)
    return Run(
        cell_id=row.cell_id,
        task=row.task,
        agent=row.agent,
        driver=row.driver,
        mode=row.mode,
        code=row.verdict,
        gain=row.corrected_gain if corrected else row.reported_gain,
        gain_kind=_gain_kind(assessment),
        failed=row.k == 0,
        baseline=row.baseline,
        baseline_key=_baseline_key(assessment),
        baseline_var=_baseline_variance(assessment),
    )


def _gain_kind(assessment: Assessment) -> str:
    if math.isnan(assessment.corrected_gain):
        return "reported"
    return f"{assessment.unseen} items" if assessment.unseen else "corrected"


def _baseline_key(assessment: Assessment) -> str:
    """The same for runs whose baseline was scored once for all: same seeds, same outcomes."""
    digest = hashlib.sha256()
    for e in assessment.baseline_scorings:
        digest.update(repr((e.eval_seed, e.score, e.item_ids)).encode())
        digest.update(b"" if e.values is None else e.values.tobytes())
    return digest.hexdigest()


def _baseline_variance(assessment: Assessment) -> float:
    """Variance of the baseline's mean given the items; without items p0 (1 - p0) / n as an upper bound."""
    if assessment.test is not None and isinstance(assessment.test.evidence, Evidence):
        return assessment.test.evidence.sample.baseline_var
    p0, n = assessment.baseline, assessment.record.started.task.n_items
    return p0 * (1 - p0) / n if n else math.nan


def _plain(value: Any) -> Any:
    """Tuples as lists, undefined numbers as None."""
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
