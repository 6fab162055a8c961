"""Training metrics as the agent's code logged them: read from its files and its output while it runs."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from posttrace.runner.recorder.lines import Values, numeric, parse_json, parse_output, split_step
from posttrace.runner.recorder.tail import Tail
from posttrace.traces.events import Event, LogMetrics
from posttrace.traces.events.metrics import number
from posttrace.traces.text import as_text

MAX_LINES: Final = 10_000
"""Lines recorded before they are thinned tenfold; and again after as many more."""
MAX_FILES: Final = 1000
MAX_STATE_BYTES: Final = 32 << 20
STATE_NAME: Final = "trainer_state.json"
"""Hugging Face's Trainer writes its whole history into each checkpoint."""


class Metrics:
    """Follows ``output/**/*.jsonl``, ``output/**/trainer_state.json`` and the agent's standard output.

    Not thread-safe.
    """

    def __init__(self, workspace: Path, stdout: Path, *, write: Callable[[Event], object]) -> None:
        self._workspace = workspace
        self._write = write
        self._stdout = Tail(str(stdout))
        self._tails: dict[str, Tail] = {}
        self._states: dict[str, tuple[int, int, int]] = {}
        self._history: set[tuple[int | None, tuple[tuple[str, str], ...]]] = set()
        self._found = 0
        self._written = 0
        self._stride = 1

    def scan(self, *, last: bool = False) -> None:
        """Read what is new. Raises ``OSError`` when something cannot be read; the others were."""
        failed = None
        for path in [None, *self._files()]:
            try:
                self._follow(path, last)
            except OSError as error:
                failed = failed or error
        if failed is not None:
            raise failed

    def _files(self) -> Iterator[str]:
        """Log files below ``output/``, links not followed; at most ``MAX_FILES``."""
        found = 0
        top = self._workspace / "output"
        if top.is_symlink():
            return
        for folder, folders, names in os.walk(top):
            folders.sort()
            for name in sorted(names):
                if (name == STATE_NAME or name.endswith(".jsonl")) and found < MAX_FILES:
                    found += 1
                    yield os.path.join(folder, name)  # noqa: PTH118 - a Path costs more than the look

    def _follow(self, path: str | None, last: bool) -> None:
        if path is None:
            for line in self._stdout.lines(last=last):
                self._take("stdout", parse_output(line))
            return
        source = as_text(os.path.relpath(path, self._workspace))[0]
        if path.endswith(STATE_NAME):
            self._read_state(path, source)
            return
        for line in self._tails.setdefault(path, Tail(path)).lines(last=last):
            self._take(source, parse_json(line))

    def _read_state(self, path: str, source: str) -> None:
        """Take the entries of a Trainer's history that no checkpoint has shown before."""
        found = os.lstat(path)
        key = (found.st_ino, found.st_size, found.st_mtime_ns)
        if (
            not stat.S_ISREG(found.st_mode)
            or found.st_size > MAX_STATE_BYTES
            or self._states.get(path) == key
        ):
            return
        history = load_history(path)
        if history is None:  # half written: look again
            return
        self._states[path] = key
        for entry in history:
            step, values = split_step(numeric(entry))
            # as text, because a NaN equals nothing
            seen = (step, tuple(sorted((name, repr(value)) for name, value in values.items())))
            if seen not in self._history:
                self._history.add(seen)
                self._take(source, numeric(entry))

    def _take(self, source: str, numbers: Values) -> None:
        step, values = split_step(numbers)
        if not values:
            return
        self._found += 1
        if self._found % self._stride:
            return
        event = LogMetrics(source=source, step=step, values={key: number(x) for key, x in values.items()})
        if self._stride > 1:
            event.extra = {"one_line_in": self._stride}
        self._write(event)
        self._written += 1
        if self._written % MAX_LINES == 0:
            self._stride *= 10


def load_history(path: str) -> list[dict[str, Any]] | None:
    """``log_history`` of a trainer state; null when the file is no such thing (yet).

    Raises ``OSError`` when it cannot be read.
    """
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(fd, "rb") as file:
        try:
            state = json.loads(file.read(MAX_STATE_BYTES))
        except (ValueError, RecursionError):
            return None
    history = state.get("log_history") if isinstance(state, dict) else None
    if not isinstance(history, list):
        return None
    return [entry for entry in history if isinstance(entry, dict)]
