"""Logs beside a trace, read once in pieces: what crashed, what a shell reported, where submissions stand."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Generic, TypeVar

from posttrace.analysis.failures.tracebacks import Crash, Tracebacks
from posttrace.traces.errors import InputError

T = TypeVar("T")
CHUNK_BYTES: Final = 1 << 20
LINE_BYTES: Final = 1 << 16
"""A line is cut here: progress bars write megabytes without an end of line."""
KEPT: Final = 100
"""Crashes, anchors and messages of a log that are kept: the first and the last so many."""
FILES: Final = 200
"""Logs of the agent that are read, in the order of their names."""

NEEDLES: Final = (
    b"Traceback (most recent call last)",
    b'  File "',
    b"Killed",
    b"Segmentation fault",
    b"command not found",
    b"submission_id",
)
"""A piece without any of these holds nothing to find."""
NEEDLE: Final = re.compile(b"|".join(map(re.escape, NEEDLES)))
ANCHOR: Final = re.compile(r"[\"']submission_id[\"']\s*:\s*(\d+)")
BEST: Final = re.compile(r"[\"']best[\"']\s*:\s*\{[^{}]*\}")
"""Part of an answer that names an earlier submission."""
SHELL: Final = re.compile(r"^(?:\S+: line \d+:|\S*\[\d+\][+-]?)\s+(?:(\d+)\s+)?(Killed|Segmentation fault)\b")
MISSING: Final = re.compile(r"^\S+: (?:line )?\d+: (.+?): (?:command )?not found$")


@dataclass(frozen=True)
class Message:
    """A line by which a shell says how a command ended: ``killed``, ``segfault`` or ``not_found``."""

    line: int
    kind: str
    text: str
    pid: int | None = None


@dataclass
class _Ends(Generic[T]):
    """The first and the last of many."""

    head: list[T] = field(default_factory=list)
    tail: deque[T] = field(default_factory=lambda: deque(maxlen=KEPT))

    def add(self, item: T) -> None:
        (self.head if len(self.head) < KEPT else self.tail).append(item)

    @property
    def all(self) -> tuple[T, ...]:
        return *self.head, *self.tail


@dataclass(frozen=True)
class Log:
    """What one log says; ``name`` is relative to the folder of the run."""

    name: str
    lines: int
    crashes: tuple[Crash, ...]
    messages: tuple[Message, ...] = ()
    anchors: tuple[tuple[int, int], ...] = ()
    """Line and number of each answer of the grading server that was printed."""
    last: tuple[int, str] | None = None
    """The last line that is not blank."""

    def after(self, line: int) -> int:
        """The last submission that was answered above a line; 0 before the first."""
        return max((number for at, number in self.anchors if at < line), default=0)

    def before(self, line: int) -> int | None:
        """The first submission that was answered below a line."""
        return min((number for at, number in self.anchors if at > line), default=None)


def agent_logs(folder: Path) -> Iterator[Log]:
    """The logs of the agent in ``logs/`` of a run's folder: neither the grader's nor the runner's own."""
    logs = folder / "logs"
    files = [path for path in sorted(logs.glob("*")) if path.is_file() and not path.is_symlink()]
    for path in [file for file in files if file.name != "runner.log"][:FILES]:
        yield read_log(path, f"logs/{path.name}")


def grader_log(folder: Path, submission: int) -> Log | None:
    """The log of the evaluation of a submission; None when it was not kept."""
    found = sorted((folder / "logs" / "grader").glob(f"submission-{submission}-*.log"))
    return read_log(found[-1], f"logs/grader/{found[-1].name}") if found else None


def read_log(path: Path, name: str) -> Log:
    """Read one log; memory does not grow with its length.

    Raises ``InputError`` when it cannot be read.
    """
    reader = _Reader()
    try:
        with path.open("rb") as stream:
            for piece in _pieces(iter(lambda: stream.read(CHUNK_BYTES), b"")):
                reader.take(piece)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    return reader.log(name)


def _pieces(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Whole lines, about as much at a time as was read; what a long line has too much is left out."""
    rest = b""
    for chunk in chunks:
        cut = chunk.rfind(b"\n") + 1
        if cut:
            yield rest + chunk[:cut]
            rest = chunk[cut:][:LINE_BYTES]
        elif len(rest) < LINE_BYTES:
            rest = (rest + chunk)[:LINE_BYTES]
    if rest:
        yield rest


class _Reader:
    def __init__(self) -> None:
        self.count = 0
        self.tracebacks = Tracebacks()
        self.crashes = _Ends[Crash]()
        self.messages = _Ends[Message]()
        self.anchors = _Ends[tuple[int, int]]()
        self.last: tuple[int, str] | None = None

    def take(self, piece: bytes) -> None:
        lines = piece.count(b"\n") + (not piece.endswith(b"\n"))
        if self.tracebacks.busy or any(needle in piece for needle in NEEDLES):
            for number, line in enumerate(piece.split(b"\n")[:lines], self.count + 1):
                if self.tracebacks.busy or NEEDLE.search(line):
                    self._line(number, line[:LINE_BYTES].decode("utf-8", "replace"))
        self._remember(piece)
        self.count += lines

    def _remember(self, piece: bytes) -> None:
        """Where the last line is that is not blank."""
        text = piece.rstrip()
        if text:
            line = text[text.rfind(b"\n") + 1 :][:LINE_BYTES]
            self.last = self.count + text.count(b"\n") + 1, line.decode("utf-8", "replace")

    def _line(self, number: int, text: str) -> None:
        line = text.rstrip("\r").rpartition("\r")[2]  # what a terminal shows last
        crash = self.tracebacks.feed(number, line)
        if crash:
            self.crashes.add(crash)
        if "submission_id" in line:
            for found in ANCHOR.findall(BEST.sub("", line)):
                self.anchors.add((number, int(found)))
        message = _message(number, line)
        if message:
            self.messages.add(message)

    def log(self, name: str) -> Log:
        crash = self.tracebacks.end()
        if crash:
            self.crashes.add(crash)
        return Log(name, self.count, self.crashes.all, self.messages.all, self.anchors.all, self.last)


def _message(number: int, line: str) -> Message | None:
    """How a shell says that a command did not end by itself, or is none."""
    if "Killed" in line or "Segmentation" in line:
        found = SHELL.match(line)
        if found or line.strip() == "Killed":
            pid = int(found[1]) if found and found[1] else None
            segfault = found is not None and found[2] != "Killed"
            return Message(number, "segfault" if segfault else "killed", line, pid)
    missing = MISSING.match(line) if "not found" in line else None
    return Message(number, "not_found", line) if missing else None
