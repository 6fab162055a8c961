"""Which graded checkpoints stay on disk."""

from __future__ import annotations

from pathlib import Path

from posttrace.runner.artifacts import ArtifactRejected, hash_directory, move_artifact, remove_artifact
from posttrace.runner.grading.flags import FlagLog
from posttrace.runner.grading.settings import Keep
from posttrace.runner.layout import RunDir


class KeptArtifacts:
    """``artifacts/<sha256>`` of one run, pruned by the policy."""

    def __init__(self, run: RunDir, keep: Keep) -> None:
        self._run = run
        self._keep = keep
        self.base: str | None = None
        """Hash of the base's copy."""
        self._expected: set[str] = set()

    def put_base(self, copy: Path, sha256: str) -> Path:
        """Take over the base's copy; it stays unless nothing is kept."""
        self.base = sha256
        return self.put(copy, sha256)

    def put(self, copy: Path, sha256: str) -> Path:
        """Take over a graded copy and return where it is now. Raises ``OSError``."""
        place = self._run.artifact(sha256)
        move_artifact(copy, place)
        self._expected.add(sha256)
        return place

    def check(self, flags: FlagLog) -> None:
        """Flag what should be kept and is missing or changed, as ``record_tampering``. Reads every file."""
        for sha256 in sorted(self._expected):
            place = f"{self._run.artifacts.name}/{sha256}"
            try:
                found = hash_directory(self._run.artifact(sha256))[0].sha256
            except FileNotFoundError:
                flags.note("record_tampering", "a kept checkpoint is gone", place=place)
            except (OSError, ArtifactRejected) as error:
                reason = str(error)
                flags.note("record_tampering", "a kept checkpoint cannot be read", place=place, reason=reason)
            else:
                if found != sha256:
                    flags.note("record_tampering", "a kept checkpoint has changed", place=place, now=found)

    def prune(self, best: str | None) -> None:
        """Delete what the policy does not keep, given the hash of the best that is no copy of the base."""
        if self._keep == "all":
            return
        kept = {self.base, best} if self._keep == "best" else set()
        self._expected &= kept
        if not self._run.artifacts.is_dir():
            return
        for place in self._run.artifacts.iterdir():
            if place.name not in kept:
                remove_artifact(place)
