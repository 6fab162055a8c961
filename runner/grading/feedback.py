"""What the agent hears of a score."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from posttrace.runner.grading.settings import FeedbackPolicy
from posttrace.traces.events import Best, TaskInfo

_EXACT: int = 10**6
"""Scores are snapped to fractions up to this denominator: a mean over that many items becomes exact."""


class Ladder:
    """The Ladder mechanism (Blum & Hardt 2015, arXiv 1502.04585, Algorithm 1), in exact arithmetic.

    A loss is released, rounded to the step ``eta``, only when it beats the best released one by more than
    ``eta``; otherwise the best released one is said again. Ties between two multiples round up.
    """

    def __init__(self, eta: Fraction) -> None:
        self.eta = eta
        self.released: Fraction | None = None

    def release(self, loss: Fraction) -> Fraction:
        """Return what may be said about a loss."""
        if self.released is None or loss < self.released - self.eta:
            self.released = math.floor(loss / self.eta + Fraction(1, 2)) * self.eta
        return self.released


def better(best: Best | None, submission_id: int, score: float, task: TaskInfo) -> Best:
    """The better of the best so far and a new score; a tie goes to the earlier."""
    sign = 1 if task.higher_is_better else -1
    if best is not None and sign * score <= sign * best.score:
        return best
    return Best(submission_id=submission_id, score=score)


@dataclass
class Feedback:
    """One run's feedback; remembers the best of what was told.

    ``baseline`` is the base's mean score on the feedback split, on the task's native scale.
    """

    policy: FeedbackPolicy
    task: TaskInfo
    baseline: float
    eta: float = 0.01

    def __post_init__(self) -> None:
        """Start with no submission."""
        self._told_best: Best | None = None
        self._ladder = Ladder(Fraction(str(self.eta)))

    def tell(self, submission_id: int, score: float) -> dict[str, Any]:
        """Take a score into account and return what the agent hears (native scale, null = hidden)."""
        if self.policy == "none":
            return self.hidden()
        said = self._released(score) if self.policy == "ladder" else score
        self._told_best = better(self._told_best, submission_id, said, self.task)
        sign = 1 if self.task.higher_is_better else -1
        return {
            "score": said,
            "baseline_score": self.baseline,
            "improvement": sign * (said - self.baseline),
            "best": {"submission_id": self._told_best.submission_id, "score": self._told_best.score},
        }

    def without_score(self) -> dict[str, Any]:
        """What the agent hears of a submission that got no score."""
        if self.policy == "none":
            return self.hidden()
        best = self._told_best
        told = None if best is None else {"submission_id": best.submission_id, "score": best.score}
        return {"score": None, "baseline_score": self.baseline, "improvement": None, "best": told}

    def hidden(self) -> dict[str, Any]:
        """Nothing."""
        return {"score": None, "baseline_score": None, "improvement": None, "best": None}

    def _released(self, score: float) -> float:
        share = Fraction(score / self.task.scale_max).limit_denominator(_EXACT)
        loss = 1 - share if self.task.higher_is_better else share
        released = self._ladder.release(loss)
        said = 1 - released if self.task.higher_is_better else released
        return float(said * Fraction(str(self.task.scale_max)))
