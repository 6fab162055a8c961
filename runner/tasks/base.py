"""What a task is: something to prepare for the agent and something to score a model with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from posttrace.traces.events import Evaluator, Items, Split, TaskInfo


@dataclass(frozen=True)
class Outcome:
    """One evaluation of one model on one split, on the task's native scale."""

    score: float
    items: Items
    evaluator: Evaluator


class Task(Protocol):
    """A task option's ``_target_``. Instances hold settings only; they are rebuilt in the grading child."""

    @property
    def info(self) -> TaskInfo:
        """What the trace says of the task."""
        ...

    def prepare(self, workspace: Path) -> None:
        """Write the agent's side of the task: ``data/`` and ``description.md``.

        The directories exist; ``instructions.md`` (how to submit) is the runner's. Nothing of any test split
        may be written here.
        """
        ...

    def evaluate(self, model_dir: Path, split: Split, seed: int) -> Outcome:
        """Score the checkpoint in ``model_dir``; a pure function of its arguments.

        Raises ``GradingError`` when the checkpoint cannot be loaded or does not fit the task.
        """
        ...


@runtime_checkable
class ChecksModels(Task, Protocol):
    """A task that can tell without an evaluation whether a checkpoint fits it. A task need not."""

    def check(self, model_dir: Path) -> None:
        """Raise ``GradingError`` when the checkpoint cannot be loaded or does not fit the task."""
        ...
