"""Numbers and names that no run could work with are one line before anything runs."""

from __future__ import annotations

import os
import re

import pytest

from posttrace.runner.claim import ALIVE_S
from posttrace.runner.compose import groups, resolve
from posttrace.runner.preflight import RANGES, check_words
from posttrace.traces.errors import ConfigError


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("seed=-1", "seed=-1: give a number from 0 to 4294967295"),
        (f"seed={2**32}", "seed=4294967296: give a number from 0 to 4294967295"),
        ("retry.max=-1", "retry.max=-1: give 0 or more"),
        (
            "retry.statuses=[agent_faild]",
            "retry.statuses: agent_faild is no status; choose from completed, agent",
        ),
        ("budget.submissions=-2", "budget.submissions=-2: give a number above 0, or null for no limit"),
        ("budget.tokens=0", "budget.tokens=0: give a number above 0, or null for no limit"),
        ("budget.usd=inf", "budget.usd=inf: give a number above 0, or null for no limit"),
        ("sandbox.file_bytes=-1", "sandbox.file_bytes=-1: give a number above 0, or null for no limit"),
        ("sandbox.memory_bytes=8", "sandbox.memory_bytes=8: give 16777216 or more"),  # gigabytes were meant
        ("sandbox.open_files=3", "sandbox.open_files=3: give 16 or more"),
        ("sandbox.processes=0", "sandbox.processes=0: give a number above 0, or null for no limit"),
        ("grading.memory_bytes=-1", "grading.memory_bytes=-1: give 16777216 or more"),
        (
            "grading.evaluation_timeout_s=inf",
            "grading.evaluation_timeout_s must be above 0 and at most 1000000",
        ),
        ("recorder.process_interval_s=0", "recorder.process_interval_s=0.0: give a number from 0.01 to 3600"),
        ("recorder.watch_interval_s=nan", "recorder.watch_interval_s=nan: give a number from 0.01 to 3600"),
        (
            "recorder.resource_interval_s=60",
            "recorder.resource_interval_s=60.0: give a number from 0.01 to 30",
        ),
        ("agent.id=", "agent.id is empty; give a name"),
        ("mode.id=' '", "mode.id is empty; give a name"),
        ("base_model.id=../../elsewhere", "base_model.id=../../elsewhere: give a name, without .."),
        ("base_model.id=/elsewhere", "base_model.id=/elsewhere: give a name, without .."),
        ("out=", "out is empty; name a folder"),
        ("sandbox._target_=nowhere.Nothing", "sandbox._target_=nowhere.Nothing: No module named 'nowhere'"),
        ("server.host=", "server.host is empty; 127.0.0.1"),
    ],
)
def test_what_no_run_could_work_with(word, says):
    with pytest.raises(ConfigError, match=f"^{re.escape(says)}"):
        check_words(groups(resolve([word])))


@pytest.mark.parametrize(
    ("program", "mode", "is_there"),
    [
        ("code/start.sh", 0o755, True),
        ("./code/tools/start.sh", 0o755, True),
        ("code/start.sh", 0o644, False),
        ("code/tools/other.sh", 0o755, False),
        ("start.sh", 0o755, True),  # of this machine's PATH
        ("bin/start.sh", 0o755, False),
        ("data/of_the_task", 0o755, True),  # not known before the task has prepared it
    ],
)
def test_a_program_of_the_workspace_is_brought_by_agent_code(tmp_path, monkeypatch, program, mode, is_there):
    for folder in (tmp_path, tmp_path / "more" / "tools"):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "start.sh").write_text("#!/bin/sh\n")
        (folder / "start.sh").chmod(mode)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    code = f"agent.code=[{tmp_path / 'start.sh'},{tmp_path / 'more'}]"
    config = groups(resolve(["agent=command", f"agent.command=[{program}]", code]))
    if is_there:
        check_words(config)
        return
    with pytest.raises(ConfigError, match=f"^agent.command: {program} will be no program in the workspace"):
        check_words(config)


@pytest.mark.parametrize(
    "word",
    [
        "seed=4294967295",
        "retry.max=0",
        "sandbox.open_files=null",
        "grading.memory_bytes=16777216",
        "retry.statuses=[agent_failed]",
        "budget.wall_s=null",
        "budget.usd=0.5",
        "recorder.resource_interval_s=30",
        "base_model.id=org/model",
        "grading.evaluation_timeout_s=1e6",
    ],
)
def test_the_ends_of_what_is_allowed(word):
    check_words(groups(resolve([word])))


def test_a_living_run_is_seen_twice_before_it_is_taken_for_dead():
    """Resource samples are the heartbeat of a run on another machine."""
    assert 2 * RANGES["recorder.resource_interval_s"][1] <= ALIVE_S
