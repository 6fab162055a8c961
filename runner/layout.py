"""Where things are in a run directory: the one definition of every path."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class RunDir:
    """``<out>/<experiment>/<cell_id>/seed-<s>/attempt-<n>``; only ``workspace`` belongs to the agent."""

    root: Path

    @property
    def trace(self) -> Path:
        """The record."""
        return self.root / "trace.jsonl"

    @property
    def revisions(self) -> Path:
        """Bare git object store with one commit for each code revision."""
        return self.root / "revisions.git"

    @property
    def artifacts(self) -> Path:
        """Graded checkpoints that are kept, by content hash."""
        return self.root / "artifacts"

    @property
    def logs(self) -> Path:
        """Raw output of agent and grader."""
        return self.root / "logs"

    @property
    def grading(self) -> Path:
        """Copies under evaluation; empty between evaluations."""
        return self.root / "grading"

    @property
    def claim(self) -> Path:
        """Who runs this attempt."""
        return self.root / "claim.json"

    @property
    def workspace(self) -> Path:
        """What the agent sees and writes."""
        return self.root / "workspace"

    def artifact(self, sha256: str) -> Path:
        """Directory of a kept artefact."""
        return self.artifacts / sha256

    def rescore(self, n: int) -> Path:
        """The n-th rescoring, from 1."""
        return self.root / f"rescore-{n}.jsonl"
