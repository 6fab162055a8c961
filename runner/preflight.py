"""Everything that can be known to be wrong before a run starts, so that nothing is recorded for it."""

from __future__ import annotations

import socket
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from posttrace.runner import workspace
from posttrace.runner.artifacts import hash_directory
from posttrace.traces.errors import ConfigError


def check(config: Mapping[str, Any]) -> None:
    """Raise ``ConfigError`` for the first thing this configuration needs and this machine lacks."""
    workspace.passed_through(config["agent"]["env_passthrough"])
    for source in config["agent"]["code"]:
        workspace.locate(source)
    _check_base(config["base_model"])
    _check_port(config["server"]["host"], config["server"]["port"])
    _check_writable(Path(config["out"]))


def _check_base(wanted: Mapping[str, Any]) -> None:
    path = workspace.locate(wanted["path"])
    found, _ = hash_directory(path)
    if wanted["sha256"] not in (None, found.sha256):
        raise ConfigError(
            f"base model {wanted['id']}: {path} has hash {found.sha256[:12]}..., "
            f"not {wanted['sha256'][:12]}...; restore it or change base_model.sha256"
        )


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
