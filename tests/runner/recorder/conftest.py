from __future__ import annotations

import sys
import textwrap

import pytest

from posttrace.runner.layout import RunDir
from posttrace.runner.sandbox.base import Launch
from posttrace.runner.sandbox.local import Local, LocalProcess, agent_environment


class Agents:
    """Launches real processes in one workspace and ends them all."""

    def __init__(self, run: RunDir) -> None:
        self.run = run
        self.started: list[LocalProcess] = []

    def python(self, code: str, *words: str) -> LocalProcess:
        return self.command(sys.executable, "-c", textwrap.dedent(code), *words)

    def command(self, *argv: str) -> LocalProcess:
        running = Local().launch(
            Launch(
                argv=list(argv),
                env=agent_environment({"WORKSPACE": str(self.run.workspace)}),
                cwd=self.run.workspace,
                stdout=self.run.logs / "agent.stdout.log",
                stderr=self.run.logs / "agent.stderr.log",
            )
        )
        self.started.append(running)
        return running


@pytest.fixture
def run_dir(tmp_path):
    run = RunDir(tmp_path / "run")
    for name in ("code", "output", "models", "data"):
        (run.workspace / name).mkdir(parents=True)
    run.logs.mkdir()
    return run


@pytest.fixture
def agents(run_dir):
    made = Agents(run_dir)
    yield made
    for running in made.started:
        running.terminate(0.0)
