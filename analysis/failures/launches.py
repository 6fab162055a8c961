"""Launches that failed: which exception ended which program, and when.

A traceback in a log is no failure by itself: handlers print them too. It counts where it reaches the start
of a program and that program was seen to end by it: its exit code is not 0, or, where none is known, nothing
else was written after it, or another program was started after it had ended.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from posttrace.analysis.failures.finding import Cause, Cited
from posttrace.analysis.failures.patterns import SECONDARY, WORDS
from posttrace.analysis.failures.scan import Log, Message
from posttrace.analysis.failures.told import EPILOGUE, Launch, Told
from posttrace.analysis.failures.tracebacks import Crash

SLACK: Final = 0.5
"""Seconds between the end of a process and the sample that missed it."""
TRAILING: Final = 60
"""Lines that a launcher of several processes prints after the exception of one."""
INTERRUPTED: Final = frozenset({-2, -15, 130, 143})
"""Exit codes of what was asked to stop."""
KILLED: Final = frozenset({-9, 137})
WITH_IT_S: Final = 2.0
"""Between the end of a program and that of an agent that failed by it."""
STOPPING_S: Final = 10.0
"""Before the end of a run that ran out of time: what ends then was stopped."""


@dataclass(frozen=True)
class Failed:
    """A launch that failed at a time. ``end``: the run ended by it."""

    at: float
    cause: Cause
    key: str
    end: bool = False
    follows: bool = False
    """It is what the processes that are left say when another one has failed."""


def failed_launches(told: Told) -> tuple[Failed, ...]:
    """In order of time; the same failure again and again, with no submission between, is one."""
    ending = _ending(told)
    found = [*_in_logs(told, ending), *_in_steps(told)]
    for failed in _by_exit_code(told):
        if not _explained(told, failed, found, ending):
            found.append(failed)
    merged: list[Failed] = []
    for failed in sorted(found, key=lambda failed: (failed.at, failed.follows)):
        if not (merged and _same(told, merged[-1], failed)):
            merged.append(failed)
    if ending and merged and _same(told, merged[-1], ending):
        merged.pop()
    return (*merged, ending) if ending else tuple(merged)


def _same(told: Told, one: Failed, other: Failed) -> bool:
    """Processes of one launch that end together, or a failure that is printed, or run into, once more."""
    if abs(one.at - other.at) <= SLACK:
        return True
    return one.key == other.key and not any(one.at < at <= other.at for at in told.received.values())


def cause_of(crash: Crash, cited: Cited) -> Cause:
    """What an exception that ended a program means."""
    where = f" at {crash.place}" if crash.place else ""
    name, said = crash.exception.rpartition(".")[2], f": {crash.message[:160]}" if crash.message else ""
    what = WORDS.get(crash.kind, WORDS["other"])
    rule = {"memory": "out_of_memory", "nonfinite": "diverged_exception"}.get(crash.kind, "exception")
    if rule == "exception" and crash.engine:
        rule, what = "rollout_exception", f"raised inside {crash.engine}"
    return Cause(rule, f"{name}{where} ({what}){said}", (cited,))


def _ending(told: Told) -> Failed | None:
    """What ended a run whose agent failed: the last exception of a log that little or nothing follows."""
    run = told.run
    if run.status != "agent_failed":
        return None
    for log in sorted(told.logs, key=lambda log: "stderr" not in log.name):
        crash = _last_crash(log)
        if crash is not None:
            cause = cause_of(crash, _cited(log, crash))
            return Failed(math.inf, replace(cause, first=True), _key(crash), end=True)
        killed = [m for m in log.messages if m.line > log.lines - TRAILING and m.kind != "not_found"]
        if killed:
            return _signal(log.name, killed[-1])
    if run.exit_code in KILLED:
        return Failed(math.inf, replace(_exit_cause(told), first=True), "exit", end=True)
    missing = [(log, m) for log in told.logs for m in log.messages if m.kind == "not_found"]
    if missing and missing[-1][1].line > missing[-1][0].lines - EPILOGUE:
        log, message = missing[-1]
        cited = Cited.of(log.name, message.line, message.text)
        says = f"a command does not exist: {message.text.strip()}"
        cause = Cause("shell_error", says, (cited,), first=True)
        return Failed(math.inf, cause, message.text, end=True)
    return None


def _last_crash(log: Log) -> Crash | None:
    """The exception a log ends with; of several processes that fail together, not one that only follows."""
    near = [c for c in log.crashes if c.end_line > log.lines - TRAILING and c.uncaught]
    if not near or near[-1].kind == "interrupt":
        return None
    last = near[-1]
    if last.kind != "wrapper" and not last.prefix:
        return last if last.end_line > log.lines - EPILOGUE - 1 else None
    together = [c for c in near if log.after(c.line) == log.after(last.line)]
    first = [c for c in together if c.kind not in SECONDARY]
    return (first or together)[-1 if not last.prefix else 0]


def _signal(name: str, message: Message) -> Failed:
    cited = Cited.of(name, message.line, message.text)
    says = (
        "killed by signal 9: what runs out of memory ends so"
        if message.kind == "killed"
        else "ended by a segmentation fault"
    )
    return Failed(math.inf, Cause("killed", says, (cited,), first=True), message.text, end=True)


def _exit_cause(told: Told) -> Cause:
    line = 0 if told.finished is None else told.finished + 1
    says = f"the agent was killed (exit code {told.run.exit_code}): what runs out of memory ends so"
    return Cause("killed", says, (Cited.of("trace.jsonl", line, f"exit code {told.run.exit_code}"),))


def _in_logs(told: Told, ending: Failed | None) -> Iterator[Failed]:
    cited = ending.cause.evidence if ending else ()
    for log in told.logs:
        for crash in log.crashes:
            where, follows = _cited(log, crash), crash.kind in SECONDARY
            if where in cited or crash.kind == "interrupt":
                continue
            cause = cause_of(crash, where)
            launch = _launch_of(told, log, crash) or _nameless(told, log, crash)
            if launch is not None:
                cause = replace(cause, evidence=(where, *_process(launch)))
                yield Failed(launch.ended, cause, _key(crash), follows=follows)
            elif _unseen(told, crash):
                after = told.received.get(log.after(crash.line), 0.0)
                yield Failed(after + SLACK / 10, cause, _key(crash), follows=follows)


def _unseen(told: Told, crash: Crash) -> bool:
    """An uncaught exception of a script that no sample of the processes saw: it soon ended."""
    if not (crash.uncaught and crash.script and told.root):
        return False
    return not any(launch.runs(crash.script.file) for launch in told.launches)


def _nameless(told: Told, log: Log, crash: Crash) -> Launch | None:
    """The only process without a command line that an exception can have ended, before its script ran on.

    A script that fails at once is often seen in its last moment alone. All launches of the script that were
    seen by name must have begun later.
    """
    if not (crash.uncaught and crash.script):
        return None
    low, high = _window(told, log, crash)
    seen = [launch for launch in told.launches if launch.runs(crash.script.file) and launch.ended >= low]
    fit = [one for one in told.nameless if low <= one.ended <= high and one.exit_code != 0]
    fit = [one for one in fit if all(launch.started >= one.ended - SLACK for launch in seen)]
    return fit[0] if seen and len(fit) == 1 else None


def _window(told: Told, log: Log, crash: Crash) -> tuple[float, float]:
    """Seconds between the submissions that a log tells of above and below an exception."""
    above, below = log.after(crash.line), log.before(crash.line)
    low = told.received.get(above, -math.inf)
    return low, math.inf if below is None else told.received.get(below, math.inf)


def _launch_of(told: Told, log: Log, crash: Crash) -> Launch | None:
    """The launch that an exception ended: of those of its script the one that fits, or by their order."""
    if crash.script is None:
        return None
    same = [launch for launch in told.launches if launch.runs(crash.script.file)]
    low, high = _window(told, log, crash)
    fit = [launch for launch in same if launch.ended >= low and launch.started <= high]
    fit = [launch for launch in fit if _ended_by(told, log, crash, launch)]
    if len(fit) == 1:
        return fit[0]
    alike = [c for c in log.crashes if c.script and c.script.file == crash.script.file and c.uncaught]
    return fit[alike.index(crash)] if len(alike) == len(fit) and crash in alike else None


def _ended_by(told: Told, log: Log, crash: Crash, launch: Launch) -> bool:
    """Whether the launch ended by this exception and did not go on after it."""
    if not crash.uncaught or launch.exit_code == 0 or math.isinf(launch.ended):
        return False
    if launch.exit_code is not None and launch.exit_code not in INTERRUPTED:
        return True
    last = crash.end_line >= log.lines or log.last is None or log.last[0] <= crash.end_line
    later = any(other.started >= launch.ended - SLACK for other in told.launches if other is not launch)
    # a program that submits after it has printed the exception lived on
    above = log.after(crash.line)
    lived = any(n > above and launch.started <= at <= launch.ended for n, at in told.received.items())
    with_it = told.run.status == "agent_failed" and launch.ended >= told.end - WITH_IT_S
    return (last or later or with_it) and not lived


def _in_steps(told: Told) -> Iterator[Failed]:
    known: set[str] = set()
    for seen in told.step_crashes:
        key = _key(seen.crash)
        again = key in known and not seen.error  # an old log that is read once more
        known.add(key)
        if seen.ended and not again and seen.crash.kind != "interrupt":
            cited = Cited.of("trace.jsonl", seen.seq + 1, seen.crash.text)
            yield Failed(seen.at, cause_of(seen.crash, cited), key)


def _by_exit_code(told: Told) -> Iterator[Failed]:
    """Launches that are known to have ended with an error, whatever they printed."""
    for launch in told.launches:
        code = launch.exit_code
        stopped = told.run.status == "timed_out" and launch.ended >= told.end - STOPPING_S
        if code in (None, 0, *INTERRUPTED) or math.isinf(launch.ended) or stopped:
            continue
        memory = ": what runs out of memory ends so" if code in KILLED else ""
        says = f"exit code {code}{memory}: {launch.typed}"
        rule = "killed" if code in KILLED else "exit_code"
        yield Failed(launch.ended, Cause(rule, says, _process(launch)), f"{code} {launch.typed}")


def _explained(told: Told, failed: Failed, found: Sequence[Failed], ending: Failed | None) -> bool:
    """Whether something else explains the exit code: of this launch, or of one that it waited for."""
    near = any(abs(other.at - failed.at) <= SLACK for other in found)
    later = any(launch.started >= failed.at - SLACK for launch in told.launches)
    return near or (ending is not None and not later)


def _process(launch: Launch) -> tuple[Cited, ...]:
    code = "unknown" if launch.exit_code is None else str(launch.exit_code)
    return (Cited.of("trace.jsonl", launch.seq + 1, f"{launch.typed} (exit code {code})"),)


def _cited(log: Log, crash: Crash) -> Cited:
    return Cited.of(log.name, crash.line, crash.text, crash.end_line)


def _key(crash: Crash) -> str:
    place = crash.where
    return f"{crash.exception} {place.file.rpartition('/')[2]}:{place.line}" if place else crash.text
