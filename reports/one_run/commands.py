"""The commands of one run as they were observed: what ran, from when to when, and how it ended."""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

from posttrace.analysis.routes.record.models import Version
from posttrace.traces.events import ProcessObserved

Ending = Literal["ended", "failed", "no_model", "unfinished", "session"]

SCRIPTS: Final = (".py", ".sh", ".bash", ".ipynb", ".jl", ".R", ".js")


@dataclass(frozen=True)
class Command:
    """One observed command; times in seconds since the run's start.

    ``ending``: failed (an exit code other than 0), no_model (a script that ended, its exit code 0 or
    unknown, and no model folder changed while it ran), unfinished (nobody saw its end), session (it started
    others), ended.
    """

    script: str
    line: str
    started_s: float
    ended_s: float | None
    exit_code: int | None
    ending: Ending


def commands(
    events: Iterable[ProcessObserved], versions: Sequence[Version], root: str | None
) -> list[Command]:
    """Observed commands by their start. A process that is its parent over again (a shell's fork) is none."""
    known = [event for event in events if event.started_s is not None]
    words = {event.pid: event.argv for event in known}
    parents = {event.ppid for event in known}
    return [
        Command(
            script=script_of(event.argv),
            line=_line(event.argv, root),
            started_s=event.started_s or 0.0,
            ended_s=event.ended_s,
            exit_code=event.exit_code,
            ending=_ending(event, versions, is_session=event.pid in parents),
        )
        for event in sorted(known, key=lambda event: (event.started_s or 0.0, event.pid))
        if event.ppid is None or words.get(event.ppid) != event.argv
    ]


def script_of(argv: Sequence[str]) -> str:
    """What a reader would call a command: its script, its module, or the program itself."""
    return _script(argv) or (posixpath.basename(argv[0]) if argv else "?")


def _script(argv: Sequence[str]) -> str | None:
    for word, following in pairwise([*argv[1:], ""]):
        if word in ("-c", "-m"):
            return f"{posixpath.basename(argv[0])} {word} {following if word == '-m' else ''}".rstrip()
        if word.endswith(SCRIPTS):
            return posixpath.basename(word)
    return None


def _line(argv: Sequence[str], root: str | None) -> str:
    """As it would be typed in the workspace: the interpreter by its name, paths as seen from there."""
    words = [posixpath.basename(argv[0]), *argv[1:]] if argv else []
    return shlex.join(word.removeprefix(f"{root}/") if root else word for word in words)


def _ending(event: ProcessObserved, versions: Sequence[Version], *, is_session: bool) -> Ending:
    if event.exit_code:
        return "failed"
    if event.ended_s is None:
        return "unfinished"
    if is_session:
        return "session"
    wrote = any(_wrote(event, version) for version in versions)
    return "ended" if wrote or _script(event.argv) is None else "no_model"


def _wrote(event: ProcessObserved, version: Version) -> bool:
    """Whether a model folder may have changed while the command ran."""
    low, high = version.window
    started, ended = event.started_s or 0.0, event.ended_s or 0.0
    return not version.given and started <= high and low <= ended
