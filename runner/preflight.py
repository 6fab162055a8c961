"""Everything that can be known to be wrong before a run starts, so that nothing is recorded for it."""

from __future__ import annotations

import math
import shutil
import socket
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Final, get_args

from posttrace.runner import workspace
from posttrace.runner.base_model import BaseModel
from posttrace.runner.compose import class_of
from posttrace.runner.grading import GradingSettings
from posttrace.traces.errors import ConfigError
from posttrace.traces.events import RunStatus

RANGES: Final[dict[str, tuple[float, float]]] = {
    "seed": (0, 2**32 - 1),  # what every random generator takes
    "retry.max": (0, math.inf),
    "sandbox.open_files": (16, math.inf),  # a shell does not start with fewer
    "sandbox.memory_bytes": (1 << 24, math.inf),  # nor with less; meant to find a number of gigabytes
    "grading.memory_bytes": (1 << 24, math.inf),
    "recorder.process_interval_s": (0.01, 3600),
    "recorder.watch_interval_s": (0.01, 3600),
    "recorder.resource_interval_s": (0.01, 30),  # a trace that rests for ``ALIVE_S`` has no writer any more
}
"""Key -> least and most; null is no limit."""


def check(config: Mapping[str, Any]) -> None:
    """Raise ``ConfigError`` for the first thing this configuration needs and this machine lacks."""
    check_words(config)
    _check_port(config["server"]["host"], config["server"]["port"])
    _check_writable(Path(config["out"]))


def check_words(config: Mapping[str, Any]) -> None:
    """The part of ``check`` that changes nothing here, for a dry run."""
    _check_numbers(config)
    _check_names(config)
    _check_grading(config["grading"], config["server"])
    _check_command(config)
    class_of("sandbox", config["sandbox"]["_target_"])
    for source in config["agent"]["code"]:
        workspace.locate(source)
    BaseModel.of(config["base_model"], config["seed"]).check()


def _check_numbers(config: Mapping[str, Any]) -> None:
    for key, (least, most) in RANGES.items():
        group, _, name = key.rpartition(".")
        value = (config[group] if group else config)[name]
        if value is not None and not least <= value <= most:
            allowed = f"{least} or more" if most == math.inf else f"a number from {least} to {most}"
            raise ConfigError(f"{key}={value}: give {allowed}")
    for group in ("budget", "sandbox"):
        for name, limit in config[group].items():
            if isinstance(limit, int | float) and not 0 < limit < math.inf:
                raise ConfigError(f"{group}.{name}={limit}: give a number above 0, or null for no limit")


def _check_names(config: Mapping[str, Any]) -> None:
    for group in ("agent", "base_model", "driver", "mode"):
        if not config[group]["id"].strip():
            raise ConfigError(f"{group}.id is empty; give a name")
    if not config["out"]:
        raise ConfigError("out is empty; name a folder")
    base = PurePosixPath(config["base_model"]["id"])
    if base.is_absolute() or ".." in base.parts:  # it names a folder of the workspace
        raise ConfigError(f"base_model.id={base}: give a name, without .. and without a / at its start")
    for status in config["retry"]["statuses"]:
        if status not in get_args(RunStatus):
            raise ConfigError(
                f"retry.statuses: {status} is no status; choose from {', '.join(get_args(RunStatus))}"
            )


def _check_grading(grading: Mapping[str, Any], server: Mapping[str, Any]) -> None:
    workspace.passed_through(grading["env_passthrough"], "grading.env_passthrough")
    GradingSettings(**{**grading, **server, "env_passthrough": ()})


def _check_command(config: Mapping[str, Any]) -> None:
    workspace.passed_through(config["agent"]["env_passthrough"])
    values = workspace.placeholders(config, ".")
    words = [workspace.fill(word, values) for word in config["agent"]["command"]]
    if not words or not words[0]:
        raise ConfigError("agent.command is empty; give the program and its arguments")
    program = words[0]
    if "/" in program and not Path(program).is_absolute():  # of the workspace
        if not _will_be_there(PurePosixPath(program), config["agent"]["code"]):
            raise ConfigError(
                f"agent.command: {program} will be no program in the workspace; name an executable file in "
                f"agent.code, or start it by its interpreter, like [bash,{program}]"
            )
    elif shutil.which(program) is None:
        raise ConfigError(f"agent.command: {program} is no program on this machine; check its path")


def _will_be_there(program: PurePosixPath, code: Sequence[str]) -> bool:
    """Whether a program is in the workspace when the run begins, as far as that is known before."""
    top, *rest = program.parts
    if top != "code":
        return top in workspace.FOLDERS
    brought = [workspace.locate(source).absolute() for source in code]
    inside = [path.joinpath(*rest) for path in brought if path.is_dir()]
    alone = [path for path in brought if rest == [path.name] and path.is_file()]
    return any(shutil.which(file) is not None for file in (*inside, *alone))


def _check_port(host: str, port: int) -> None:
    if port == 0:
        return
    try:
        socket.create_server((host, port)).close()
    except OSError as error:
        raise ConfigError(f"server.port={port}: {error.strerror}; use 0 for any free port") from error


def _check_writable(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise ConfigError(f"out={folder}: {error.strerror}; choose a folder you can write to") from error
