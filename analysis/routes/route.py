"""What a route is: the objectives that moved a submission's weights, and the evidence for them.

Taxonomy: the objective classes of post-training as the literature names them; the coarse classes are those of
Agent^2 RL-Bench (arXiv 2604.10547): SFT, GRPO, hybrid, and other for everything else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal

Objective = Literal[
    "sft",
    "rft",
    "pretrain",
    "dpo",
    "grpo",
    "reinforce",
    "ppo",
    "distill",
    "reward_model",
    "other",
    "unknown",
]
"""The loss that a stage of training descends; ``reward_model`` is auxiliary and never a policy's route."""

Coarse = Literal["SFT", "GRPO", "hybrid", "other"]
Tier = Literal["A", "B", "C", "D"]
"""A: executed, log signature, lineage. B: executed, static mechanism. C: static alone. D: names alone."""

AUXILIARY: Final = "reward_model"
NO_TRAIN: Final = "no_train"
UNKNOWN: Final = "unknown"
STEP: Final = ">"
"""Between the objectives of a label, in the order in which they moved the weights."""

SUPERVISED: Final = frozenset({"sft", "rft"})
REINFORCED: Final = frozenset({"grpo", "ppo", "reinforce", "dpo"})
_ALONE: Final[Mapping[str, Coarse]] = {"sft": "SFT", "rft": "SFT", "grpo": "GRPO"}


@dataclass(frozen=True)
class Evidence:
    """One fact that speaks for a route."""

    rule: str
    """Short name of the rule it fired."""
    says: str
    """One line for a reader."""
    path: str | None = None
    """File of the workspace, or folder of a model."""
    line: int | None = None
    commit: str | None = None
    """Revision in ``revisions.git``."""

    @property
    def where(self) -> str:
        """``path:line@commit``, as much of it as is known."""
        place = self.path or ""
        place += f":{self.line}" if self.line is not None else ""
        return place + (f"@{self.commit[:8]}" if self.commit else "")


@dataclass(frozen=True)
class Route:
    """The route of one model: base -> ... -> the submitted weights."""

    stages: tuple[str, ...]
    """Objectives in order, equal neighbours once; empty when nothing was trained."""
    tier: Tier | None
    """Weakest evidence of any stage; null for ``unknown``."""
    evidence: tuple[Evidence, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)
    """``rollout``, ``data``, ``rounds``, ``merge``, ``variant``, ... where they apply."""
    candidates: tuple[str, ...] = ()
    """For ``unknown``: labels that the evidence leaves open, likeliest first."""
    confidence: float | None = None
    """Probability that the label is right; of ``unknown``, that its first candidate is. Null: no estimate."""

    @property
    def label(self) -> str:
        """``sft``, ``grpo``, ``sft>grpo``, ``no_train``, ``unknown``, ..."""
        if UNKNOWN in self.stages:
            return UNKNOWN
        return STEP.join(self.stages) if self.stages else NO_TRAIN

    @property
    def coarse(self) -> Coarse:
        """The coarse class of the label."""
        return coarse_of(self.label)

    def with_confidence(self, confidence: float | None) -> Route:
        """The same route, this sure."""
        return replace(self, confidence=confidence)


def coarse_of(label: str) -> Coarse:
    """Coarse class of a label.

    Hybrid needs a supervised objective (sft, rft) and a reward- or preference-driven one on one lineage; any
    other sequence counts as its last stage.
    """
    stages = label.split(STEP)
    if SUPERVISED.intersection(stages) and REINFORCED.intersection(stages):
        return "hybrid"
    return _ALONE.get(stages[-1], "other")
