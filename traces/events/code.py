"""``code.revision``: a state of the workspace's code, kept as a commit in ``revisions.git``."""

from __future__ import annotations

from typing import Literal

import msgspec

from posttrace.traces.events.base import Event


class FileChange(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """One file that differs from the parent revision."""

    path: str
    path_b64: str | None = None
    """Exact bytes of a name that is not UTF-8."""
    status: Literal["added", "modified", "deleted"]
    added: int | None
    """Lines added; null where lines make no sense (binary, link)."""
    removed: int | None
    bytes: int | None


class SkippedFile(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A file or a whole directory that is not kept, and why."""

    path: str
    path_b64: str | None = None
    reason: str
    bytes: int | None = None
    sha256: str | None = None
    count: int | None = None
    """Files in a directory that was skipped as a whole."""


class CodeRevision(Event, tag="code.revision", kw_only=True):
    """The code as it stood at a trigger."""

    commit: str
    parent: str | None
    trigger: Literal["start", "watch", "submission", "end"]
    files: list[FileChange]
    skipped: list[SkippedFile] = []
    truncated: bool = False
    """True when the walk stopped at its limit of files or seconds."""
