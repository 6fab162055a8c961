"""Which graded checkpoints stay on disk."""

from __future__ import annotations

from pathlib import Path

from posttrace.runner.artifacts import move_artifact, remove_artifact
from posttrace.runner.grading.settings import Keep
from posttrace.runner.layout import RunDir


class KeptArtifacts:
    """``artifacts/<sha256>`` of one run, pruned by the policy."""

    def __init__(self, run: RunDir, keep: Keep) -> None:
        self._run = run
        self._keep = keep
        self._base: str | None = None

    def put_base(self, copy: Path, sha256: str) -> Path:
        """Take over the base's copy; it stays unless nothing is kept."""
        self._base = sha256
        return self.put(copy, sha256)

    def put(self, copy: Path, sha256: str) -> Path:
        """Take over a graded copy and return where it is now. Raises ``OSError``."""
        place = self._run.artifact(sha256)
        move_artifact(copy, place)
        return place

    def prune(self, best: str | None) -> None:
        """Delete what the policy does not keep, given the best submission's hash."""
        if self._keep == "all" or not self._run.artifacts.is_dir():
            return
        kept = {self._base, best} if self._keep == "best" else set()
        for place in self._run.artifacts.iterdir():
            if place.name not in kept:
                remove_artifact(place)
