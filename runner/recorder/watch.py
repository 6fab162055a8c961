"""When a change in the workspace is worth a revision by itself."""

from __future__ import annotations

import stat
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from posttrace.runner.recorder import rules
from posttrace.runner.recorder.scan import Key, key_of
from posttrace.runner.recorder.walk import Budget, Entry, walk

MAX_WAIT_S: Final = 30.0
"""A tree that never comes to rest is kept this often."""
MAX_ENTRIES: Final = 20_000
MAX_SECONDS: Final = 2.0

State = Mapping[str, Key]
"""Status of each file that may be kept, by path; no file is read for it."""


class Watch:
    """Calls ``keep`` when the tree has come to rest, or after ``MAX_WAIT_S`` if it does not. Not thread-safe.

    At rest means unchanged between two looks. Files that revisions never keep do not count, and a file of
    logged data (``rules.DATA``) that has only grown is no change: a training log would make a revision at
    each look. Such a file is stored as it is then by every revision that something else causes, at the
    latest by those of a submission and of the end.
    """

    def __init__(
        self, workspace: Path, keep: Callable[[], object], now: Callable[[], float] = time.monotonic
    ) -> None:
        self._workspace, self._keep, self._now = workspace, keep, now
        self._kept: State = {}
        self._last: State = {}
        self._since: float | None = None

    def look(self) -> None:
        """Look once. Raises ``OSError`` when the workspace cannot be read, and what ``keep`` raises.

        After a ``keep`` that failed the next look tries again.
        """
        state = glance(self._workspace, self._kept)
        at_rest = only_grown(self._last, state)
        self._last = state
        if only_grown(self._kept, state):
            self._since = None
            return
        now = self._now()
        self._since = now if self._since is None else self._since
        if at_rest or now - self._since >= MAX_WAIT_S:
            self._keep()
            self._kept, self._since = state, None


def glance(workspace: Path, before: State) -> State:
    """Status of every file that may be kept; what a walk that was cut short did not reach, as ``before``."""
    state: dict[str, Key] = {}

    def visit(entry: Entry) -> None:
        if _may_be_kept(entry):
            state[entry.path] = key_of(entry.stat)

    budget = Budget(MAX_ENTRIES, time.monotonic() + MAX_SECONDS)
    walk(workspace, visit, lambda entry, names: rules.skip_directory(entry.path, names) is None, budget)
    return {**before, **state} if budget.spent else state


def _may_be_kept(entry: Entry) -> bool:
    if entry.path in rules.RUNNERS or rules.is_secret(entry.path):
        return False
    return stat.S_ISLNK(entry.mode) or (stat.S_ISREG(entry.mode) and entry.stat.st_size <= rules.MAX_BYTES)


def only_grown(before: State, after: State) -> bool:
    """Whether the states are equal but for files of logged data that are longer now."""
    if before.keys() != after.keys():
        return False
    return all(key == before[path] or _grown(path, before[path], key) for path, key in after.items())


def _grown(path: str, before: Key, after: Key) -> bool:
    (*file, size), (*same_file, longer) = before[:3], after[:3]
    return path.endswith(rules.DATA) and file == same_file and longer > size
