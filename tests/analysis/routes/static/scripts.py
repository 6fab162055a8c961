"""Training scripts as agents write them, in ``scripts/``, and how to read one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from posttrace.analysis.routes.static import Command, Reading, read_command

SCRIPTS = Path(__file__).parent / "scripts"
ENV = {
    "WORKSPACE": "/ws",
    "MODEL_PATH": "/ws/models/base",
    "DATA_PATH": "/ws/data",
    "OUTPUT_DIR": "/ws/output",
    "TASK": "spell",
}


def script(name: str) -> bytes:
    """Source of a script; the suffix keeps linters away from other people's style."""
    return (SCRIPTS / f"{name}.py.txt").read_bytes()


def read(
    files: Mapping[str, bytes | str], *argv: str, cwd: str = "", env: Mapping[str, str] = ENV
) -> Reading:
    """Reading of a command in a workspace of these files."""
    content = {path: text.encode() if isinstance(text, str) else text for path, text in files.items()}
    return read_command(content, Command(argv, cwd, env))


def label(reading: Reading) -> str:
    """Objectives in order, without those of scorers."""
    return ">".join(stage.objective for stage in reading.stages if stage.objective != "reward_model")
