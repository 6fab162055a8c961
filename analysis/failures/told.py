"""What a trace and the logs beside it tell of a run's failures: read once, in order."""

from __future__ import annotations

import math
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from posttrace.analysis.failures.scan import Log, agent_logs
from posttrace.analysis.failures.series import Pieces
from posttrace.analysis.failures.tracebacks import Crash, crashes_in
from posttrace.analysis.runs.records import RunRecord
from posttrace.analysis.runs.reread import reread
from posttrace.traces.events import (
    AgentStep,
    Event,
    IntegrityFlag,
    LogMetrics,
    ProcessObserved,
    RunFinished,
    SubmissionGraded,
    SubmissionReceived,
)
from posttrace.traces.events.agent import ToolResult

KINDS: Final[tuple[type[Event], ...]] = (
    AgentStep,
    IntegrityFlag,
    LogMetrics,
    ProcessObserved,
    RunFinished,
    SubmissionGraded,
    SubmissionReceived,
)
WATCH_INTERVAL_S: Final = 2.0
"""Between two looks of the recorder at logs, where the configuration does not say."""
LAUNCHERS: Final = frozenset({"torchrun", "accelerate", "deepspeed", "ray", "mpirun"})
EPILOGUE: Final = 3
"""Lines that a tool adds after a traceback that ended its command."""


@dataclass(frozen=True)
class Launch:
    """A program that was seen to run: of Python, or one that starts several of those."""

    seq: int
    pid: int
    ppid: int | None
    argv: tuple[str, ...]
    started: float
    ended: float
    """Infinity when nobody saw its end."""
    exit_code: int | None

    @property
    def typed(self) -> str:
        """The command, at most 120 characters, the program without its folder."""
        if not self.argv:
            return "a process that ended before its command line was read"
        program, *words = self.argv
        return " ".join((posixpath.basename(program), *words))[:120]

    def runs(self, file: str) -> bool:
        """Whether ``file`` of a traceback is the script, or the module, that it was given."""
        for before, word in zip(self.argv, self.argv[1:], strict=False):
            path = word.replace(".", "/") + ".py" if before == "-m" else word
            if path.endswith(".py") and (file == path or file.endswith("/" + path.removeprefix("./"))):
                return True
        return False


@dataclass(frozen=True)
class StepCrash:
    """A traceback in what a tool returned to the agent."""

    at: float
    seq: int
    crash: Crash
    ended: bool
    """It ended the command."""
    error: bool
    """The tool itself calls it an error."""


@dataclass
class Told:
    """One run. ``at`` counts seconds since its start; in a trace without times, events."""

    run: RunRecord
    folder: Path
    launches: list[Launch] = field(default_factory=list)
    nameless: list[Launch] = field(default_factory=list)
    """Processes that ended before their command line was read: anything may have run."""
    step_crashes: list[StepCrash] = field(default_factory=list)
    pieces: Pieces = field(default_factory=Pieces)
    received: dict[int, float] = field(default_factory=dict)
    graded: dict[int, int] = field(default_factory=dict)
    """Submission -> event that graded it."""
    base_copies: set[str] = field(default_factory=set)
    """Artefacts whose weights the grader found to be the base's."""
    flags: list[tuple[str, int, dict[str, Any]]] = field(default_factory=list)
    logs: tuple[Log, ...] = ()
    worked: float = -math.inf
    """When the agent was last seen to call a tool."""
    finished: int | None = None
    """The event that says how the run ended."""
    last: int = 0
    """The last event of those that failures are read from."""
    end: float = 0.0

    root: str | None = None
    """The workspace as the agent's processes saw it."""

    def within(self, text: str) -> str:
        """A text in which paths below the workspace are relative to it."""
        return text.replace(f"{self.root}/", "") if self.root else text

    def is_base(self, submission: int) -> bool:
        """Whether the weights of a submission are the base's."""
        item = next(item for item in self.run.submissions if item.submission_id == submission)
        return item.is_base_copy or (item.artifact_sha256 or "") in self.base_copies

    def copied(self, submission: int) -> bool:
        """The same, whether the content was scored again or not."""
        item = next(item for item in self.run.submissions if item.submission_id == submission)
        return self.is_base(submission) or (item.duplicate_of is not None and self.is_base(item.duplicate_of))


def tell(run: RunRecord) -> Told:
    """Read the trace of a loaded run again, and the logs of its agent.

    Raises ``TraceError`` when the trace is not the one that was loaded, ``InputError`` when a log cannot be
    read.
    """
    told = Told(run, Path(run.path).parent)
    timed = run.started.t_s is not None
    lag = _lag(run) if timed else 0.0
    for event in reread(run, KINDS, grown=True):
        now = event.t_s if timed and event.t_s is not None else float(event.seq)
        told.end, told.last = max(told.end, now), event.seq
        _take(told, event, now, lag, timed=timed)
    told.logs = tuple(agent_logs(told.folder))
    told.launches.sort(key=lambda launch: launch.started)
    return told


def _take(told: Told, event: Event, now: float, lag: float, *, timed: bool) -> None:
    match event:
        case LogMetrics():
            told.pieces.take(event, max(0.0, now - lag))  # read up to so much later than it was written
        case ProcessObserved():
            _root(told, event)
            (told.launches if event.argv else told.nameless).extend(_launch(event, now, timed=timed))
        case AgentStep():
            told.worked = now if event.tool_calls or event.results else told.worked
            for result in event.results:
                told.step_crashes.extend(_step_crashes(event.seq, now, result))
        case SubmissionReceived():
            told.received[event.submission_id] = now
        case SubmissionGraded():
            told.graded[event.submission_id] = event.seq
        case IntegrityFlag():
            told.flags.append((event.kind, event.seq, event.evidence))
            sha256 = event.evidence.get("sha256")
            if event.kind.startswith("base_copy") and isinstance(sha256, str):
                told.base_copies.add(sha256)
        case RunFinished():
            told.finished = event.seq
        case _:
            raise AssertionError(type(event))


def _lag(run: RunRecord) -> float:
    recorder = run.started.config.get("recorder")
    interval = recorder.get("watch_interval_s") if isinstance(recorder, dict) else None
    return interval if isinstance(interval, int | float) else WATCH_INTERVAL_S


def _root(told: Told, event: ProcessObserved) -> None:
    """The agent is launched in its workspace: where the first process worked, and all others below it."""
    if event.cwd and (told.root is None or told.root.startswith(event.cwd)):
        told.root = event.cwd


def _launch(event: ProcessObserved, now: float, *, timed: bool) -> Iterator[Launch]:
    program = posixpath.basename(event.argv[0]) if event.argv else "python"
    if program not in LAUNCHERS and (not program.startswith("python") or "-c" in event.argv[1:2]):
        return
    started, ended = (event.started_s, event.ended_s) if timed else (now, now)
    yield Launch(
        seq=event.seq,
        pid=event.pid,
        ppid=event.ppid,
        argv=tuple(event.argv),
        started=0.0 if started is None else started,
        ended=math.inf if ended is None else ended,
        exit_code=event.exit_code,
    )


def _step_crashes(seq: int, now: float, result: ToolResult) -> Iterator[StepCrash]:
    """Tracebacks of scripts; those of a line typed into an interpreter are no launch."""
    text = result.content or ""
    lines = text.splitlines() if '  File "' in text else []
    for crash in crashes_in(lines):
        script = crash.script
        if script is None or not script.file.endswith(".py"):
            continue
        rest = [line for line in lines[crash.end_line :] if line.strip()]
        last = len(rest) <= EPILOGUE
        ended = crash.uncaught and last and result.is_error is not False
        yield StepCrash(now, seq, crash, ended, result.is_error is True)
