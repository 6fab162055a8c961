"""The workspace's code over time: a commit for each state that was seen."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, Literal

from posttrace.runner.recorder.listing import Listing, cut
from posttrace.runner.recorder.names import published
from posttrace.runner.recorder.scan import Scanner, Seen
from posttrace.runner.recorder.store import Store, Stored, line_changes
from posttrace.runner.recorder.walk import Budget
from posttrace.runner.recorder.weigh import Scale
from posttrace.traces.events import CodeRevision, FileChange
from posttrace.traces.text import as_text

Trigger = Literal["start", "launch", "watch", "submission", "end"]

MAX_FILES: Final = 20_000
MAX_SECONDS: Final = 2.0
MAX_LAUNCHED: Final = 1000


class Revisions:
    """Snapshots ``workspace`` into the new bare git repository ``store``. Not safe for threads.

    What is a snapshot and what is left out is in ``rules``. The walk follows no link, and no git file in the
    workspace influences it. A walk that reaches ``MAX_FILES`` entries or ``MAX_SECONDS`` is partial:
    it says so, and files it did not reach stay as they were, since nothing is known of them.

    ``redact`` takes secrets out of contents, link targets and names, here and in the events alike.

    The base's copy is a part of the workspace like any other: its small text files are in the first revision,
    once, so that an agent that edits the base's configuration or tokenizer is seen doing it.
    """

    def __init__(self, workspace: Path, store: Path, *, redact: Callable[[str], str] | None = None) -> None:
        self._root = os.path.realpath(workspace) + os.sep
        self._store = Store(store)
        self._scanner = Scanner(workspace, self._store, redact)
        self._launched: frozenset[str] = frozenset()
        self._scale = Scale(workspace)
        self._listing = Listing()
        self._redact = redact
        self._files: dict[str, Stored] = {}
        self._published: dict[str, Stored] = {}
        """The files of the last revision by the names it shows them under."""

    @property
    def commit(self) -> str | None:
        """The last revision."""
        return self._store.head

    def lost(self) -> dict[str, Any] | None:
        """What is gone from the store of what it was given, as evidence; null when all is there."""
        return self._store.lost()

    def launched(self, argv: Sequence[str], cwd: str | None) -> bool:
        """A process was started with these words: files they name are kept even in skipped directories.

        Returns whether they name any. May be called from one thread while another takes a snapshot.
        """
        paths = (os.path.normpath(os.path.join(cwd or self._root, word)) for word in argv)  # noqa: PTH118
        inside = {path.removeprefix(self._root) for path in paths if path.startswith(self._root)}
        if len(self._launched) < MAX_LAUNCHED:
            self._launched |= inside
        return any(os.path.isfile(self._root + path) for path in inside)  # noqa: PTH113

    def snapshot(self, trigger: Trigger) -> CodeRevision | None:
        """Return the revision as it is now; for ``launch`` and ``watch`` null when no kept file changed.

        Other triggers always return an event; an unchanged tree has commit and parent of the last one, and
        no files. Raises ``OSError`` when the workspace cannot be read, that or
        ``pygit2.GitError`` when the store cannot be written.
        """
        deadline = time.monotonic() + MAX_SECONDS
        seen = self._scanner.scan(Budget(MAX_FILES, deadline), self._launched)
        files = _carry(self._files, seen) if seen.truncated else seen.files
        changed = self._store.head is None or files != self._files
        if not changed and trigger in ("launch", "watch"):
            return None
        before, after = self._published, self._published
        if changed:
            after = published(files, self._redact)
            self._store.commit(after)
            self._files, self._published = files, after
        commit = self._store.head
        assert commit is not None  # the first look is always a change
        changes, more_files = cut(self._changes(before, after, deadline))
        weighed = self._scale.weigh(seen.skipped, deadline)
        skipped, more_skipped = self._listing.news(weighed, complete=not seen.truncated)
        event = CodeRevision(
            commit=commit,
            parent=self._store.parent,
            trigger=trigger,
            files=changes,
            skipped=skipped,
            truncated=seen.truncated,
        )
        if more_files or more_skipped:
            event.extra = {"files_omitted": more_files, "skipped_omitted": more_skipped}
        return event

    def _changes(
        self, before: dict[str, Stored], after: dict[str, Stored], deadline: float
    ) -> Iterator[FileChange]:
        for path in sorted(before.keys() | after.keys()):
            old, new = before.get(path), after.get(path)
            if old == new:
                continue
            text, exact = as_text(path)
            added, removed = self._lines(old, new, deadline)
            yield FileChange(
                path=text,
                path_b64=exact,
                status="added" if old is None else "deleted" if new is None else "modified",
                added=added,
                removed=removed,
                bytes=None if new is None else new.size,
            )

    def _lines(
        self, old: Stored | None, new: Stored | None, deadline: float
    ) -> tuple[int | None, int | None]:
        """Lines added and removed; only two texts are compared, and only while there is time."""
        before, after = (0 if file is None else file.lines for file in (old, new))
        if old is None or new is None:
            return (after, before) if None not in (before, after) else (None, None)
        if None in (before, after) or time.monotonic() > deadline:
            return None, None
        return line_changes(self._store.read(old.oid), self._store.read(new.oid))


def _carry(before: dict[str, Stored], seen: Seen) -> dict[str, Stored]:
    """Files of a partial walk, and those of the last revision that it neither saw nor contradicts."""
    folders = {""}
    for path in seen.files:
        while (path := path.rpartition("/")[0]) not in folders:
            folders.add(path)
    known = seen.files.keys() | seen.skipped.keys()

    def possible(path: str) -> bool:
        if path in known or path in folders:
            return False
        return all(path[:at] not in known for at, char in enumerate(path) if char == "/")

    return seen.files | {path: file for path, file in before.items() if possible(path)}
