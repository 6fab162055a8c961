"""Commands as a reader would name them, and how each ended."""

from __future__ import annotations

import pytest

from posttrace.analysis.routes.record.models import Version
from posttrace.reports.one_run.commands import Command, commands, script_of
from posttrace.traces.events import ProcessObserved

PYTHON = "/usr/bin/python3"


def process(pid: int, argv: list[str], started: float, ended: float | None, **more: int) -> ProcessObserved:
    return ProcessObserved(
        pid=pid, ppid=more.get("ppid", 1), argv=argv, cwd="/work", started_s=started, ended_s=ended,
        exit_code=more.get("exit_code"), interval_s=0.5,
    )  # fmt: skip


def model(after: float, seen: float, *, given: bool = False) -> Version:
    return Version("output/a", "w", after_s=after, seen_s=seen, last_s=seen, given=given)


def endings(*events: ProcessObserved, versions: tuple[Version, ...] = ()) -> list[str]:
    return [command.ending for command in commands(events, versions, "/work")]


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        ([PYTHON, "code/train.py", "--steps", "3"], "train.py"),
        ([PYTHON, "-u", "/work/code/train.py"], "train.py"),
        ([PYTHON, "-m", "trl.scripts.sft", "x.py"], "python3 -m trl.scripts.sft"),
        ([PYTHON, "-c", "print(1)"], "python3 -c"),
        (["bash", "session.sh", "3"], "session.sh"),
        (["/usr/bin/sleep", "1"], "sleep"),
        (["bash"], "bash"),
        ([], "?"),
    ],
)
def test_a_command_is_called_by_its_script(argv: list[str], expected: str) -> None:
    assert script_of(argv) == expected


def test_a_script_that_no_model_came_from_left_none() -> None:
    train = [PYTHON, "code/train.py"]
    tried, trained = process(2, train, 1, 2), process(3, train, 5, 9)
    assert endings(tried, trained, versions=(model(4, 8), model(0, 0, given=True))) == ["no_model", "ended"]


def test_an_exit_code_an_open_end_and_a_session_are_said() -> None:
    session = process(2, ["bash", "session.sh"], 0, 9, exit_code=0)
    failed = process(3, [PYTHON, "a.py"], 1, 2, ppid=2, exit_code=1)
    unseen = process(4, [PYTHON, "b.py"], 3, None, ppid=2)
    waited = process(5, ["sleep", "1"], 4, 5, ppid=2)  # no script: nothing is expected of it
    assert endings(session, failed, unseen, waited) == ["session", "failed", "unfinished", "ended"]


def test_the_fork_of_a_shell_is_no_command() -> None:
    shell = ["bash", "session.sh"]
    events = [process(2, shell, 0, 9), process(3, shell, 0.1, 0.2, ppid=2)]
    assert [command.started_s for command in commands(events, (), None)] == [0]


def test_a_line_is_as_typed_in_the_workspace() -> None:
    (found,) = commands([process(2, [PYTHON, "/work/code/a.py", "--note", "two words"], 1, 2)], (), "/work")
    assert found == Command("a.py", "python3 code/a.py --note 'two words'", 1, 2, None, "no_model")


def test_a_process_without_a_start_is_left_out() -> None:
    event = process(2, ["a"], 1, 2)
    event.started_s = None
    assert commands([event], (), None) == []
