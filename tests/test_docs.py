"""The pages of ``docs/`` followed step by step, as a reader would."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[1] / "docs" / "extend.md"
FILE = re.compile(r"^`([\w./]+)`:\n\n```\w+\n(.*?)^```", re.M | re.S)
COMMANDS = re.compile(r"^```bash\n(.*?)^```", re.M | re.S)


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder of a reader who wrote every file and typed every command, and what was printed."""
    folder = tmp_path_factory.mktemp("reader")
    text = PAGE.read_text()
    for name, content in FILE.findall(text):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    [commands] = COMMANDS.findall(text)
    bin_ = str(Path(sys.executable).parent)  # where ``posttrace`` is installed
    done = subprocess.run(
        ["bash", "-e", "-c", commands],
        cwd=folder,
        env={**os.environ, "PATH": f"{bin_}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder, done.stdout


def posttrace(folder: Path, *words: str) -> str:
    command = [sys.executable, "-m", "posttrace", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


def test_the_page_has_the_files_it_speaks_of() -> None:
    names = [name for name, _ in FILE.findall(PAGE.read_text())]
    assert names == ["repeat_task.py", "conf/task/repeat.yaml", "my_agent.py", "conf/agent/mine.yaml"]


def test_the_commands_print_a_plan_and_the_results(followed: tuple[Path, str]) -> None:
    _, said = followed
    assert "What would run" in said
    assert "gain exceeds noise" in said


def test_the_gain_of_the_trained_model_exceeds_noise(followed: tuple[Path, str]) -> None:
    runs = json.loads(posttrace(followed[0], "audit", "outputs", "--json"))["runs"]
    assert {run["agent"]: run["verdict"] for run in runs} == {"mine": "exceeds", "copy": "invalid"}


def test_the_route_is_what_the_page_says(followed: tuple[Path, str]) -> None:
    runs = json.loads(posttrace(followed[0], "routes", "outputs", "--json"))["runs"]
    assert {run["agent"]: run["submitted"]["route"] for run in runs} == {"mine": "sft", "copy": "no_train"}


def test_an_edited_agent_is_another_run_by_its_version_alone(followed: tuple[Path, str]) -> None:
    folder, _ = followed
    script = folder / "my_agent.py"
    script.write_text(script.read_text() + "# edited\n")
    words = ("run", "--dry-run", "--config-dir", "conf", "task=repeat", "base_model=spell", "agent=mine")
    assert "skip" in posttrace(folder, *words)
    assert "not run yet" in posttrace(folder, *words, "agent.version=2")
