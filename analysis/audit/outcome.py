"""The rows of an audit: a run's verdict, and each of its submissions."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from posttrace.analysis.audit.assess import Assessment
from posttrace.analysis.audit.clean import SubmissionState
from posttrace.analysis.audit.counts import CountEvidence
from posttrace.analysis.audit.settings import AuditSettings
from posttrace.analysis.audit.verdict import Adjust, Rules, Verdict
from posttrace.analysis.audit.wording import NO_STOP, Code, Scope, label


@dataclass(frozen=True)
class RunVerdict:
    """One run; gains on 0..1, NaN where undefined (``flags`` or ``reason`` say why).

    ``winner``: submission id. ``lcb``: simultaneous lower bound of the winner's gain. ``ucb``: no submission
    gains more. ``p_raw``: of the winner, adjusted for the k submissions; ``p_holm``, ``p_bh``: that, adjusted
    over all runs of the audit. ``p_stop``: submission budget x p of the winner alone. Where the verdict rests
    on items that no selection saw (a flag says so), so do p, bounds, ``mde80`` and ``corrected_gain``;
    ``baseline``, ``reported_best`` and ``reported_gain`` are always of the items that the best was picked on.
    ``selection_share``: reported - corrected gain. ``se_items``, ``se_decode``: standard error of one scoring
    of the baseline from the choice of items, and from decoding and judging; NaN without replicates.
    ``route``: of the winner, and ``attempted``: objectives whose training ran; null where nobody asked
    (``Audit.with_routes``) or no submission was graded. No verdict depends on them.
    """

    run_id: str
    cell_id: str
    task: str
    agent: str
    driver: str | None
    mode: str | None
    base_model: str
    seed: int | None
    n_items: int | None
    k: int | None
    k_known: bool
    n_failed: int
    n_duplicate: int
    baseline: float
    reported_best: float
    reported_gain: float
    winner: int | None
    corrected_gain: float
    selection_share: float
    lcb: float
    ucb: float
    p_flip: float
    p_boot: float
    p_raw: float
    p_stop: float
    p_holm: float
    p_bh: float
    mde80: float
    se_items: float
    se_decode: float
    verdict: Code
    label: str
    reason: str
    scope: Scope
    flags: tuple[str, ...]
    route: str | None
    attempted: tuple[str, ...] | None
    head_hash: str


@dataclass(frozen=True)
class SubmissionVerdict:
    """One submission of a run; ``score`` and gains on 0..1, NaN unless it counts.

    ``lcb``, ``ucb``: simultaneous two-sided interval of the gain. ``p_stepdown``: adjusted for the other
    submissions; ``p_one``: of this one alone. ``rescored_score``: mean of later scorings on the same split.
    """

    run_id: str
    submission_id: int
    state: SubmissionState
    score: float
    rescored_score: float
    gain: float
    se: float
    lcb: float
    ucb: float
    p_stepdown: float
    p_one: float
    is_winner: bool


def decide(assessment: Assessment, settings: AuditSettings, adjust: Adjust) -> Verdict:
    """The verdict on a run, checked against the items that its evaluator lost."""
    if assessment.invalid is not None:
        return Verdict("invalid", assessment.invalid, assessment.invalid)
    if assessment.test is None:
        why = assessment.unmeasured or "nothing measured"
        return Verdict("undetermined", why, "; ".join((why, *assessment.flags)))
    # on items that no selection saw the number of submissions does not matter
    k_known = assessment.k_known or assessment.on_unseen
    rules = Rules(settings.alpha, settings.delta_min, settings.delta_eq)
    verdict = rules(assessment.test.evidence, adjust, k_known)
    adverse = assessment.test.against if verdict.code == "exceeds" else assessment.test.towards
    if adverse is None or verdict.code == "undetermined":
        return _placed(verdict, assessment)
    other = rules(adverse, adjust, k_known)
    if other.code == verdict.code:
        return _placed(verdict, assessment)
    text = f"{verdict.reason}; with the lost items against this verdict it would be {other.code}"
    return _placed(Verdict("undetermined", "missing items", text), assessment)


def _placed(verdict: Verdict, assessment: Assessment) -> Verdict:
    """The same; a reason with numbers of items that no selection saw says so."""
    if assessment.unseen is None:
        return verdict
    return replace(verdict, reason=f"on the {assessment.unseen} items alone: {verdict.reason}")


def run_verdict(
    assessment: Assessment, verdict: Verdict, settings: AuditSettings, p_holm: float, p_bh: float
) -> RunVerdict:
    """The printed row of a run."""
    started, cleaned = assessment.record.started, assessment.cleaned
    p_stop, stopping = _p_stop(assessment)
    best = assessment.best
    row = RunVerdict(
        run_id=assessment.record.run_id,
        cell_id=started.cell_id,
        task=started.task.id,
        agent=started.agent.id,
        driver=started.agent.driver,
        mode=started.agent.mode,
        base_model=started.base_model.id,
        seed=started.seed,
        n_items=assessment.n_items,
        k=cleaned.k,
        k_known=assessment.k_known,
        n_failed=cleaned.count("failed"),
        n_duplicate=cleaned.count("duplicate"),
        baseline=assessment.baseline,
        reported_best=math.nan if best is None else best.score,
        reported_gain=assessment.gain,
        winner=None if best is None else best.submission.submission_id,
        corrected_gain=math.nan,
        selection_share=math.nan,
        lcb=math.nan,
        ucb=math.nan,
        p_flip=math.nan,
        p_boot=math.nan,
        p_raw=assessment.p_alone,
        p_stop=p_stop,
        # by scores alone, a p shares its nuisance level once it is adjusted, and could be the smaller
        p_holm=max(p_holm, assessment.p_alone),
        p_bh=max(p_bh, assessment.p_alone),
        mde80=math.nan,
        se_items=math.nan,
        se_decode=math.nan,
        verdict=verdict.code,
        label=label(verdict.code, verdict.short, settings.delta_eq),
        reason=verdict.reason,
        scope=assessment.scope,
        flags=(*assessment.flags, *stopping),
        route=None,
        attempted=None,
        head_hash=assessment.record.head_hash,
    )
    return _with_evidence(row, assessment)


def _with_evidence(row: RunVerdict, assessment: Assessment) -> RunVerdict:
    if assessment.test is None:
        return row
    test = assessment.test.evidence
    flags = list(row.flags)
    if math.isnan(test.mde80):
        flags.append("mde80: no attainable gain is detectable")
    if test.skewed:
        flags.append("skewed differences: bounds may cover less often than they say")
    row = replace(
        row,
        corrected_gain=assessment.corrected_gain,
        selection_share=assessment.gain - assessment.corrected_gain,
        lcb=test.lower,
        ucb=test.upper,
        mde80=test.mde80,
        flags=tuple(flags),
    )
    if isinstance(test, CountEvidence):
        return row
    flip, boot = test.test.p_flip[test.winner], test.test.p_boot[test.winner]
    noise = test.sample
    return replace(
        row,
        p_flip=float(flip),
        p_boot=float(boot),
        se_items=noise.se_items,
        se_decode=noise.se_decode,
    )


def _p_stop(assessment: Assessment) -> tuple[float, tuple[str, ...]]:
    """Bonferroni over the submissions that the budget allowed, and why there may be none."""
    if assessment.test is None:
        return math.nan, ()
    if assessment.on_unseen:
        return math.nan, (f"{NO_STOP}not needed on items that no selection saw",)
    cap = assessment.record.started.budget.submissions
    if cap is None:
        return math.nan, (f"{NO_STOP}undefined, the submission budget has no cap",)
    # of the winner alone; not by among(cap), whose p for scores is that of the largest of cap already
    alone = assessment.test.evidence.among(1).p
    return min(1.0, max(cap, assessment.cleaned.k) * alone), ()


def submission_verdicts(assessment: Assessment) -> tuple[SubmissionVerdict, ...]:
    """The rows of a run's submissions, in order."""
    columns = {c.submission.submission_id: j for j, c in enumerate(assessment.cleaned.candidates)}
    rows = []
    for submission in assessment.record.submissions:
        identity = submission.submission_id
        later = [e.score for e in submission.rescored if e.split == assessment.cleaned.split]
        row = SubmissionVerdict(
            run_id=assessment.record.run_id,
            submission_id=identity,
            state=assessment.cleaned.states[identity],
            score=math.nan if submission.evaluation is None else submission.evaluation.score,
            rescored_score=float(np.mean(later)) if later else math.nan,
            gain=math.nan,
            se=math.nan,
            lcb=math.nan,
            ucb=math.nan,
            p_stepdown=math.nan,
            p_one=math.nan,
            is_winner=assessment.best is not None and assessment.best.submission is submission,
        )
        rows.append(_measured(row, assessment, columns.get(identity)))
    return tuple(rows)


def _measured(row: SubmissionVerdict, assessment: Assessment, column: int | None) -> SubmissionVerdict:
    e = assessment.selection
    if e is None or column is None:
        return row
    return replace(
        row,
        gain=float(e.sample.gains[column]),
        se=float(e.sample.se[column]),
        lcb=float(e.bounds.low[column]),
        ucb=float(e.bounds.high[column]),
        p_stepdown=float(e.test.p_stepdown[column]),
        p_one=float(e.test.p_one[column]),
    )
