"""Families of metrics, and whose lines they are."""

from __future__ import annotations

import pytest

from posttrace.analysis.routes.history import Logged, Process
from posttrace.analysis.routes.logs import agrees, families, family, owners


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (("loss", "lr"), "likelihood"),
        (("train/loss",), "likelihood"),
        (("reward", "loss", "kl"), "reward"),
        (("rewards/margins", "loss"), "preference"),
        (("logps/chosen",), "preference"),
        (("lossless", "rewarding"), None),
        (("accuracy", "step"), None),
    ],
)
def test_family_of_a_line(keys: tuple[str, ...], expected: str | None) -> None:
    assert family(keys) == expected


def lines(source: str, *times: float, first: int = 1) -> list[Logged]:
    """A line of losses at each time, steps counted from ``first``."""
    return [Logged(t_s, source, step, frozenset({"loss"})) for step, t_s in enumerate(times, first)]


def process(started_s: float, ended_s: float) -> Process:
    return Process(1, None, ("python",), "", started_s, ended_s)


def test_one_line_is_no_training() -> None:
    assert families(lines("a", 1.0)) == {}
    assert families(lines("a", 1.0) + lines("b", 2.0)) == {}
    assert families(lines("a", 1.0, 2.0)) == {"likelihood": "a"}


def test_lines_are_of_the_only_command_in_whose_time_they_were_read() -> None:
    first, second = process(10, 20), process(30, 40)
    early, late = lines("a", 10.5, 21.5), lines("b", 31.0, 39.0)
    assert owners([*early, *late], [first, second], lag_s=2.0) == {first: early, second: late}


def test_lines_that_two_commands_can_have_written_are_nobodys() -> None:
    """At 21 s a line of the first may be read late, or one of the second at once."""
    assert owners(lines("a", 21.0), [process(10, 20), process(20.5, 40)], lag_s=2.0) == {}


def test_a_file_that_begins_anew_is_of_the_next_command() -> None:
    first, second = process(10, 20), process(20.5, 40)
    log = [*lines("a", 12.0, 14.0), *lines("a", 21.0, 21.5)]
    assert owners(log, [first, second], lag_s=2.0) == {first: log[:2], second: log[2:]}


def test_a_file_that_runs_through_two_commands_is_nobodys() -> None:
    assert owners(lines("stdout", 12.0, 35.0), [process(10, 20), process(30, 40)], lag_s=2.0) == {}


def test_own_samples_may_log_rewards() -> None:
    assert agrees("rft", ["reward"])
    assert agrees("rft", ["likelihood"])
    assert not agrees("sft", ["reward"])
    assert not agrees("grpo", ["likelihood"])
    assert not agrees("unknown", ["likelihood", "reward", "preference"])
