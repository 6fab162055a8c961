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
    """A file or a whole directory that is not kept, and why (``gone``: it is there no more, or kept now)."""

    path: str
    path_b64: str | None = None
    reason: str
    bytes: int | None = None
    sha256: str | None = None
    count: int | None = None
    """Files in a directory that was skipped as a whole."""


class CodeRevision(Event, tag="code.revision", kw_only=True):
    """The code as it stood at a trigger.

    ``commit`` holds all of it. ``files`` and ``skipped`` say what is different from the event before: applied
    in order, later entries replacing earlier ones of the same path, they give the whole lists. Where a list
    had no room for everything, ``extra`` says how much was left out (``files_omitted``, ``skipped_omitted``;
    the latter follow in later events).
    """

    commit: str
    parent: str | None
    trigger: Literal["start", "launch", "watch", "submission", "end"]
    """``launch``: a process that was just seen to start names a file of the workspace."""
    files: list[FileChange]
    skipped: list[SkippedFile] = []
    """What is new or has changed since the ``code.revision`` before; the first lists all there is."""
    truncated: bool = False
    """True when the walk stopped at its limit of files or seconds. What it did not reach is taken to be as
    it was."""
