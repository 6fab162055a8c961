from __future__ import annotations

import base64
import os
import sys
from typing import Any

import psutil
import pytest

from posttrace.runner.recorder.processes import Processes
from posttrace.traces import Clock
from tests.support import wait_for


class Watched:
    """An agent, what was written of it, and which command lines were announced."""

    def __init__(self, running, clock=None) -> None:
        self.running = running
        self.events: list[Any] = []
        self.launched: list[Any] = []
        self.clock = clock or Clock()
        self.observer = Processes(
            running,
            write=self.events.append,
            clock=self.clock,
            interval_s=0.5,
            launched=lambda argv, cwd: self.launched.append((list(argv), cwd)),
        )

    def sample_until(self, condition) -> None:
        def done():
            self.observer.sample()
            return condition()

        wait_for(done)

    def commands(self) -> list[str]:
        return [" ".join(argv) for argv, _ in self.launched]


def pipe(run_dir, name="go"):
    """A FIFO on which a process waits until the test opens it for writing."""
    path = run_dir.workspace / name
    os.mkfifo(path)
    return path


def let_go(path) -> None:
    path.write_text("\n")


def test_a_process_that_runs_at_the_end_has_no_end(agents, run_dir):
    watched = Watched(agents.python("import time; time.sleep(600)", "a word", ""))
    watched.sample_until(lambda: watched.launched)
    assert watched.events == []
    watched.observer.stop()
    [event] = watched.events
    assert event.argv == [sys.executable, "-c", "import time; time.sleep(600)", "a word", ""]
    assert (event.argv_b64, event.pid, event.cwd) == (None, watched.running.pid, str(run_dir.workspace))
    assert (event.ended_s, event.exit_code, event.interval_s) == (None, None, 0.5)
    assert watched.launched == [(event.argv, event.cwd)]


def test_arguments_that_are_not_utf8_come_back_exactly(agents):
    words = [b"\xff\xfe.py", "gr\u00fcn".encode()]
    watched = Watched(agents.python("import time; time.sleep(600)", *map(os.fsdecode, words)))
    watched.sample_until(lambda: watched.launched)
    watched.observer.stop()
    [event] = watched.events
    assert event.argv[3:] == ["\\xff\\xfe.py", "gr\u00fcn"]
    assert [base64.b64decode(word) for word in event.argv_b64[3:]] == words


def test_the_end_and_the_exit_code_are_seen(agents, run_dir):
    go = pipe(run_dir)
    watched = Watched(agents.command("sh", "-c", "read line < go; exit 3"))
    watched.sample_until(lambda: watched.launched)
    before = watched.clock.t_s()
    let_go(go)
    assert watched.running.wait(60) == 3
    watched.sample_until(lambda: watched.events)
    [event] = watched.events
    assert event.exit_code == 3
    assert event.started_s <= before <= event.ended_s <= watched.clock.t_s()
    watched.observer.stop()
    assert watched.events == [event]


def test_a_child_is_seen_below_its_parent_and_its_exit_code_is_unknown(agents, run_dir):
    go = pipe(run_dir)
    watched = Watched(agents.command("sh", "-c", "sh -c 'read a < go; exit 5' child; read b < never"))
    pipe(run_dir, "never")
    watched.sample_until(lambda: any(argv[-1] == "child" for argv, _ in watched.launched))
    let_go(go)
    watched.sample_until(lambda: watched.events)
    [event] = watched.events
    assert (event.argv[-1], event.ppid) == ("child", watched.running.pid)
    # only a parent is told the exit code of its child
    assert event.ended_s is not None
    assert event.exit_code is None


def test_a_process_that_becomes_another_program_is_two_commands(agents, run_dir):
    go = pipe(run_dir)
    watched = Watched(agents.command("sh", "-c", "read line < go; exec sleep 600"))
    watched.sample_until(lambda: watched.launched)
    let_go(go)
    watched.sample_until(lambda: "sleep 600" in watched.commands())
    watched.observer.stop()
    shell, sleep = watched.events
    assert (shell.argv[0], sleep.argv) == ("sh", ["sleep", "600"])
    assert shell.pid == sleep.pid == watched.running.pid
    # one program's end is the next one's start, and a process that goes on has no exit code
    assert shell.ended_s == sleep.started_s
    assert (shell.exit_code, sleep.ended_s) == (None, None)


def test_a_child_between_fork_and_exec_is_not_another_run_of_its_parent(agents, run_dir):
    go = pipe(run_dir)
    code = """
        import os, time
        if os.fork() == 0:
            open("go").read()
            os.execvp("sleep", ["sleep", "600"])
        time.sleep(600)
        """
    watched = Watched(agents.python(code))
    watched.sample_until(lambda: len(watched.launched) == 2)  # the child has its parent's command line yet
    let_go(go)
    watched.sample_until(lambda: "sleep 600" in watched.commands())
    watched.observer.stop()
    assert sorted(event.argv[0] for event in watched.events) == sorted([sys.executable, "sleep"])


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only here a program sets its title so")
def test_a_program_that_keeps_changing_its_title_does_not_fill_the_trace(agents, run_dir):
    # each round is a new command line: the script starts itself with the next number
    script = run_dir.workspace / "again.sh"
    script.write_text('[ "$1" = 9 ] && exec sleep 600\nread line < go$1\nexec sh again.sh $(($1 + 1))\n')
    pipes = [pipe(run_dir, f"go{number}") for number in range(9)]
    watched = Watched(agents.command("sh", "again.sh", "0"))
    process = psutil.Process(watched.running.pid)
    for number, go in enumerate(pipes):
        wait_for(lambda number=number: process.cmdline() == ["sh", "again.sh", str(number)])
        watched.observer.sample()
        let_go(go)
    wait_for(lambda: process.cmdline() == ["sleep", "600"])
    watched.observer.stop()
    numbers = [event.argv[-1] for event in watched.events]
    assert numbers == ["0", "1", "2", "3", "4"]  # five commands of one process


def test_a_command_line_is_bounded_and_says_so(agents, run_dir):
    pipe(run_dir)
    words = ["x" * 1023] * 300  # 300 KiB with the zero bytes between them
    watched = Watched(agents.command("sh", "-c", "read line < go", *words))
    watched.sample_until(lambda: watched.launched)
    watched.observer.stop()
    [event] = watched.events
    # 256 KiB are 256 such words; "sh", "-c" and the script take the room of one
    assert event.argv[3:] == words[:255]
    assert event.extra == {"argv_omitted": 45}


def test_start_is_measured_on_the_clock_of_the_run(agents):
    clock = Clock()
    watched = Watched(agents.python("import time; time.sleep(600)"), clock)
    latest = clock.t_s()
    watched.sample_until(lambda: watched.launched)
    watched.observer.stop()
    # started after the clock and before it was read; kernels count process starts in 1/100 s
    assert -0.02 <= watched.events[0].started_s <= latest + 0.02
