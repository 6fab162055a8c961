"""Which submissions of a run count, and on which items: states, denominators, alignment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from posttrace.analysis.audit.baseline import Baseline, baseline_on
from posttrace.analysis.audit.itemtable import ItemError, ItemTable
from posttrace.analysis.audit.wording import NO_SCORE, ONLY_BASE, copies
from posttrace.analysis.runs.records import Evaluation, RunRecord, Submission
from posttrace.traces.events import Split

SubmissionState = Literal["scored", "failed", "duplicate", "base copy", "rescored"]
"""scored: counts towards k. rescored: the same content scored again, averaged into the first, not counted.
failed: no score. duplicate: content of an earlier submission. base copy: the base; a baseline replicate."""

K_UNKNOWN = frozenset({"k", "submissions"})
"""What an importer writes under ``recorder.unknown`` when a record may lack submissions."""
SCALE_SLACK = 1e-9


@dataclass(frozen=True)
class Candidate:
    """A submission that counts, with the scorings its selection rests on (several are averaged)."""

    submission: Submission
    evaluations: tuple[Evaluation, ...]

    @property
    def score(self) -> float:
        """Score that the selection saw, on 0..1."""
        return float(np.mean([e.score for e in self.evaluations]))


@dataclass(frozen=True)
class Cleaned:
    """One run, ready for its test.

    ``invalid`` and ``no_items``: why nothing can be tested; the counts hold all the same. ``table`` has the
    baseline and ``candidates`` in their order, on ``split``.
    """

    states: dict[int, SubmissionState]
    candidates: tuple[Candidate, ...]
    baseline: tuple[Evaluation, ...]
    split: str | None
    flags: tuple[str, ...]
    invalid: str | None = None
    no_items: str | None = None
    table: ItemTable | None = None

    def count(self, state: SubmissionState) -> int:
        """Submissions in a state."""
        return sum(s == state for s in self.states.values())

    @property
    def k(self) -> int:
        """Different scored submissions: what the maximum ran over."""
        return len(self.candidates)


@dataclass
class _Draft:
    states: dict[int, SubmissionState] = field(default_factory=dict)
    chosen: dict[int, Submission] = field(default_factory=dict)
    again: dict[int, list[Evaluation]] = field(default_factory=dict)


def clean(record: RunRecord) -> Cleaned:
    """Sort the submissions of ``record`` into states and align the items of those that count."""
    draft = _states(record)
    candidates = _candidates(draft)
    known = Baseline.of(record)
    baseline = known.scorings
    used = [*baseline, *(e for c in candidates for e in c.evaluations)]
    cleaned = Cleaned(draft.states, candidates, baseline, known.split, _flags(record, known))
    if not candidates:
        return replace(cleaned, invalid=_nothing(record, draft))
    invalid = _invalid(candidates, baseline, used)
    if invalid:
        return replace(cleaned, invalid=invalid)
    missing = _without_items(candidates, baseline)
    if missing:
        return replace(cleaned, no_items=missing)
    try:
        table = ItemTable.align(baseline, [c.evaluations for c in candidates])
    except ItemError as error:
        return replace(cleaned, invalid=str(error))
    return replace(cleaned, table=table, flags=(*cleaned.flags, *_item_flags(table, candidates)))


def confirmation(record: RunRecord, winner: Submission, split: Split) -> ItemTable | None:
    """Winner and baseline on a split that no selection saw, nothing of the selecting scores; None without.

    Raises ``ItemError`` when both were scored on different items or by different evaluators.
    """
    ours = [e for e in winner.rescored if e.split == split]
    base = baseline_on(record, split)
    if not ours or not base or any(e.values is None or e.item_ids is None for e in (*ours, *base)):
        return None
    if len(evaluators([*ours, *base])) > 1:
        raise ItemError("scored by different evaluators")
    if any(_off_scale(e) for e in (*ours, *base)):
        raise ItemError("a score lies off its scale")
    return ItemTable.align(base, [tuple(ours)])


def evaluators(evaluations: Iterable[Evaluation]) -> set[str]:
    """Known evaluators, as ``id@version``."""
    return {e.evaluator for e in evaluations if e.evaluator is not None}


def _states(record: RunRecord) -> _Draft:
    draft = _Draft()
    first: dict[str, int] = {}
    for submission in record.submissions:
        identity, sha, evaluation = (
            submission.submission_id,
            submission.artifact_sha256,
            submission.evaluation,
        )
        if submission.status == "duplicate":
            draft.states[identity] = "base copy" if submission.is_base_copy else "duplicate"
        elif submission.status != "graded" or evaluation is None:
            draft.states[identity] = "failed"
        elif submission.is_base_copy:
            draft.states[identity] = "base copy"
        elif sha is not None and sha in first:
            draft.states[identity] = "rescored"
            draft.again[first[sha]].append(evaluation)
        else:
            draft.states[identity] = "scored"
            draft.chosen[identity] = submission
            draft.again[identity] = []
            if sha is not None:
                first[sha] = identity
    return draft


def _candidates(draft: _Draft) -> tuple[Candidate, ...]:
    found = []
    for identity, submission in draft.chosen.items():
        own = (submission.evaluation, *draft.again[identity])
        found.append(Candidate(submission, tuple(e for e in own if e is not None)))
    return tuple(found)


def _nothing(record: RunRecord, draft: _Draft) -> str:
    if "base copy" not in draft.states.values():
        return NO_SCORE
    # a copy of a copy was not scored, it carries the first one's score
    scored = sum(s.is_base_copy and s.evaluation is not None for s in record.submissions)
    return f"{ONLY_BASE} ({copies(scored)})"


def _invalid(
    candidates: tuple[Candidate, ...], baseline: tuple[Evaluation, ...], used: list[Evaluation]
) -> str | None:
    if len({e.split for c in candidates for e in c.evaluations}) > 1:
        return "submissions were scored on different splits"
    if not baseline:
        return "no baseline on the split that the submissions were scored on"
    if any(_off_scale(e) for e in used):
        return "a score lies off its scale"
    if len(evaluators(used)) > 1:
        return "mixed judges: " + ", ".join(sorted(evaluators(used)))
    return None


def _off_scale(evaluation: Evaluation) -> bool:
    values = np.array([evaluation.score])
    inside = (values >= -SCALE_SLACK) & (values <= 1 + SCALE_SLACK)
    if evaluation.values is not None:
        kept = evaluation.values[~np.isnan(evaluation.values)]
        inside = np.append(inside, (kept >= -SCALE_SLACK) & (kept <= 1 + SCALE_SLACK))
    return not bool(inside.all())


def _without_items(candidates: tuple[Candidate, ...], baseline: tuple[Evaluation, ...]) -> str | None:
    lacking = ["baseline"] if any(e.values is None or e.item_ids is None for e in baseline) else []
    lacking += [
        f"submission {c.submission.submission_id}"
        for c in candidates
        if any(e.values is None or e.item_ids is None for e in c.evaluations)
    ]
    return f"no per-item outcomes ({', '.join(lacking)})" if lacking else None


def _flags(record: RunRecord, baseline: Baseline) -> tuple[str, ...]:
    flags = [f"{kind} x{count}" for kind, count in sorted(record.flags.items())]
    if not record.started.sandbox.isolates:
        flags.append(f"unprotected ({record.started.sandbox.kind})")
    if record.torn:
        flags.append("torn trace")
    if any(e.evaluator is None or e.item_ids is None for e in baseline.scorings):
        flags.append("baseline provenance unknown")
    if baseline.note:
        flags.append(baseline.note)
    zeroed = sum(s.reason == "scored_zero_on_failure" for s in record.submissions)
    if zeroed:
        flags.append(f"scored_zero_on_failure x{zeroed}: stays in k")
    if record.unusable:
        flags.append(f"{len(record.unusable)} rescore files left out")
    return tuple(flags)


def _item_flags(table: ItemTable, candidates: tuple[Candidate, ...]) -> list[str]:
    flags = []
    for column, count in enumerate(table.unanswered):
        if count:
            identity = candidates[column].submission.submission_id
            flags.append(f"submission {identity}: {count} unanswered items counted 0")
    if table.n_lost:
        flags.append(f"{table.n_lost} of {table.n} items dropped: lost by the evaluator")
    if table.deterministic:
        flags.append(
            "scoring is deterministic (identical baseline replicates count once): "
            "more or fresh items help, replicates do not"
        )
    means = np.nanmean(table.submissions, axis=0) if table.n > table.n_lost else np.array([])
    scores = [c.score for c in candidates]
    if any(abs(mean - score) > 1e-6 for mean, score in zip(means, scores, strict=False)):
        flags.append("a reported score is not the mean of its items: gains are of item means")
    return flags
