"""From a path that an agent names to a copy that it cannot touch."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from posttrace.runner.artifacts import ArtifactRejected, copy_artifact, hash_directory, printable
from posttrace.runner.grading.book import Book
from posttrace.runner.grading.flags import FlagLog
from posttrace.runner.grading.record import Record, RecordLostError
from posttrace.runner.grading.submission import RefusedError, Submission, Verdict
from posttrace.runner.layout import RunDir
from posttrace.traces.errors import TraceError
from posttrace.traces.events import ArtifactFile


@dataclass(frozen=True)
class BaseContent:
    """What tells a copy of the base: its hash, and the hashes of its weights alone."""

    sha256: str
    weights: frozenset[str]


def weights_of(files: list[ArtifactFile]) -> frozenset[str]:
    """Hashes of the weight files, whatever they are called."""
    return frozenset(file.sha256 for file in files if file.path.endswith(".safetensors"))


@dataclass
class Intake:
    """Receives, snapshots and copies submissions; several threads may be inside at a time."""

    run: RunDir
    book: Book
    record: Record
    flags: FlagLog
    base: BaseContent
    revision: Callable[[], str | None]
    copy_of: Callable[[Submission], Path]
    """Where the copy is until it is graded."""
    enter: Callable[[Submission], None]
    """Puts a submission in the queue of the grader."""

    def __post_init__(self) -> None:
        """Resolve the workspace once: links in its own path are the runner's business."""
        self._workspace = self.run.workspace.resolve()
        self._snapshot = threading.Lock()

    def submit(self, path: str, client_ts: str | None) -> Submission:
        """Take a submission in. Raises ``RefusedError`` or ``RecordLostError`` when it is none."""
        known = self.book.remaining == 0 and self._seen(path)
        try:
            submission = self.book.receive(path, client_ts, paid=not known, enter=self.enter)
        except RefusedError as refusal:
            self.flags.note(f"refused_{refusal.error}", refusal.error, path=path)
            raise
        try:
            self._take(submission)
        except RecordLostError as error:
            if submission.pending:
                lost = Verdict("cancelled", reason=str(error), told="the run cannot be recorded any more")
                self.book.finish(submission, lost)
        finally:
            submission.copied.set()
        return submission

    def _take(self, submission: Submission) -> None:
        submission.revision = self._revision()
        try:
            self._copy(submission)
            self.book.settle_known(submission)  # known content need not wait for others' evaluations
        except ArtifactRejected as rejection:
            self._note_link(submission, rejection.link_target)
            self.book.finish(submission, Verdict("rejected", reason=str(rejection)))
        except OSError as error:
            self._failed(submission, error)

    def _seen(self, path: str) -> bool:
        """Whether a path has content that costs nothing; waits for submissions that are still copied."""
        for earlier in list(self.book.submissions):
            earlier.copied.wait()
        try:
            reference, _ = hash_directory(self._locate(path), within=self._workspace)
        except (ArtifactRejected, OSError):
            return False
        return self.book.seen(reference.sha256)

    def _locate(self, path: str) -> Path:
        """Resolve a path that must be in the workspace. Raises ``ArtifactRejected``."""
        if not path or "\0" in path:
            raise ArtifactRejected("model_path is empty or holds a null character; give the model's folder")
        try:
            place = Path(os.path.realpath(self._workspace / path))
        except OSError as error:
            raise ArtifactRejected(f"model_path cannot be resolved ({error.strerror})") from error
        if not place.is_relative_to(self._workspace):
            what = "model_path leads out of the workspace, where paths start"
            raise ArtifactRejected(f"{what}; copy the model into output/", place)
        _check_folder(place)
        return place

    def _copy(self, submission: Submission) -> None:
        source = self._locate(submission.path)
        artifact, files = copy_artifact(source, self.copy_of(submission), within=self._workspace)
        submission.artifact = artifact
        if weights_of(files) == self.base.weights:
            same = "same artefact" if artifact.sha256 == self.base.sha256 else "same weights"
            submission.answer.add_done_callback(lambda _: self._note_base(submission, same, artifact.sha256))

    def _note_base(self, submission: Submission, same: str, sha256: str) -> None:
        """Flag a copy of the base at its end; only one with a score of its own is a ``base_copy``."""
        kind = "base_copy" if submission.state == "graded" else "base_copy_unscored"
        ended = {"submission_id": submission.submission_id, "status": submission.state, "sha256": sha256}
        with contextlib.suppress(RecordLostError):  # ``Record`` knows, and the run ends because of it
            self.flags.note(kind, same, **ended)

    def _note_link(self, submission: Submission, target: Path | None) -> None:
        if target is None:
            return
        place = Path(os.path.realpath(target))
        evidence = {"submission_id": submission.submission_id, "path": submission.path, "target": str(place)}
        if not place.is_relative_to(self._workspace):
            self.flags.note("path_escape", "path leads out of the workspace", **evidence)
        elif place.is_relative_to(self._workspace / "models"):
            self.flags.note("base_symlink", "link to the base model", **evidence)

    def _revision(self) -> str | None:
        """Commit of the workspace's code now; null when the snapshot alone failed."""
        with self._snapshot:
            try:
                return self.revision()
            except TraceError as error:
                self.record.fail(str(error))
                raise RecordLostError(str(error)) from error
            except OSError:
                return None

    def _failed(self, submission: Submission, error: OSError) -> None:
        """The copy could not be written, which is our failure, not the agent's."""
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            self.record.fail(f"no space left for submissions ({error.strerror})")
        verdict = Verdict(
            "error", reason=f"cannot copy the model: {error}", told="the model could not be copied"
        )
        self.book.finish(submission, verdict)


def _check_folder(place: Path) -> None:
    """Raise ``ArtifactRejected`` where no folder is; what else keeps from it is found when it is opened."""
    try:
        is_folder = stat.S_ISDIR(place.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ArtifactRejected(
            f"there is no {printable(str(place))}; paths start at the workspace, so save the model to "
            "output/NAME in it and submit output/NAME"
        ) from error
    except OSError:
        return
    if not is_folder:
        raise ArtifactRejected(
            f"{printable(str(place))} is no folder; submit the folder with config.json and weights"
        )
