"""What a failure is called, and what one rule found: its name, its words and the lines it rests on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

FailureType = Literal[
    "code_error_runtime",
    "rollout_logic_wrong",
    "timeout_no_submission",
    "copy_model_fallback",
    "training_diverged",
    "unknown",
]
"""The vocabulary of autorl_bench (microsoft/RD-Agent). It has no word for rewards: a reward is computed on
rollouts, so what is wrong with it is ``rollout_logic_wrong`` here, and the class below tells both apart."""
PaperClass = Literal[
    "rollout construction failure",
    "reward/data design failure",
    "training collapse/instability",
    "early coding failure",
    "static shortcut without transfer",
]
"""Agent^2 RL-Bench, arXiv 2604.10547, Table 13."""

CLIP: Final = 240
"""Characters of a line that is cited."""


@dataclass(frozen=True)
class Cited:
    """A line: ``where`` is ``file:line`` (``file:from-to``), relative to the folder of the run."""

    where: str
    text: str = ""

    @classmethod
    def of(cls, file: str, line: int, text: str = "", end: int | None = None) -> Cited:
        """Line ``line`` of a file, or the lines up to ``end``."""
        lines = f"{line}" if end is None or end == line else f"{line}-{end}"
        return cls(f"{file}:{lines}", " ".join(text.split())[:CLIP])


@dataclass(frozen=True)
class Rule:
    """What a rule that fires makes of a failure. ``rank``: of several causes the smallest comes first."""

    rank: int
    failure_type: FailureType
    paper_class: PaperClass | None


_DIVERGED: Final = ("training_diverged", "training collapse/instability")
_REWARD: Final = ("rollout_logic_wrong", "reward/data design failure")
_ROLLOUT: Final = ("rollout_logic_wrong", "rollout construction failure")

RULES: Final[Mapping[str, Rule]] = {
    # what ended a launch is known line by line
    "rollout_exception": Rule(10, *_ROLLOUT),
    "diverged_exception": Rule(11, *_DIVERGED),
    "out_of_memory": Rule(12, "code_error_runtime", None),
    "exception": Rule(13, "code_error_runtime", None),
    "killed": Rule(14, "code_error_runtime", None),
    "shell_error": Rule(15, "code_error_runtime", None),
    "exit_code": Rule(16, "code_error_runtime", None),
    # what the training logged
    "nonfinite_loss": Rule(20, *_DIVERGED),
    "exploding_gradients": Rule(21, *_DIVERGED),
    "exploding_loss": Rule(22, *_DIVERGED),
    "empty_rollouts": Rule(30, *_ROLLOUT),
    "clipped_rollouts": Rule(31, *_ROLLOUT),
    "no_reward": Rule(32, *_REWARD),
    "equal_rewards": Rule(33, *_REWARD),
    "reward_without_score": Rule(34, *_REWARD),
    "policy_collapsed": Rule(35, *_DIVERGED),
    "no_gradient": Rule(36, "unknown", None),
    "flat_loss": Rule(37, "unknown", None),
    "answers_known": Rule(38, "unknown", "static shortcut without transfer"),
    "fits_without_transfer": Rule(39, "unknown", "static shortcut without transfer"),
    # what came of it
    "base_copy": Rule(40, "copy_model_fallback", None),
    "no_submission_in_time": Rule(41, "timeout_no_submission", None),
    "cut_by_budget": Rule(42, "timeout_no_submission", None),
    "rejected": Rule(43, "code_error_runtime", None),
    "over_budget": Rule(44, "unknown", None),
    "grading_failed": Rule(45, "unknown", None),
    "score_collapsed": Rule(50, *_DIVERGED),
    # something failed, and nothing above explains it
    "below_base": Rule(60, "unknown", None),
    "no_submission": Rule(61, "unknown", None),
    "agent_failed": Rule(62, "unknown", None),
    "infrastructure": Rule(63, "unknown", None),
    "interrupted": Rule(64, "unknown", None),
}
"""Rule -> what it means. Code errors get the class *early coding failure* where no trained model had been
scored before them; later ones fit none of the five classes."""

CODE: Final = frozenset({"out_of_memory", "exception", "killed", "shell_error", "exit_code", "rejected"})
"""Rules that are an early coding failure as long as no trained model has been scored."""


@dataclass(frozen=True)
class Cause:
    """One reason of a failure, in words, with the lines that say so."""

    rule: str
    says: str
    evidence: tuple[Cited, ...]
    early: bool = False
    """No trained model had been scored before."""
    iteration: int | None = field(default=None, compare=False)
    """Where it was found; None: in the run as a whole."""
    first: bool = False
    """It stands before all others, whatever its rule: it is what the run came to."""

    @property
    def rank(self) -> int:
        """Place among several causes."""
        return 0 if self.first else RULES[self.rule].rank

    @property
    def failure_type(self) -> FailureType:
        """In the words of autorl_bench."""
        return RULES[self.rule].failure_type

    @property
    def paper_class(self) -> PaperClass | None:
        """Of the five classes; None where none fits."""
        return "early coding failure" if self.early and self.rule in CODE else RULES[self.rule].paper_class

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "rule": self.rule,
            "failure_type": self.failure_type,
            "paper_class": self.paper_class,
            "says": self.says,
            "iteration": self.iteration,
            "evidence": [{"where": cited.where, "text": cited.text} for cited in self.evidence],
        }


def ranked(causes: Iterable[Cause]) -> tuple[Cause, ...]:
    """The primary cause first: by rank, then by where they were found."""
    return tuple(sorted(causes, key=lambda cause: (cause.rank, cause.iteration or 0)))


def failure_type(causes: tuple[Cause, ...]) -> FailureType | None:
    """The first that is not ``unknown``; None without causes."""
    found = [cause.failure_type for cause in causes]
    return next((name for name in found if name != "unknown"), "unknown" if found else None)


def paper_class(causes: tuple[Cause, ...]) -> PaperClass | None:
    """The first class among the causes."""
    return next((cause.paper_class for cause in causes if cause.paper_class), None)
