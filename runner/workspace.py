"""The agent's side of a run: folders, base model, data, code, and what the agent is told."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import msgspec

from posttrace.traces.errors import ConfigError

FOLDERS = ("code", "output", "models", "data")
BYTECODE = shutil.ignore_patterns("__pycache__")


def locate(source: str) -> Path:
    """A path, or ``pkg://package/path`` for data shipped in a package.

    Raises ``ConfigError`` when nothing is there.
    """
    if source.startswith("pkg://"):
        package, _, inner = source.removeprefix("pkg://").partition("/")
        try:
            with as_file(files(package) / inner) as path:  # packages are installed unzipped: a real path
                found = Path(path)
        except ModuleNotFoundError as error:
            raise ConfigError(f"{source}: no package {package} is installed here") from error
    else:
        found = Path(source).expanduser()
    if not found.exists():
        raise ConfigError(f"{source}: no such file or folder; check agent.code, agent.program and base_model")
    return found


def build(workspace: Path, *, base: Path, base_id: str, code: list[str]) -> Path:
    """Make the folders, copy the base model and the agent's code; return the base's copy."""
    for name in FOLDERS:
        (workspace / name).mkdir(parents=True)
    model = workspace / "models" / base_id
    shutil.copytree(base, model)
    for source in code:
        path = locate(source)
        if path.is_dir():
            shutil.copytree(path, workspace / "code", dirs_exist_ok=True, ignore=BYTECODE)
        else:
            shutil.copy2(path, workspace / "code" / path.name)
    return model


def instruct(workspace: Path, *parts: str | None) -> None:
    """Write ``instructions.md``: how to work here, and what the mode and the agent option say."""
    how = (files(__package__) / "instructions.md").read_text()
    (workspace / "instructions.md").write_text("\n".join([how, *(f"{part}\n" for part in parts if part)]))


def environment(workspace: Path, *, task: str, base_id: str, url: str) -> dict[str, str]:
    """The variables every agent gets, by autorl_bench's names."""
    return {
        "TASK": task,
        "BASE_MODEL": base_id,
        "MODEL_PATH": str(workspace / "models" / base_id),
        "DATA_PATH": str(workspace / "data"),
        "OUTPUT_DIR": str(workspace / "output"),
        "WORKSPACE": str(workspace),
        "GRADING_SERVER_URL": url,
    }


def passed_through(names: list[str], key: str = "agent.env_passthrough") -> dict[str, str]:
    """Host variables by name. Raises ``ConfigError`` for one that is not set; ``key`` is who named it."""
    missing = [name for name in names if name not in os.environ]
    if missing:
        raise ConfigError(f"{key} names {', '.join(missing)}, not set here; export it or drop it")
    return {name: os.environ[name] for name in names}


def write_meta(workspace: Path, meta: Mapping[str, Any]) -> None:
    """Mirror the times into ``run_meta.json`` for the agent; never read back.

    Replaced atomically, so the agent never reads half a file. The agent owns the folder: if it made the
    write impossible, that is its loss alone.
    """
    temporary = workspace / ".run_meta.json.tmp"
    try:
        temporary.write_bytes(msgspec.json.encode(dict(meta)))
        temporary.replace(workspace / "run_meta.json")
    except OSError:
        return


def placeholders(config: Mapping[str, Any], workspace: Path | str) -> dict[str, Any]:
    """What ``fill`` replaces, but ``{python}``. Raises ``ConfigError`` for an ``agent.program`` not there."""
    program = config["agent"]["program"]
    return {
        "seed": config["seed"],
        "steps": config["budget"]["steps"],
        "workspace": workspace,
        "program": None if program is None else locate(program).resolve(),
    }


def fill(word: str, values: Mapping[str, Any]) -> str:
    """Replace ``{python}`` and the names of ``values`` in one word of a command.

    Other braces stay as they are, so commands may carry JSON or shell code.
    Raises ``ConfigError`` for a placeholder whose value is not set.
    """
    for name, value in {"python": sys.executable, **values}.items():
        if f"{{{name}}}" in word:
            if value is None:
                key = "agent.program" if name == "program" else f"budget.{name}"
                raise ConfigError(f"agent.command uses {{{name}}}, which is not set; set {key}")
            word = word.replace(f"{{{name}}}", str(value))
    return word
