"""Commands in the steps of an agent: what it told a shell to run, and what came back.

Processes are sampled, so a short ``cp`` or merge is not seen to run; an imported trace may have no processes
at all. The text that an agent gave to its shell says what was run, not that it worked.
"""

from __future__ import annotations

import json
import posixpath
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from posttrace.analysis.routes.record.history import Process, relative
from posttrace.traces.events import AgentStep
from posttrace.traces.events.agent import ToolCall, ToolResult

_SHELL: Final = re.compile(
    r"(^|[_.-])(ba|z)?sh($|[_.-])|shell|terminal|command|cmd|exec|^run$", re.IGNORECASE
)
_PYTHON: Final = re.compile(r"python|jupyter|notebook", re.IGNORECASE)
_TEXTS: Final = ("command", "cmd", "script", "commands", "input")
_FOLDERS: Final = ("workdir", "cwd", "working_directory")
_KEEPS_FOLDER: Final = frozenset({"bash", "execute_bash", "terminal", "run"})
"""Tools whose shell lives on between calls, so that a ``cd`` holds."""
_LEFT_RUNNING: Final = re.compile(r"(^|[\s;&(])(nohup|setsid|disown|tmux|screen)\s|[^&>]&\s*(\n|$|\))")
_EXIT: Final = re.compile(r"exit(?:ed)?(?: with)?(?: code| status)[:= ]+(-?\d+)", re.IGNORECASE)
_TRACEBACK: Final = "Traceback (most recent call last)"
HEREDOC: Final = re.compile(
    r"(?:cat|tee)\b(?P<before>[^\n<]*)<<-?\s*(['\"]?)(?P<end>\w+)\2(?P<after>[^\n]*)\n"
    r"(?P<body>.*?)^\s*(?P=end)\s*$",
    re.DOTALL | re.MULTILINE,
)
"""A file that a command line holds: the text of it is no command."""
_FOLDER: Final = re.compile(r"(?:^|[;&\n]\s*)cd\s+(\S+)")


def typed(steps: Sequence[tuple[float, AgentStep]], root: str | None, lag_s: float) -> tuple[Process, ...]:
    """One process for each call of a shell, by start; ``lag_s``: how late a step may be recorded.

    Its end is the step that has its result; infinity where it was left to run or none came.
    """
    answers = _answers(steps)
    found, here = [], ""
    for number, (t_s, step) in enumerate(steps):
        for call in step.tool_calls:
            given = arguments(call)
            argv = argv_of(call, given)
            if argv is None:
                continue
            named = next((given[key] for key in _FOLDERS if isinstance(given.get(key), str)), None)
            cwd = relative(named, root) if named else here
            end_s, result = _answer(call, number, steps, answers)
            text = HEREDOC.sub("", argv[-1])
            if not text.strip():
                continue
            running = bool(_LEFT_RUNNING.search(text)) or given.get("run_in_background") is True
            found.append(
                Process(
                    pid=0,
                    ppid=None,
                    argv=(*argv[:-1], text),
                    cwd=cwd,
                    started_s=max(0.0, t_s - lag_s),
                    ended_s=float("inf") if running else end_s,
                    exit_code=None if running else _exit_code(result),
                    typed_s=t_s,
                )
            )
            if call.name.lower() in _KEEPS_FOLDER and argv[0] == "bash":
                here = _moved(here, text, root)
    return tuple(found)


def arguments(call: ToolCall) -> Mapping[str, Any]:
    """Arguments by name; text that is no JSON object stands under ``command``."""
    given = call.arguments
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except (ValueError, RecursionError):
            return {"command": call.arguments}
    return given if isinstance(given, Mapping) else {"command": given}


def argv_of(call: ToolCall, given: Mapping[str, Any]) -> tuple[str, ...] | None:
    """The command of a call as a process would be launched; null when it runs none."""
    if _PYTHON.search(call.name) and isinstance(given.get("code"), str):
        return ("python", "-c", given["code"])
    if not _SHELL.search(call.name):
        return None
    text = next((given[key] for key in _TEXTS if given.get(key)), None)
    if isinstance(text, str):
        return ("bash", "-c", text)
    if not isinstance(text, list) or not all(isinstance(word, str) for word in text):
        return None
    if len(text) == 3 and posixpath.basename(text[0]) in ("bash", "sh", "zsh") and text[1].startswith("-"):
        return ("bash", "-c", text[2])
    return ("bash", "-c", shlex.join(text))


def failures(steps: Iterable[tuple[float, AgentStep]]) -> frozenset[str]:
    """Ids of the calls that came back with an error."""
    return frozenset(
        result.id for _, step in steps for result in step.results if result.id is not None and result.is_error
    )


def covered(command: Process, observed: Iterable[Process], slack_s: float) -> bool:
    """Whether one of the processes that were seen is this command, or a part of it."""
    text = command.argv[-1]
    for process in observed:
        starts = command.started_s - slack_s <= process.started_s <= command.ended_s + slack_s
        if starts and (process.argv == command.argv or any(name in text for name in _programs(process))):
            return True
    return False


def _programs(process: Process) -> list[str]:
    """Names of the scripts and modules of a command line."""
    words = process.argv
    modules = [after for word, after in pairwise(words) if word == "-m"]
    return [posixpath.basename(word) for word in words if word.endswith((".py", ".sh"))] + modules


def _answers(steps: Iterable[tuple[float, AgentStep]]) -> Mapping[str, tuple[float, ToolResult]]:
    found: dict[str, tuple[float, ToolResult]] = {}
    for t_s, step in steps:
        for result in step.results:
            if result.id is not None:
                found.setdefault(result.id, (t_s, result))
    return found


def _answer(
    call: ToolCall,
    number: int,
    steps: Sequence[tuple[float, AgentStep]],
    answers: Mapping[str, tuple[float, ToolResult]],
) -> tuple[float, ToolResult | None]:
    """When a call had come back, and with what; without an answer, when the next step was recorded."""
    if call.id is not None and call.id in answers:
        return answers[call.id]
    own = steps[number][1]
    alone = own.results[0] if len(own.results) == len(own.tool_calls) == 1 else None
    following = steps[number + 1][0] if number + 1 < len(steps) else float("inf")
    return following, alone


def _exit_code(result: ToolResult | None) -> int | None:
    """Exit code as the tool told it; a traceback at the end counts as 1, silence as unknown."""
    if result is None:
        return None
    text = result.content or ""
    told = _EXIT.findall(text[:200] + "\n" + text[-500:])
    if told:
        return int(told[-1])
    if result.is_error or _TRACEBACK in text[-4000:]:
        return 1
    return None if result.is_error is None else 0


def _moved(here: str, text: str, root: str | None) -> str:
    for folder in _FOLDER.findall(text):
        here = relative(posixpath.join(here, folder.strip("'\"")), root)
    return here
