"""Python tracebacks in a stream of lines, with the one exception that ended each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from posttrace.analysis.failures.patterns import in_rollout, kind_of

HEADER: Final = re.compile(r"^([^\"]{0,300}?)Traceback \(most recent call last\):\s*$")
FRAME: Final = re.compile(r'^\s+(?:\| +)?File "(.+?)", line (\d+)(?:, in (.+))?')
RAISED: Final = re.compile(r"^([A-Za-z_][\w.]*)(?::\s?(.*))?$")
CHAINED: Final = (
    "During handling of the above exception, another exception occurred:",
    "The above exception was the direct cause of the following exception:",
)
UNPARSED: Final = frozenset({"SyntaxError", "IndentationError", "TabError"})
"""The interpreter prints these without a header when it reads the script itself."""
LONGEST: Final = 2000
"""Lines of a traceback; a recursion that is printed whole has about 1,000 frames."""
LONG_MESSAGE: Final = 500
"""Characters of a message after which no further line is taken."""
INNERMOST: Final = 12
"""Frames that are kept from the end."""
_INSTALLED: Final = re.compile(r"/site-packages/|/dist-packages/|/lib/python\d|^<frozen|/importlib/")
_ENTRY: Final = re.compile(r"^<frozen runpy>$|/runpy\.py$")


@dataclass(frozen=True)
class Frame:
    """A place in the code."""

    file: str
    line: int
    function: str

    @property
    def own(self) -> bool:
        """Not of an installed package or the standard library."""
        return _INSTALLED.search(self.file) is None


@dataclass(frozen=True)
class Crash:
    """One exception as it was printed; lines count from 1."""

    line: int
    end_line: int
    exception: str
    message: str
    outermost: Frame | None
    script: Frame | None
    """The outermost frame of own code."""
    frames: tuple[Frame, ...]
    """The innermost ones, the last is where it was raised."""
    prefix: str = ""
    """What stood before each line, as a launcher of several processes prints it."""

    @cached_property
    def kind(self) -> str:
        """See ``patterns``."""
        return kind_of(self.exception, self.message)

    @cached_property
    def engine(self) -> str | None:
        """The package of rollouts that it was raised in."""
        return in_rollout(frame.file for frame in self.frames)

    @property
    def where(self) -> Frame | None:
        """The innermost frame of own code, else the innermost."""
        own = [frame for frame in self.frames if frame.own]
        return own[-1] if own else self.frames[-1] if self.frames else self.script

    @property
    def uncaught(self) -> bool:
        """The traceback reaches the start of a program.

        One that a handler printed begins where it was handled, one of a thread in ``threading``. A handler at
        the top level of a script looks the same as none: what follows must tell.
        """
        top = self.outermost
        return top is not None and (top.function == "<module>" or _ENTRY.search(top.file) is not None)

    @property
    def text(self) -> str:
        """The exception's own line."""
        return f"{self.exception}: {self.message}" if self.message else self.exception

    @property
    def place(self) -> str:
        """``file:line`` of the innermost own frame, the file as it was printed."""
        return f"{self.where.file}:{self.where.line}" if self.where else ""


class Tracebacks:
    """Finds crashes in lines that are fed one by one; holds one traceback at most."""

    def __init__(self) -> None:
        self._open: list[Frame] | None = None
        self._top: Frame | None = None
        self._script: Frame | None = None
        self._prefix = ""
        self._first = 0
        self._bare = False
        self._done: Crash | None = None
        self._chain = False

    @property
    def busy(self) -> bool:
        """The next line may belong to a traceback."""
        return self._open is not None or self._done is not None

    def feed(self, number: int, line: str) -> Crash | None:
        """Take the next line; return a crash that is known to be over."""
        if self._open is not None and number - self._first > LONGEST:
            self._open = None
        header = HEADER.match(line) if "Traceback (" in line else None
        if header:
            return self._begin(number, header[1])
        if self._open is not None:
            self._inside(number, line)
            return None
        return self._outside(number, line)

    def end(self) -> Crash | None:
        """The crash that the last line ended."""
        done, self._done = self._done, None
        return done

    def _begin(self, number: int, prefix: str) -> Crash | None:
        done = None if self._chain else self._done
        self._first = self._done.line if self._chain and self._done else number
        self._open, self._top, self._script, self._prefix = [], None, None, prefix
        self._done, self._chain, self._bare = None, False, False
        return done

    def _outside(self, number: int, line: str) -> Crash | None:
        text = self._own(line).strip()
        if self._done is not None and not self._chain:
            if text in CHAINED:
                self._chain = True
                return None
            if text and self._own(line)[:1] in " \t" and len(self._done.message) < LONG_MESSAGE:
                joined = f"{self._done.message} {text}"  # a message of several lines
                self._done = replace(self._done, message=joined[:LONG_MESSAGE], end_line=number)
            elif text:
                done, self._done = self._done, None
                self._start_bare(number, line)
                return done
            return None
        if text and self._chain:  # a chain that was cut short
            self._chain = False
        self._start_bare(number, line)
        return None

    def _start_bare(self, number: int, line: str) -> None:
        frame = FRAME.match(line)
        if frame and frame[3] is None and self._done is None:
            self._open, self._first, self._prefix, self._bare = [], number, "", True
            self._top = self._script = None
            self._inside(number, line)

    def _own(self, line: str) -> str:
        return line.removeprefix(self._prefix) if self._prefix.strip() else line

    def _inside(self, number: int, line: str) -> None:
        assert self._open is not None
        if self._prefix.strip() and not line.startswith(self._prefix.rstrip()):
            if self._open or not FRAME.match(line):
                return  # a line of another process in between
            self._prefix = ""  # what stood before the header was a line without an end, a progress bar
        text = self._own(line)
        frame = FRAME.match(text)
        if frame:
            self._frame(Frame(frame[1], int(frame[2]), frame[3] or "<module>"))
        elif text.strip() and not text[:1].isspace():
            self._raised(number, text)

    def _frame(self, frame: Frame) -> None:
        assert self._open is not None
        self._top = self._top or frame
        self._script = self._script or (frame if frame.own else None)
        self._open.append(frame)
        del self._open[:-INNERMOST]

    def _raised(self, number: int, text: str) -> None:
        raised, frames = RAISED.match(text.rstrip()), tuple(self._open or ())
        self._open = None
        known = raised is not None and (not self._bare or raised[1] in UNPARSED)
        if raised is None or not known or not (frames or self._bare):
            return
        message = (raised[2] or "").strip()
        self._done = Crash(
            self._first, number, raised[1], message, self._top, self._script, frames, self._prefix.strip()
        )


def crashes_in(lines: Iterable[str]) -> Iterator[Crash]:
    """The crashes among lines, counted from 1."""
    reader = Tracebacks()
    for number, line in enumerate(lines, 1):
        found = reader.feed(number, line)
        if found:
            yield found
    last = reader.end()
    if last:
        yield last
