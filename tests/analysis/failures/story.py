"""Runs written event by event at chosen seconds, with the logs beside the trace."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from posttrace.analysis.failures.failures import Failures, failures
from posttrace.analysis.runs.load import load
from posttrace.traces import Clock, TraceWriter
from posttrace.traces.events import (
    AgentStep,
    Event,
    IntegrityFlag,
    LogMetrics,
    ProcessObserved,
    RunFinished,
)
from posttrace.traces.events.agent import ToolResult
from posttrace.traces.events.metrics import number
from tests.analysis.written import BASE, baseline, graded, items, received, started

ROOT: Final = "/w/workspace"
N: Final = 200
"""Items of the test; the base has the first half right."""
Timed = tuple[float, Event]


def scored(n: int, percent: float, at: float) -> list[Timed]:
    """Submission ``n`` gets so many items right, the first ones: it only loses, or only gains."""
    right = round(percent / 100 * N)
    values = items(*([100.0] * right + [0.0] * (N - right)))
    return [
        (at, received(n)),
        (at + 0.5, graded(n, percent, values, sha=f"{n:064x}")),
    ]


def base_copy(n: int, at: float) -> list[Timed]:
    """Submission ``n`` is the base."""
    return [(at, received(n)), (at + 0.5, graded(n, 50.0, items(*_half()), sha=BASE))]


def refused(n: int, at: float, status: str = "rejected", reason: str = "no *.safetensors") -> list[Timed]:
    """Submission ``n`` gets no score."""
    return [(at, received(n)), (at + 0.5, graded(n, None, status=status, reason=reason))]


def process(argv: str, start: float, end: float | None, exit_code: int | None = None) -> Timed:
    """A command that was seen to run; the event stands at its end."""
    event = ProcessObserved(
        pid=int(start) + 100,
        ppid=1,
        argv=argv.split(),
        cwd=ROOT,
        started_s=start,
        ended_s=end,
        exit_code=exit_code,
        interval_s=0.2,
    )
    return (start if end is None else end), event


def metrics(at: float, step: int, values: dict[str, float], source: str = "output/log.jsonl") -> Timed:
    """One logged line, read 2 s after ``at``; a slash in a key is two underscores here."""
    named: dict[str, Any] = {key.replace("__", "/"): number(value) for key, value in values.items()}
    return at + 2, LogMetrics(source=source, step=step, values=named)


def series(lines: int, at: float = 5.0, **courses: Any) -> list[Timed]:
    """Logged lines, one a tenth of a second; a course is a function of the step, 0, 1, ..."""
    return [
        metrics(at + n / 10, n + 1, {key: float(course(n)) for key, course in courses.items()})
        for n in range(lines)
    ]


def step(at: float, text: str, is_error: bool | None = None) -> Timed:
    """A tool returns ``text`` to the agent."""
    return at, AgentStep(source="agent", results=[ToolResult(id=None, content=text, is_error=is_error)])


def flag(at: float, kind: str, **evidence: Any) -> Timed:
    """An observation."""
    return at, IntegrityFlag(kind=kind, evidence=evidence)


def told(
    folder: Path,
    *events: Timed,
    status: Any = "completed",
    exit_code: int | None = 0,
    end: float = 100.0,
    reason: str | None = None,
    logs: dict[str, str] | None = None,
) -> Failures:
    """Write one run and ask why it failed; the base scores 50 %."""
    finish = RunFinished(
        status=status, reason=reason, exit_code=exit_code, wall_s=end, submissions=0, best=None
    )
    _write(folder, [*events, (end, finish)], logs or {})
    return failures(load([folder]))


def unfinished(folder: Path, *events: Timed) -> Failures:
    """The same without an end."""
    _write(folder, list(events), {})
    return failures(load([folder]))


def _write(folder: Path, events: list[Timed], logs: dict[str, str]) -> None:
    (folder / "logs" / "grader").mkdir(parents=True)
    for name, text in logs.items():
        (folder / "logs" / name).write_text(text)
    now = 0.0
    with TraceWriter(folder / "trace.jsonl", clock=Clock(monotonic=lambda: now)) as writer:
        writer.write(started(n_items=N))
        writer.write(baseline(50.0, items(*_half())))
        for now, event in sorted(events, key=lambda pair: pair[0]):  # noqa: B007 # the clock reads it
            writer.write(event)


def _half() -> list[float]:
    return [100.0] * (N // 2) + [0.0] * (N // 2)


def traceback(file: str, exception: str, line: int = 7, caught_in: str | None = None) -> str:
    """As the interpreter prints it, or as a handler in a function does."""
    place = caught_in or "<module>"
    return (
        "Traceback (most recent call last):\n"
        f'  File "{ROOT}/{file}", line {line}, in {place}\n'
        "    run()\n"
        f'  File "/usr/lib/python3.11/site-packages/lib/core.py", line 3, in run\n'
        "    raise it\n"
        f"{exception}\n"
    )
