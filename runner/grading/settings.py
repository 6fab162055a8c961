"""How submissions are graded: settings only, checked when they are made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

from posttrace.traces.errors import ConfigError

FeedbackPolicy = Literal["score", "ladder", "heldout", "none"]
Keep = Literal["best", "all", "none"]
LONGEST_S: Final = 1e6
"""Of an evaluation: ``epoll`` counts its wait in 32 bits of milliseconds, 2.1e6 s."""


@dataclass(frozen=True)
class GradingSettings:
    """Settings of one run's grading server. Raises ``ConfigError`` for values that cannot work."""

    feedback: FeedbackPolicy = "score"
    """score: the agent hears every score; ladder: Blum & Hardt 2015; heldout: it hears the feedback split
    while the sealed one is scored beside it; none: it hears nothing."""
    baseline_replicates: int = 3
    """Scorings of the base for each split; they differ in the evaluation seed alone."""
    evaluation_timeout_s: float = 600.0
    max_queue: int = 64
    """Submissions that may wait or run at a time."""
    keep: Keep = "best"
    """Which graded checkpoints stay in ``artifacts/``; ``best`` and ``all`` include the base."""
    ladder_eta: float = 0.01
    """Step of the Ladder, as a share of the task's scale."""
    host: str = "127.0.0.1"
    port: int = 0
    """0 takes a free port."""
    memory_bytes: int | None = None
    """Address space of the grading child; null = no limit."""
    network: bool = False
    """True lets the grading child use the network (a judge, an endpoint)."""
    env_passthrough: tuple[str, ...] = ()
    """Variables of this process that the grading child gets (a judge's key)."""

    def __post_init__(self) -> None:
        """Refuse what no run could work with."""
        for name, allowed in (("feedback", FeedbackPolicy), ("keep", Keep)):
            if getattr(self, name) not in get_args(allowed):
                raise ConfigError(f"grading.{name}={getattr(self, name)}: choose one of {get_args(allowed)}")
        for name in ("baseline_replicates", "max_queue", "memory_bytes"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ConfigError(f"grading.{name} must be 1 or more, not {value}")
        if not 0 < self.evaluation_timeout_s <= LONGEST_S:
            raise ConfigError(
                f"grading.evaluation_timeout_s must be above 0 and at most {LONGEST_S:.0f}, "
                f"not {self.evaluation_timeout_s}"
            )
        if not 0 < self.ladder_eta < 1:
            raise ConfigError(f"grading.ladder_eta must lie between 0 and 1, not {self.ladder_eta}")
        if not self.host:
            raise ConfigError("server.host is empty; 127.0.0.1 keeps the service to this machine")
        if not 0 <= self.port < 1 << 16:
            raise ConfigError(f"server.port must lie between 0 and 65535, not {self.port}")
