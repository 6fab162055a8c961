"""Long work is told on stderr, in place on a terminal, as lines in a pipe; stdout holds results alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from posttrace.cli.progress import Tell, load, telling
from posttrace.reports.pack.material import Material
from posttrace.reports.terminal.screen import REFRESH_S

GOLDEN = next(Path(__file__).parent.joinpath("golden").glob("*/trace.jsonl"))
LONG_S = 1.5 * REFRESH_S
SCRIPT = f"""
import time
import click
from posttrace.cli.progress import telling

def work(tell):
    tell("reading")
    time.sleep({LONG_S})
    return "found"

click.echo(telling("audit", work))
"""


def long(tell: Tell) -> str:
    """Work that is looked at once while it goes on."""
    tell("reading")
    time.sleep(LONG_S)
    tell("judging")
    return "found"


def test_long_work_is_told_in_a_pipe(capfd: pytest.CaptureFixture[str]) -> None:
    assert telling("audit", long) == "found"
    assert capfd.readouterr() == ("", "audit: reading\n")  # "judging" ended at once


def test_of_work_that_ends_or_fails_at_once_nothing_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    def refused(tell: Tell) -> None:
        tell("reading")
        raise KeyError("no such run")

    telling("audit", lambda tell: tell("reading"))
    with pytest.raises(KeyError):
        telling("audit", refused)
    assert capfd.readouterr() == ("", "")


def test_a_terminal_shows_the_seconds_and_stdout_the_result() -> None:
    ours, theirs = os.openpty()
    environment = {**os.environ, "TERM": "xterm"}
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE, stderr=theirs, text=True, env=environment
    ) as process:
        os.close(theirs)
        assert process.communicate(timeout=60)[0] == "found\n"
    shown = os.read(ours, 100_000).decode()
    os.close(ours)
    assert "reading, 1 s" in shown
    assert shown.endswith("\x1b[2K")  # the line is wiped out at the end


def test_reading_is_counted() -> None:
    heard: list[str] = []
    load([str(GOLDEN)], heard.append)
    assert heard == ["reading traces (1 of 1)"]


def test_each_part_of_a_pack_is_told_once() -> None:
    heard: list[str] = []
    material = Material.read([GOLDEN], tell=heard.append)
    for _ in range(2):
        assert material.study.runs is not None
        assert material.routing.failure is None
        assert material.failures.runs is not None
    assert heard == [
        "reading traces (1 of 1)",
        "judging gains of 1 run",
        "comparing 1 run",
        "deriving routes of 1 run",
        "explaining failures of 1 run",
    ]


@pytest.mark.parametrize("words", [["audit", "--json"], ["routes", "--json"], ["failures", "--json"]])
def test_json_is_clean_on_a_terminal(words: list[str]) -> None:
    ours, theirs = os.openpty()
    command = [sys.executable, "-m", "posttrace", *words, str(GOLDEN)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=theirs, check=True, timeout=240)
    os.close(theirs)
    os.close(ours)
    assert json.loads(done.stdout)["schema"] == f"posttrace-{words[0]}/1"
