"""The base model's own score, taken before the agent starts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from posttrace.runner.artifacts import ArtifactRejected, copy_artifact, remove_artifact
from posttrace.runner.grading.evaluation import Evaluation, Grader
from posttrace.runner.grading.intake import BaseContent, weights_of
from posttrace.runner.grading.kept import KeptArtifacts
from posttrace.runner.grading.record import Record
from posttrace.runner.grading.seeds import baseline_seed
from posttrace.runner.layout import RunDir
from posttrace.traces.errors import GradingError
from posttrace.traces.events import BaselineEvaluated, BaseModelInfo, Split

HINTS: Final = {
    "error": "does base_model fit it?",
    "timeout": "is grading.evaluation_timeout_s enough?",
    "cancelled": "the run was stopped",
}


@dataclass(frozen=True)
class BaselineGrading:
    """Scores the base ``replicates`` times on each split and records it."""

    run: RunDir
    record: Record
    grader: Grader
    kept: KeptArtifacts
    replicates: int
    splits: tuple[Split, ...]
    seed: int

    def evaluate(self, base_dir: Path, base: BaseModelInfo) -> tuple[BaseContent, list[BaselineEvaluated]]:
        """Raises ``GradingError`` when the base cannot be scored: without it no gain can be stated."""
        content, place = self._take(base_dir, base)
        events = [
            self._score(place, split, replicate)
            for split in self.splits
            for replicate in range(self.replicates)
        ]
        self.kept.prune(None)
        return content, events

    def _take(self, base_dir: Path, base: BaseModelInfo) -> tuple[BaseContent, Path]:
        copy = self.run.grading / "baseline"
        remove_artifact(copy)
        try:
            reference, files = copy_artifact(base_dir, copy)
        except (ArtifactRejected, OSError) as error:
            raise GradingError(f"base model {base.id}: {error}") from error
        if base.sha256 not in (None, reference.sha256):
            raise GradingError(f"base model {base.id} has changed: its hash is {reference.sha256} now")
        place = self.kept.put_base(copy, reference.sha256)
        return BaseContent(reference.sha256, weights_of(files)), place

    def _score(self, place: Path, split: Split, replicate: int) -> BaselineEvaluated:
        seed = baseline_seed(self.seed, replicate, split)
        name = f"baseline-{split}-{replicate}"
        evaluated = self.grader.evaluate(Evaluation(place, split, seed, name))
        if evaluated.outcome is None:
            raise GradingError(
                f"the base model got no score on this task ({evaluated.status}; {HINTS[evaluated.status]}): "
                f"{evaluated.reason}"
            )
        event = BaselineEvaluated(
            split=split,
            replicate=replicate,
            score=evaluated.outcome.score,
            items=evaluated.outcome.items,
            eval_seed=seed,
            evaluator=evaluated.outcome.evaluator,
            duration_s=evaluated.duration_s,
        )
        if evaluated.network:
            event.extra = {"network": evaluated.network}
        self.record.write(event)
        return event
