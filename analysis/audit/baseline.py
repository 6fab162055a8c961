"""What the baseline of a run is the mean of: the recorder's own scorings, and graded copies of the base."""

from __future__ import annotations

from dataclasses import dataclass

from posttrace.analysis.audit.itemtable import different
from posttrace.analysis.audit.wording import BASELINE, copies
from posttrace.analysis.runs.records import Evaluation, RunRecord


@dataclass(frozen=True)
class Baseline:
    """Scorings of the base on the split that submissions were graded on; None: there is not exactly one.

    ``own``: by the recorder, later ones included. ``copies``: of submissions that had the base's content.
    """

    split: str | None
    own: tuple[Evaluation, ...]
    copies: tuple[Evaluation, ...]

    @classmethod
    def of(cls, record: RunRecord) -> Baseline:
        """The baseline of ``record``."""
        graded = [
            (s.is_base_copy, s.evaluation)
            for s in record.submissions
            if s.status == "graded" and s.evaluation is not None
        ]
        trained = {e.split for is_copy, e in graded if not is_copy}
        splits = trained or {e.split for _, e in graded} or {e.split for e in record.baseline}
        split = splits.pop() if len(splits) == 1 else None
        submitted = tuple(e for is_copy, e in graded if is_copy and e.split == split)
        return cls(split, baseline_on(record, split), submitted)

    @property
    def scorings(self) -> tuple[Evaluation, ...]:
        """Own scorings, then copies."""
        return *self.own, *self.copies

    @property
    def n(self) -> int:
        """Different scorings: a second record of one (same seed, same outcomes) does not count."""
        return len(different(self.scorings))

    @property
    def n_copies(self) -> int:
        """Those of them that only a copy brought."""
        return self.n - len(different(self.own))

    @property
    def note(self) -> str | None:
        """Why the baseline is not the one that the recorder printed, if it is not."""
        if not self.n_copies:
            return None
        return (
            f"{BASELINE}mean of {self.n} scorings, including {copies(self.n_copies)} of the base that the "
            "agent submitted"
        )


def baseline_on(record: RunRecord, split: str | None) -> tuple[Evaluation, ...]:
    """The recorder's own scorings of the base on a split, later ones included."""
    return tuple(e for e in (*record.baseline, *record.baseline_rescored) if e.split == split)
