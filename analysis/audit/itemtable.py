"""Outcomes of several evaluations lined up item by item, with what was lost and what was not answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from posttrace.analysis.arrays import FloatArray, IntArray
from posttrace.analysis.runs.records import Evaluation
from posttrace.analysis.stats.items.paired import Paired


class ItemError(ValueError):
    """Evaluations whose items do not match by id."""


@dataclass(frozen=True)
class ItemTable:
    """One row an item of the baseline; NaN where the evaluator lost the outcome.

    ``baseline``: (replicate, item). ``submissions``: (item, submission), mean over its scorings.
    ``clusters``: (item,) codes or None. ``unanswered``: items without an answer, counted 0, a submission.
    """

    baseline: FloatArray
    submissions: FloatArray
    clusters: IntArray | None
    unanswered: tuple[int, ...]

    @classmethod
    def align(cls, baseline: Sequence[Evaluation], submissions: Sequence[Sequence[Evaluation]]) -> ItemTable:
        """Line up by item id; every evaluation has ids and values.

        Raises ``ItemError`` when an id repeats, when baseline scorings differ in their items, or when a
        submission has items that the baseline lacks.
        """
        index = _index(baseline[0])
        rows = []
        for evaluation in different(baseline):
            values, absent = _place(evaluation, index)
            if absent:
                raise ItemError("the baseline's scorings are of different items")
            rows.append(values)
        columns, unanswered = [], []
        for evaluations in submissions:
            placed = [_place(e, index) for e in evaluations]
            columns.append(np.mean([values for values, _ in placed], axis=0))
            unanswered.append(max(absent for _, absent in placed))
        clusters = _clusters([*baseline, *(e for scored in submissions for e in scored)], index)
        return cls(np.array(rows), np.column_stack(columns), clusters, tuple(unanswered))

    @property
    def n(self) -> int:
        """Items, lost ones included."""
        return int(self.submissions.shape[0])

    @property
    def lost(self) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """(item,) some outcome of the item is lost."""
        lost = np.isnan(self.baseline).any(axis=0) | np.isnan(self.submissions).any(axis=1)
        return np.asarray(lost, dtype=np.bool_)

    @property
    def n_lost(self) -> int:
        """Items that are dropped."""
        return int(self.lost.sum())

    @property
    def deterministic(self) -> bool:
        """Two or more scorings of the baseline, all the same: further ones carry no information."""
        kept = self.baseline[:, ~self.lost]
        return kept.shape[0] > 1 and bool((kept == kept[0]).all())

    def complete(self) -> Paired:
        """The items without loss."""
        kept = ~self.lost
        clusters = None if self.clusters is None else self.clusters[kept]
        return Paired(self._replicates(self.baseline[:, kept]), self.submissions[kept], clusters)

    def adverse(self, to_gain: bool) -> Paired:
        """All items, lost outcomes set against a gain (submission 0, baseline 1), or for it."""
        ours, base = (0.0, 1.0) if to_gain else (1.0, 0.0)
        baseline = np.where(np.isnan(self.baseline), base, self.baseline)
        submissions = np.where(np.isnan(self.submissions), ours, self.submissions)
        return Paired(self._replicates(baseline), submissions, self.clusters)

    def _replicates(self, baseline: FloatArray) -> FloatArray:
        return baseline[:1] if self.deterministic else baseline


def _index(evaluation: Evaluation) -> dict[str, int]:
    ids = evaluation.item_ids or ()
    index = {item: row for row, item in enumerate(ids)}
    if len(index) != len(ids):
        raise ItemError("mismatched items: an item id occurs twice")
    return index


def _place(evaluation: Evaluation, index: dict[str, int]) -> tuple[FloatArray, int]:
    """Values in the order of ``index``, 0 where there is none, and how many there are of those."""
    ids = _index(evaluation)
    if evaluation.values is None or len(evaluation.values) != len(ids):
        raise ItemError("mismatched items: as many ids as values are needed")
    if not ids.keys() <= index.keys():
        raise ItemError("mismatched items: a submission has items that the baseline lacks")
    values = np.zeros(len(index))
    values[[index[item] for item in ids]] = evaluation.values
    return values, len(index) - len(ids)


def different(baseline: Sequence[Evaluation]) -> list[Evaluation]:
    """Scorings without second records of one scoring: the same seed and the same outcomes."""
    seen: dict[tuple[object, ...], Evaluation] = {}
    for position, evaluation in enumerate(baseline):
        values = b"" if evaluation.values is None else evaluation.values.tobytes()
        known = evaluation.eval_seed is not None
        key = (evaluation.eval_seed, evaluation.score, evaluation.item_ids, values) if known else (position,)
        seen.setdefault(key, evaluation)
    return list(seen.values())


def _clusters(evaluations: Sequence[Evaluation], index: dict[str, int]) -> IntArray | None:
    """(item,) codes, from the first evaluation that has them for all items; None where each has its own."""
    for e in evaluations:
        if e.clusters is not None and e.item_ids is not None and set(e.item_ids) == index.keys():
            of_item = dict(zip(e.item_ids, e.clusters, strict=True))
            names = [of_item[item] for item in index]
            codes = np.unique(names, return_inverse=True)[1]
            return None if len(set(names)) == len(names) else np.asarray(codes, dtype=np.int64)
    return None
